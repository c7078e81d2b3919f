import { expect, test } from 'vitest';
import { circumstanceFacts } from '../../../src/report/parts/circumstances.ts';
import { buildRecord } from '../fixture.ts';

test('tells how probe pods were asked to be, as far as anything was asked', () => {
  const options = { confirm: 2, keep: false, failFast: false };
  const factOf = (probe: NonNullable<ReturnType<typeof buildRecord>['run']['options']['probe']>) =>
    circumstanceFacts(buildRecord([], { options: { ...options, probe } })).find(
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
  expect(circumstanceFacts(buildRecord([])).map(({ label }) => label)).toEqual([
    'run',
    'cluster',
    'nodes',
    'rules',
  ]);
});
