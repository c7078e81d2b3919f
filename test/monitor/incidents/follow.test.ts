/** Looking at a cluster again and again, with an API server that answers as the test says. */
import { setImmediate as nextTurn } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { PodreachError } from '../../../src/errors.ts';
import type { KubeObject } from '../../../src/kube/kube.ts';
import { followIncidents } from '../../../src/monitor/incidents/follow.ts';

const POLICY: KubeObject = {
  apiVersion: 'networking.k8s.io/v1',
  kind: 'NetworkPolicy',
  metadata: { namespace: 'shop', name: 'by-hand' },
};

/** @param answers whether the API server does when it is asked for the so many-th time for policies */
async function follow(answers: (look: number) => boolean) {
  const clock = { sleep: () => nextTurn() };
  const over = new AbortController();
  const told: string[] = [];
  const policies: KubeObject[] = [];
  let looks = 0;
  const { ended } = await followIncidents(
    {
      namespaces: ['shop'],
      startedMs: 0,
      now: () => 0,
      onIncident: ({ text }) => {
        told.push(text);
        if (text.startsWith('policy')) over.abort();
      },
    },
    {
      kube: {
        list: async ({ resource }) => {
          if (resource !== 'networkpolicies') return [];
          looks += 1;
          if (!answers(looks)) throw new PodreachError('cluster-unavailable', 'the connection was cut', {});
          return [...policies];
        },
      },
      clock,
      signal: over.signal,
      progress: () => undefined,
    },
  );
  return { told, looks: () => looks, happens: () => policies.push(POLICY), end: () => over.abort(), ended };
}

test('what happens after the first look is told, also where the first request failed', async () => {
  const { told, happens, ended } = await follow((look) => look > 1);
  happens();
  await ended;
  expect(told).toEqual([
    'the API server did not answer: the connection was cut',
    'the API server answered again',
    expect.stringContaining('policy shop/by-hand was created'),
  ]);
});

test('an API server that does not answer at all does not keep the watch from beginning', async () => {
  const { told, looks, end, ended } = await follow(() => false);
  expect(looks()).toBe(5);
  end();
  await ended;
  expect(told).toEqual(['the API server did not answer: the connection was cut']);
});
