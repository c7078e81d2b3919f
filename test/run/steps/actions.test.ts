/** Each action does what it says, on real packets; and where it is not carried out, its step fails. */
import { describe, expect, test } from 'vitest';
import { type Call, failure, throughProxy } from '../../support/api-proxy.ts';
import { oneNode, runWith } from '../run-with.ts';
import { ALL_ACTIONS, BY_ACTION, type ByAction, NAMESPACE_COMES, stepOf, stepsOf } from './scenarios.ts';

test.concurrent('every action changes what it is to change, and each change settles by itself', async () => {
  const record = await runWith(oneNode(), undefined, { scenario: ALL_ACTIONS, parallel: 4 });
  expect(Object.fromEntries(Object.keys(BY_ACTION).map((name) => [name, stepsOf(record, name)]))).toEqual({
    apply: ['first: pass', 'it closes: pass', 'it opens for all: pass'],
    delete: ['first: pass', 'it opens: pass'],
    'label-pod': ['first: pass', 'a label opens: pass', 'a label closes: pass'],
    'label-namespace': ['first: pass', 'a label opens: pass', 'a label closes: pass'],
    create: ['first: pass', 'a friend comes: pass, pass'],
    remove: ['first: pass, pass', 'one goes: pass'],
    replace: ['first: pass', 'another comes: pass', 'it opens: pass'],
  });
  expect(record.run.exitCode).toBe(0);
  for (const { error, closingControl, steps } of record.scenarios) {
    expect([error, closingControl]).toEqual([undefined, 'made']);
    for (const { atMs = -1, actedMs = -1, durationMs = -1, force } of steps) {
      expect(actedMs).toBeGreaterThanOrEqual(atMs);
      expect(durationMs).toBeGreaterThanOrEqual(actedMs - atMs);
      for (const { turnedMs } of force ?? []) expect(turnedMs).toBeDefined();
    }
  }
  const pods = [0, 1].map(
    (step) => record.scenarios.find(({ name }) => name === 'replace')?.steps[step]?.pods,
  );
  expect(pods).toEqual([
    undefined,
    expect.arrayContaining([expect.objectContaining({ name: 'b', ip: expect.any(String) })]),
  ]);
  // Nothing was in force when the new pod was tried last, so it has a control there; before, it says why there was none.
  expect(stepOf(record, 'replace', 1).checks[0]).toMatchObject({
    withoutControl: 'replace/b came to be in the step "another comes", under policies',
  });
  expect(stepOf(record, 'replace', 2).checks[0]).toMatchObject({ control: [{ outcome: 'connected' }] });
  expect(stepOf(record, 'replace', 2).checks[0]).not.toHaveProperty('withoutControl');
});

test.concurrent('a namespace comes and goes with its pods, and what nobody changes is not mended by a new expectation', async () => {
  const record = await runWith(oneNode(), undefined, { scenario: NAMESPACE_COMES });
  expect(stepsOf(record, 'home')).toEqual([
    'first: pass',
    'guests come: pass, pass',
    'guests are no friends: pass, pass',
    'guests go: pass',
    'only what is expected changes: broken',
  ]);
  expect(record.run.exitCode).toBe(1);
  // Where nothing changes, nothing has to turn.
  expect(stepOf(record, 'home', 3).force).toBeDefined();
  expect(stepOf(record, 'home', 4).force).toBeUndefined();
  // It was never seen without policies, and was gone when these were taken away.
  expect(stepOf(record, 'home', 2).checks[1]).toMatchObject({
    verdict: 'pass',
    withoutControl:
      'guests/g came to be in the step "guests come", under policies, and it was gone before they were taken away',
  });
  // What connected needs no closing control.
  expect(stepOf(record, 'home', 1).checks[1]).toMatchObject({
    verdict: 'pass',
    withoutControl: 'guests/g came to be in the step "guests come", under policies',
  });
});

const DONE = { status: 200, body: { apiVersion: 'v1', kind: 'Done', metadata: { name: 'done' } } };

/** What is not carried out, and what is seen of that. */
const MUTATIONS: Readonly<
  Record<
    ByAction,
    { readonly drops: (call: Call & { readonly body: string }) => boolean; readonly seen: RegExp }
  >
