/**
 * Faults on the way to the API server, on a real sandbox: none of them may turn into a pass, and none may hang. Those that heal end
 * as if nothing had been.
 */
import { beforeAll, describe, expect, test } from 'vitest';
import type { Phase, RunRecord } from '../../src/record/schema.ts';
import type { Patience } from '../../src/run/job.ts';
import {
  type Call,
  failure,
  type HandshakeFault,
  type Intervention,
  type QuestionFault,
  throughProxy,
} from '../support/api-proxy.ts';
import { asContext } from '../support/real-cluster.ts';
import { oneNode, SCENARIO as PAIR, runWith } from './run-with.ts';

/** All the time that a busy machine takes. A test cuts short only what its own fault makes it wait for. */
const PATIENCE: Patience = {
  answerMs: 60_000,
  credentialsMs: 60_000,
  handshakeMs: 30_000,
  silenceMs: 30_000,
  execGraceMs: 30_000,
};
/** Where some execs never come to be. Those that are well are given as long as well; a round lasts so long, and there are to be some. */
const DEAD_EXECS = {
  withinMs: 15_000,
  patience: { handshakeMs: 6_000, silenceMs: 6_000, execGraceMs: 6_000 },
} as const;

interface Case {
  /** The pod whose execs have the fault. */
  readonly pod: string;
  readonly fault: HandshakeFault | QuestionFault;
  /** What the reason of an inconclusive check must say. */
  readonly words: RegExp;
}

const refuse = (status: number, reason: string, headers?: Record<string, string>): HandshakeFault => ({
  kind: 'refuse',
  answer: failure(status, reason, `the words of the server about ${status}`, headers),
});
const CASES: readonly Case[] = [
  { pod: 'cut', fault: { kind: 'cut' }, words: /connection was cut/ },
  ...[401, 403, 404, 409, 500].map((status) => ({
    pod: `answers-${status}`,
    fault: refuse(status, 'SomeReason'),
    words: new RegExp(`the words of the server about ${status} \\(${status}`),
  })),
  {
    pod: 'answers-429',
    fault: refuse(429, 'TooManyRequests', { 'retry-after': '1' }),
    words: /the words of the server about 429/,
  },
  {
    pod: 'answers-503',
    fault: refuse(503, 'ServiceUnavailable', { 'retry-after': '60' }),
    words: /\(503 Service Unavailable\); the server asks to wait 60 s/,
  },
  { pod: 'stalls-early', fault: { kind: 'stall-handshake' }, words: /no answer to the handshake/ },
  { pod: 'stalls-late', fault: { kind: 'stall-stream' }, words: /silent for 6 s/ },
  { pod: 'truncates', fault: { kind: 'truncate' }, words: /no answer within/ },
  { pod: 'drops', fault: { kind: 'drop' }, words: /closed without a status/ },
];

/** One source for each fault, and a healthy one; each has somewhere to go and somewhere not to go. */
const SCENARIO = `apiVersion: podreach/v1
kind: Scenario
name: faults
namespaces:
  faults: {}
pods:
  faults/open: { ports: [80], labels: { open: "yes" } }
  faults/shut: { ports: [80] }
  faults/unseen: { ports: [80] }
  faults/healthy: { labels: { open: "yes" } }
${CASES.map(({ pod }) => `  faults/${pod}: { labels: { open: "yes" } }`).join('\n')}
policies:
  - apiVersion: networking.k8s.io/v1
    kind: NetworkPolicy
    metadata: { name: deny, namespace: faults }
    spec: { podSelector: { matchExpressions: [{ key: open, operator: DoesNotExist }] }, policyTypes: [Ingress] }
reachable:
  - { from: faults/*, to: faults/open, except: [faults/shut, faults/unseen] }
unreachable:
  - { from: faults/*, to: faults/shut, except: [faults/open, faults/unseen] }
  - { from: faults/healthy, to: faults/unseen }
`;

const isHandshakeFault = (fault: Case['fault']): fault is HandshakeFault =>
  ['refuse', 'cut', 'stall-handshake'].includes(fault.kind);

/**
 * Lets questions to the pods of {@link CASES} fail when `isActive` says so, counting each pod's. Where it is the handshake that has the
 * fault, the session is cut first, and the next one has it.
 * @param isLasting all that follow have it as well
 */
