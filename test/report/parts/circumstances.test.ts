import { expect, test } from 'vitest';
import { circumstanceFacts } from '../../../src/report/parts/circumstances.ts';
import { viewOf } from '../../../src/report/view/run.ts';
import { buildRecord } from '../fixture.ts';

test('tells how probe pods were asked to be, as far as anything was asked', () => {
  const options = { confirm: 2, keep: false, failFast: false };
  const factOf = (probe: NonNullable<ReturnType<typeof buildRecord>['run']['options']['probe']>) =>
    circumstanceFacts(viewOf(buildRecord([], { options: { ...options, probe } }))).find(
      ({ label }) => label === 'probe',
    )?.text;
  expect(factOf({ image: 'node:24' })).toBe('node:24');
  expect(
    factOf({
      image: 'node:24',
      nodeSelector: { pool: 'probes', zone: 'a' },
      tolerations: ['*', 'dedicated=db:NoSchedule'],
      pullSecrets: ['platform/mirror'],
      namespaceLabels: { 'istio-injection': 'disabled' },
    }),
  ).toBe(
    'node:24; nodes with pool=probes, zone=a; tolerating *, dedicated=db:NoSchedule; pulled with platform/mirror; namespaces with istio-injection=disabled',
  );
  expect(circumstanceFacts(viewOf(buildRecord([]))).map(({ label }) => label)).toEqual([
    'run',
    'cluster',
    'nodes',
    'rules',
  ]);
});

test('says who started it and from which commit, where that is known', () => {
  const run = { by: 'mia@ci-7', commit: '0a1b2c+changes' };
  const [first, second] = circumstanceFacts(viewOf(buildRecord([], run)));
  expect(first?.text).toContain(', started 2026-11-20T02:00:00.000Z by mia@ci-7, podreach ');
  expect(second).toEqual({ label: 'commit', text: '0a1b2c+changes' });
});