> = {
  apply: {
    drops: ({ method, path }) => method === 'PATCH' && path.includes('/apply/networkpolicies/'),
    seen: /^it closes: leaked$/m,
  },
  delete: {
    drops: ({ method, path }) => method === 'DELETE' && path.includes('/delete/networkpolicies/'),
    seen: /^it opens: broken$/m,
  },
  'label-pod': {
    drops: ({ method, path }) => method === 'PATCH' && path.includes('/label-pod/pods/'),
    seen: /^a label opens: broken$/m,
  },
  'label-namespace': {
    drops: ({ method, path }) => method === 'PATCH' && path.includes('/namespaces/label-namespace?'),
    seen: /^a label opens: broken$/m,
  },
  create: {
    drops: ({ method, path, body }) =>
      method === 'POST' && path.includes('/create/pods?') && body.includes('"name":"late"'),
    seen: /^a friend comes: pod create\/late cannot run: somebody has deleted it$/m,
  },
  remove: {
    drops: ({ method, path }) => method === 'DELETE' && path.includes('/remove/pods/'),
    seen: /^one goes: remove\/c is still there 15 s after being deleted$/m,
  },
  replace: {
    drops: ({ method, path }) => method === 'DELETE' && path.includes('/replace/pods/'),
    seen: /^another comes: replace\/b is still there 15 s after being deleted$/m,
  },
};

test.concurrent('an action that is not carried out makes its step fail', async () => {
  /** A call is dropped once: what takes the policies away at the end is no action. */
  const left = new Set(Object.keys(MUTATIONS) as ByAction[]);
  const provider = throughProxy(oneNode(), {
    answer(call) {
      const name = [...left].find((one) => MUTATIONS[one].drops(call));
      if (name === undefined) return undefined;
      left.delete(name);
      return DONE;
    },
  });
  const record = await runWith(provider, undefined, {
    scenario: ALL_ACTIONS,
    parallel: 4,
    // What never goes is waited for no longer.
    readyWithinMs: 15_000,
  });
  expect([...left]).toEqual([]);
  for (const [name, { seen }] of Object.entries(MUTATIONS)) {
    const scenario = record.scenarios.find((one) => one.name === name);
    expect([...stepsOf(record, name), scenario?.error?.message].join('\n')).toMatch(seen);
  }
  expect(record.run.exitCode).toBe(1);
});

describe.concurrent('an action that fails', () => {
  test('ends the scenario with the name of its step; what was judged before stays', async () => {
    const record = await runWith(
      throughProxy(oneNode(), {
        answer: ({ method, path }) =>
          method === 'PATCH' && path.includes('/apply/networkpolicies/')
            ? failure(422, 'Invalid', 'spec.podSelector: what is that?')
            : undefined,
      }),
      undefined,
      { scenario: BY_ACTION.apply },
    );
    expect(record.scenarios[0]).toMatchObject({
      status: 'failed',
      error: {
        code: 'policy-rejected',
        message:
          'it closes: the API server refused the NetworkPolicy apply/shut: spec.podSelector: what is that? (422 Unprocessable Entity)',
        hint: expect.stringMatching(/^Correct the policy at /),
      },
    });
    expect(stepsOf(record, 'apply')).toEqual([
      'first: pass',
      'it closes: unjudged',
      'it opens for all: unjudged',
    ]);
    expect(record.run.exitCode).toBe(3);
  });

  test('because a pod does not come back says so', async () => {
    let created = 0;
    const record = await runWith(
      throughProxy(oneNode(), {
        answer({ method, path }) {
          if (method !== 'POST' || !path.includes('/replace/pods?')) return undefined;
          created += 1;
          return created > 2 ? failure(403, 'Forbidden', 'exceeded quota: pods') : undefined;
        },
      }),
      undefined,
      { scenario: BY_ACTION.replace },
    );
    expect(record.scenarios[0]?.error?.message).toMatch(/^another comes: .*exceeded quota/);
    expect(stepsOf(record, 'replace')).toEqual([
      // It rests on a cut, and the closing control was not reached.
      'first: inconclusive',
      'another comes: unjudged',
      'it opens: unjudged',
    ]);
    expect(record.run.exitCode).toBe(3);
  });

  test('because a label is refused says so', async () => {
    const record = await runWith(
      throughProxy(oneNode(), {
        answer: ({ method, path }) =>
          method === 'PATCH' && path.includes('/label-pod/pods/a')
            ? failure(403, 'Forbidden', 'pods "a" is forbidden')
            : undefined,
      }),
      undefined,
      { scenario: BY_ACTION['label-pod'] },
    );
    expect(record.scenarios[0]?.error).toMatchObject({
      code: 'api-error',
      message: expect.stringMatching(/^a label opens: .*pods "a" is forbidden/),
    });
    expect(stepsOf(record, 'label-pod')[0]).toBe('first: inconclusive');
  });
});