function withFaults(
  isActive: (pod: string, count: number) => boolean,
  { isLasting }: { readonly isLasting: boolean },
): Intervention {
  const counts = new Map<string, number>();
  const refused = new Set<string>();
  const faultFor = ({ path }: Call): Partial<Case> => {
    const name = /\/pods\/([^/]+)\/exec/.exec(path)?.[1];
    return CASES.find(({ pod }) => pod === name) ?? {};
  };
  return {
    exec(call) {
      const { pod = '', fault } = faultFor(call);
      if (fault === undefined || !isHandshakeFault(fault)) return undefined;
      return (isLasting ? refused.has(pod) : refused.delete(pod)) ? fault : undefined;
    },
    question(call) {
      const { pod = '', fault } = faultFor(call);
      const count = (counts.get(pod) ?? 0) + 1;
      counts.set(pod, count);
      if (fault === undefined || !isActive(pod, count)) return undefined;
      if (!isHandshakeFault(fault)) return fault;
      refused.add(pod);
      return { kind: 'drop' };
    },
  };
}

async function runFaults(
  intervention: Intervention,
  onPhase: ((phase: Phase) => void) | undefined,
  { withinMs, patience }: { readonly withinMs: number; readonly patience: Partial<Patience> },
): Promise<RunRecord> {
  const record = await runWith(
    throughProxy(oneNode(), intervention),
    (event) => {
      if (event.type === 'phase-started') onPhase?.(event.phase);
      return undefined;
    },
    {
      scenario: SCENARIO,
      withinMs,
      patience: { ...PATIENCE, ...patience },
    },
  );
  expect(record.scenarios[0]?.error ?? record.run.error).toBe(undefined);
  return record;
}

/** What became of the checks from each pod: verdict and reason. */
function outcomesOf(record: RunRecord, pod: string): (readonly [string | undefined, string])[] {
  const checks = record.scenarios[0]?.steps[0]?.checks.filter(({ from }) => from === `faults/${pod}`) ?? [];
  return checks.map(({ verdict, reason = '' }) => [verdict, reason]);
}

describe.concurrent('an exec', () => {
  test('that heals within its round is made again, and nobody is misled', async () => {
    const record = await runFaults(
      withFaults((_, count) => count === 1 || count === 3, { isLasting: false }),
      undefined,
      // Time enough for a second try, however busy the machine is: a dozen new execs begin at once.
      { withinMs: 60_000, patience: { ...DEAD_EXECS.patience, execGraceMs: 60_000 } },
    );
    const [scenario] = record.scenarios;
    expect(scenario?.steps[0]?.checks.filter(({ verdict }) => verdict !== 'pass')).toEqual([]);
    expect(record.run.exitCode).toBe(0);
    expect(scenario?.execRetries?.count).toBeGreaterThanOrEqual(7);
    // What a retried exec printed is in nobody's evidence.
    const errors = scenario?.steps[0]?.checks.flatMap(
      ({ from, control = [], observed = [], closing = [] }) =>
        [...control, ...observed, ...closing].some(({ outcome }) => outcome === 'error') ? [from] : [],
    );
    // That the end of an answer is lost shows only when the agent must have given up, which is later than this round lasts.
    expect([...new Set(errors)].sort()).toEqual(
      ['answers-403', 'answers-404', 'answers-409', 'answers-503', 'truncates'].map((pod) => `faults/${pod}`),
    );
  });

  test('that never works leaves its checks inconclusive, with the reason, and the others alone', async () => {
    const record = await runFaults(
      withFaults(() => true, { isLasting: true }),
      undefined,
      DEAD_EXECS,
    );
    expect(record.run.exitCode).toBe(4);
    for (const { pod, words } of CASES) {
      expect(outcomesOf(record, pod)).toEqual([
        ['inconclusive', expect.stringMatching(words)],
        ['inconclusive', expect.stringMatching(words)],
      ]);
    }
    expect(outcomesOf(record, 'healthy').map(([verdict]) => verdict)).toEqual(['pass', 'pass', 'pass']);
  });

  test('that stops working under the policies proves no block', async () => {
    let phase: Phase = 'provision';
    const intervention = withFaults(() => phase === 'settle', { isLasting: true });
    const record = await runFaults(
      {
        ...intervention,
        // The destination of one check falls silent as well: nobody can say then that it listened.
        question: (call) =>
          phase === 'settle' && call.path.includes('/pods/unseen/')
            ? { kind: 'drop' }
            : intervention.question?.(call),
      },
      (next) => {
        phase = next;
      },
      DEAD_EXECS,
    );
    expect(record.run.exitCode).toBe(4);
    for (const { pod, words } of CASES) {
      expect(outcomesOf(record, pod)).toEqual([
        ['inconclusive', expect.stringMatching(words)],
        ['inconclusive', expect.stringMatching(words)],
      ]);
    }
    expect(outcomesOf(record, 'healthy')).toEqual([
      ['pass', ''],
      ['pass', ''],
      [
        'inconclusive',
        expect.stringMatching(/could not be asked whether its port was open: the stream was closed/),
      ],
    ]);
  });
});

const isCall =
  (method: string, pattern: RegExp) =>
  (call: Call): boolean =>
    call.method === method && pattern.test(call.path);
const listPods = isCall('GET', /\/pods\?/);
const createPod = isCall('POST', /\/pods\?/);
const applyPolicy = isCall('PATCH', /\/networkpolicies\/deny\b/);
type Reply = ReturnType<NonNullable<Intervention['answer']>>;

/** So many of the calls that match get a reply that is not the server's. */
interface Failing {
  readonly matches: (call: Call) => boolean;
  readonly reply: Reply;
  readonly times: number;
}

/** Has calls fail: one call after the other gets what the first of the list that is not used up has for it. */
async function runWithReplies(failing: readonly Failing[]) {
  const left = failing.map((one) => ({ ...one }));
  const record = await runWith(
    throughProxy(oneNode(), {
      answer(call) {
        const next = left.find(({ times, matches }) => times > 0 && matches(call));
        if (next === undefined) return undefined;
        next.times -= 1;
        return next.reply;
      },
    }),
    undefined,
    { patience: PATIENCE },
  );
  return { record, left: left.map(({ times }) => times) };
}

describe.concurrent('a request', () => {
  test('that fails a few times, in whatever way, is made again, and all is well', async () => {
    const { record, left } = await runWithReplies([
      { matches: listPods, reply: 'cut', times: 2 },
      { matches: listPods, reply: failure(500, 'InternalError', 'a bad moment'), times: 2 },
      {
        matches: createPod,
        reply: failure(429, 'TooManyRequests', 'later', { 'retry-after': '0' }),
        times: 2,
      },
      // With credentials that are read anew.
      { matches: applyPolicy, reply: failure(401, 'Unauthorized', 'Unauthorized'), times: 1 },
      { matches: applyPolicy, reply: failure(429, 'TooManyRequests', 'later'), times: 2 },
      { matches: applyPolicy, reply: failure(503, 'ServiceUnavailable', 'starting'), times: 2 },
    ]);
    expect(record.scenarios[0]?.error ?? record.run.error).toBe(undefined);
    expect(record.run.exitCode).toBe(0);
    expect(left).toEqual([0, 0, 0, 0, 0, 0]);
  });
});

/** What goes wrong for good, by the name of the scenario that it happens to; then the code of its error, and words that say why. */
const FOR_GOOD: Readonly<Record<string, readonly [(call: Call) => boolean, Reply, string, RegExp]>> = {
  'list-refused': [listPods, 'cut', 'cluster-unavailable', /connection was cut|no answer .* within 15 s/],
  'list-never-answered': [listPods, 'stall', 'cluster-unavailable', /no answer .* within 15 s/],
  'list-with-500': [listPods, failure(500, 'InternalError', 'a bad disk'), 'api-error', /a bad disk/],
  'list-with-429': [listPods, failure(429, 'TooManyRequests', 'later'), 'api-error', /later/],
  'create-with-500': [
    createPod,
    failure(500, 'InternalError', 'a bad disk'),
    'provision-failed',
    /a bad disk/,
  ],
  'create-with-403': [
    createPod,
    failure(403, 'Forbidden', 'User "ci" cannot create resource "pods"'),
    'permission-denied',
    /cannot create/,
  ],
  'create-with-409': [
    createPod,
    failure(409, 'Conflict', 'object is being changed'),
    'provision-failed',
    /being changed/,
  ],
  'apply-with-401': [
    applyPolicy,
    failure(401, 'Unauthorized', 'Unauthorized'),
    'permission-denied',
    /Unauthorized/,
  ],
  'apply-with-404': [
    applyPolicy,
    failure(404, 'NotFound', 'namespaces not found'),
    'policy-rejected',
    /not found/,
  ],
};

describe.concurrent('a request that fails for good', () => {
  let record: RunRecord;
  beforeAll(async () => {
    const answer = (call: Call): Reply => {
      const [, name = ''] = /\/namespaces\/([^/]+)\//.exec(call.path) ?? [];
      const [matches, reply] = FOR_GOOD[name] ?? [];
      return matches?.(call) === true ? reply : undefined;
    };
    record = await runWith(throughProxy(oneNode(), { answer }), undefined, {
      scenario: [...Object.keys(FOR_GOOD), 'unharmed']
        .map((name) => PAIR.replaceAll('pair', name))
        .join('---\n'),
      parallel: 4,
      // So long is a call that fails made again.
      patience: { ...PATIENCE, answerMs: 15_000 },
    });
  });
  const named = (name: string) => record.scenarios.find((scenario) => scenario.name === name);

  test.each(Object.entries(FOR_GOOD))(
    '(%s) ends its scenario, in words that say why',
    (name, [, , code, words]) => {
      const scenario = named(name);
      expect(scenario?.error?.code).toBe(code);
      expect(scenario?.error?.message).toMatch(words);
      expect(scenario?.steps[0]?.checks.filter(({ verdict }) => verdict === 'pass')).toEqual([]);
    },
  );

  test('makes exit code 3, and leaves other scenarios alone', () => {
    expect(record.run.exitCode).toBe(3);
    expect(named('unharmed')?.steps[0]?.checks.map(({ verdict }) => verdict)).toEqual(['pass', 'pass']);
  });
});

describe.concurrent('an API server', () => {
  /** The phase with which the server goes away, or the call that it does not answer any more. */
  type Moment = Phase | ((call: Call) => boolean);

  /** The server goes away at each of these moments, once, and comes back after so long. */
  async function runWithOutages(
    moments: readonly Moment[],
    outageMs: number,
    patience: Partial<Patience>,
    cluster = oneNode(),
  ): Promise<{ readonly record: RunRecord; readonly missed: readonly Moment[] }> {
    const missed = new Set(moments);
    let server: { readonly down: () => void; readonly up: () => void } | undefined;
    let isAway = false;
    const goAway = (moment: Moment): void => {
      if (isAway || !missed.delete(moment)) return;
      isAway = true;
      server?.down();
      if (!Number.isFinite(outageMs)) return;
      setTimeout(() => {
        isAway = false;
        server?.up();
      }, outageMs);
    };
    const record = await runWith(
      throughProxy(cluster, {
        attach: (proxy) => {
          server = proxy;
        },
        // The call goes on to the cluster: it is only the answer that nobody gets.
        see(call) {
          const moment = moments.find((one) => typeof one === 'function' && one(call));
          if (moment !== undefined) setTimeout(goAway, 5, moment);
        },
      }),
      (event) => {
        if (event.type === 'phase-started') goAway(event.phase);
        return undefined;
      },
      { patience: { ...PATIENCE, ...patience }, withinMs: 20_000 },
    );
    return { record, missed: [...missed] };
  }

  // What heals has all the time that a busy machine takes. Only what outlives the run is cleaned up.
  test.each<[string, readonly Moment[]]>([
    ['in each phase', ['provision', 'control', 'apply', 'settle']],
    [
      'while rights are asked for, and things are created and deleted',
      [
        isCall('POST', /\/selfsubjectaccessreviews$/),
        isCall('POST', /\/namespaces\?/),
        createPod,
        isCall('DELETE', /\/namespaces\/pair\b/),
      ],
    ],
  ])('that restarts %s delays the run', async (_, moments) => {
    const { record, missed } = await runWithOutages(moments, 1_500, {}, asContext(oneNode()));
    expect(missed).toEqual([]);
    expect(record.run.error ?? record.scenarios[0]?.error).toBe(undefined);
    expect(record.scenarios[0]?.steps[0]?.checks.map(({ verdict }) => verdict)).toEqual(['pass', 'pass']);
    expect(record.run.exitCode).toBe(0);
    if (moments.includes('settle'))
      expect(record.scenarios[0]?.execRetries?.lastReason).toMatch(/^no API server answers .*ECONNREFUSED/);
  });

  test('that does not come back proves nothing', async () => {
    const patience = { answerMs: 5_000, execGraceMs: 5_000 };
    const { record } = await runWithOutages(['settle'], Number.POSITIVE_INFINITY, patience);
    expect(record.scenarios[0]?.steps[0]?.checks.map(({ verdict }) => verdict)).toEqual([
      'inconclusive',
      'inconclusive',
    ]);
    expect(record.scenarios[0]?.error).toMatchObject({
      code: 'cluster-unavailable',
      message: expect.stringMatching(/ECONNREFUSED/),
    });
    expect(record.run.exitCode).toBe(3);
  });

  test('that is not there at all ends the run at once', async () => {
    const record = await runWith(throughProxy(oneNode(), { attach: ({ down }) => down() }), undefined, {
      patience: { ...PATIENCE, answerMs: 3_000 },
    });
    expect(record.run.error).toMatchObject({
      code: 'cluster-unavailable',
      message: expect.stringMatching(/no API server answers/),
    });
    expect(record.run.exitCode).toBe(3);
  });
});
