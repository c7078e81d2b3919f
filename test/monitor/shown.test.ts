/**
 * A network plugin that fails under a watch, on one node while the other goes on. The truth is what the nodes tell to the millisecond of
 * the transactions of their packet filters; the test waits for nothing else.
 */
import { setTimeout as delay } from 'node:timers/promises';
import { beforeAll, describe, expect, test } from 'vitest';
import type { ClusterProvider } from '../../src/cluster/cluster.ts';
import { Interruption } from '../../src/errors.ts';
import { connectKube } from '../../src/kube/connect.ts';
import type { Kube, KubeObject } from '../../src/kube/kube.ts';
import { type Edge, lengthOf } from '../../src/model/window.ts';
import { conductWatch } from '../../src/monitor/conduct.ts';
import { type CheckRecord, checksOf, type RunRecord } from '../../src/record/schema.ts';
import { windowLines } from '../../src/report/parts/watch.ts';
import { viewOf } from '../../src/report/view/run.ts';
import { runWith, sandbox } from '../run/run-with.ts';
import { statusOf } from '../sandbox/testbed.ts';
import { throughProxy } from '../support/api-proxy.ts';
import { runCommand } from '../support/run-command.ts';

const EVERY_MS = 250;

/** Where each pod is to run: nobody but the scheduler decides otherwise. */
const NODES: Readonly<Record<string, string>> = {
  'shop/a': 'node-1',
  'shop/c': 'node-1',
  'shop/b': 'node-2',
  'shop/near': 'node-1',
  'shop/near-too': 'node-1',
  'shop/near-shut': 'node-1',
  'shop/near-too-shut': 'node-1',
  'shop/far': 'node-2',
  'shop/far-shut': 'node-2',
  'shop/far-too-shut': 'node-2',
  'late/a': 'node-1',
  'late/shut': 'node-1',
  'late/open': 'node-1',
};

const pods = (namespace: string): string =>
  Object.keys(NODES)
    .filter((pod) => pod.startsWith(`${namespace}/`))
    .map((pod) => {
      const [shut, far] = [pod.endsWith('shut'), pod.includes('/far')].map((is) => (is ? 'yes' : 'no'));
      return `  ${pod}: { ports: [80], labels: { shut: "${shut}", far: "${far}" } }`;
    })
    .join('\n');

const DENY = { podSelector: { matchLabels: { shut: 'yes' } } };

const scenario = (namespace: string, sources: string, open: string, shut: string): string => `
apiVersion: podreach/v1
kind: Scenario
name: ${namespace}
namespaces: { ${namespace}: {} }
pods:
${pods(namespace)}
policies:
  - apiVersion: networking.k8s.io/v1
    kind: NetworkPolicy
    metadata: { name: deny, namespace: ${namespace} }
    spec: ${JSON.stringify(DENY)}
reachable: [{ from: ${sources}, to: ${open} }]
unreachable: [{ from: ${sources}, to: ${shut} }]
`;

/** Their pods are on node-2. */
const SERVICES = `
services:
  shop/far: { type: NodePort, selector: { far: "yes", shut: "no" }, ports: [{ port: 80 }] }
  shop/shut: { type: NodePort, selector: { far: "yes", shut: "yes" }, ports: [{ port: 80 }] }
`;

/** The rules of the scenario go on with those of its Services. */
const withServices = (text: string): string => {
  const via = 'via: [clusterIP, nodePort]';
  return (
    text
      .replace(
        'reachable: [{ from',
        `reachable: [{ from: shop/a, to: "service/shop/far:80", ${via} }, { from`,
      )
      .replace(
        'unreachable: [{ from',
        `unreachable: [{ from: [shop/a, shop/b], to: "service/shop/shut:80", ${via} }, { from`,
      ) + SERVICES
  );
};

const SCENARIOS = [
  withServices(
    scenario(
      'shop',
      '[shop/a, shop/b, shop/c]',
      '[shop/near, shop/near-too, shop/far]',
      '[shop/near-shut, shop/near-too-shut, shop/far-shut, shop/far-too-shut]',
    ),
  ),
  scenario('late', 'late/a', 'late/open', 'late/shut'),
].join('---');

const CALICO = { namespace: 'kube-system', name: 'calico-node-x7k2p' } as const;
const DAEMON_SET = {
  apiVersion: 'apps/v1',
  kind: 'DaemonSet',
  metadata: { namespace: 'kube-system', name: 'calico-node', generation: 1 },
  spec: { template: { spec: { containers: [{ name: 'calico-node', image: 'calico/node:v3.30.0' }] } } },
};
/** Ends when a file is there, and is started again by its kubelet. */
const UNTIL_TOLD = 'rm -f /tmp/restart; while [ ! -e /tmp/restart ]; do sleep 0.1; done';

/** A cluster whose pods are where {@link NODES} has them, and that has a network plugin of a known name. */
function withPlugin(
  attach: (proxy: { down: () => void; up: () => void }) => void,
  onStart: (direct: Kube) => Promise<void>,
): ClusterProvider {
  const real = sandbox();
  const started: ClusterProvider = {
    kind: real.kind,
    async start(options) {
      const cluster = await real.start(options);
      await onStart(await connectKube(cluster.kubeconfig));
      return cluster;
    },
  };
  return throughProxy(started, {
    attach,
    answer: ({ path }) =>
      path.startsWith('/apis/apps/v1/daemonsets')
        ? {
            status: 200,
            body: { apiVersion: 'apps/v1', kind: 'DaemonSetList', metadata: {}, items: [DAEMON_SET] },
          }
        : undefined,
    change: ({ method, path, body }) => {
      if (method !== 'POST' || !/\/pods(\?|$)/.test(path)) return body;
      const pod = JSON.parse(body) as KubeObject;
      const node = NODES[`${pod.metadata.namespace}/${pod.metadata.name}`];
      return node === undefined
        ? body
        : JSON.stringify({ ...pod, spec: { ...(pod['spec'] as object), nodeName: node } });
    },
  });
}

/** Between two times of the wall clock, in milliseconds since the epoch. */
interface Moment {
  readonly fromMs: number;
  readonly toMs: number;
}

interface Conditions {
  readonly conditions: readonly {
    readonly type: string;
    readonly reason: string;
    readonly message: string;
  }[];
}

interface Told {
  readonly reason: string | undefined;
  readonly written: Moment;
}

/** What a node tells of its enforcement. */
async function toldBy(kube: Kube, node: string): Promise<Told> {
  const object = await kube.get({ resource: 'nodes', name: node });
  const { conditions } = (object?.['status'] ?? { conditions: [] }) as Conditions; // an answer of the API
  const conditionOf = (type: string) => conditions.find((one) => one.type === type);
  const [, from = '', to = ''] =
    /^between (\S+) and (\S+)$/.exec(conditionOf('RulesWritten')?.message ?? '') ?? [];
  return {
    reason: conditionOf('NetworkUnavailable')?.reason,
    written: { fromMs: Date.parse(from), toMs: Date.parse(to) },
  };
}

/** Does something, and waits until the node tells that it has written its rules anew for it. */
async function written(kube: Kube, node: string, act: () => Promise<unknown>): Promise<Moment> {
  const before = await toldBy(kube, node);
  await act();
  for (;;) {
    const after = await toldBy(kube, node);
    if (after.written.fromMs > before.written.fromMs) return after.written;
    await delay(5);
  }
}

const annotate = (kube: Kube, node: string, key: string, value: string | null): Promise<unknown> =>
  kube.patch(
    { resource: 'nodes', name: node },
    { metadata: { annotations: { [`sandbox.podreach.dev/${key}`]: value } } },
  );

const enforcement = (kube: Kube, value: string | null): Promise<Moment> =>
  written(kube, 'node-2', () => annotate(kube, 'node-2', 'enforcement', value));

async function startPlugin(kube: Kube): Promise<void> {
  await kube.create({
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: {
      ...CALICO,
      ...{ ownerReferences: [{ apiVersion: 'apps/v1', kind: 'DaemonSet', name: 'calico-node', uid: 'one' }] },
    },
    spec: {
      nodeName: 'node-2',
      containers: [{ name: 'calico-node', image: 'none', command: ['sh', '-c', UNTIL_TOLD] }],
    },
  });
}

async function restartPlugin(kube: Kube): Promise<void> {
  await runCommand(kube, {
    ...CALICO,
    pod: CALICO.name,
    container: 'calico-node',
    command: ['touch', '/tmp/restart'],
    answerMs: 20_000,
  });
  const restarts = async (): Promise<number> =>
    statusOf(await kube.get({ resource: 'pods', ...CALICO })).containerStatuses?.[0]?.restartCount ?? 0;
  while ((await restarts()) === 0) await delay(50);
}

const OUTAGE_MS = 20_000;
/** For so long enforcement is away: on a machine that is busy an attempt of some pair falls into it, too. */
const SEEN_MS = 2_000;

type Watched = NonNullable<CheckRecord['watched']>['windows'][number];

describe('a network plugin that fails under a watch', () => {
  const truth = new Map<string, Moment>();
  const remember = async (name: string, moment: Promise<Moment>): Promise<void> =>
    void truth.set(name, await moment);
  let record: RunRecord;

  beforeAll(async () => {
    const enough = new AbortController();
    const told: string[] = [];
    /** Past the proxy: the API server is away for podreach alone. */
    let kube: Kube;
    let server: { readonly down: () => void; readonly up: () => void } | undefined;
    const until = async (text: string): Promise<void> => {
      while (!told.some((one) => one.includes(text))) await delay(20);
    };

    /** One after the other on node-2, so far apart that windows do not touch. */
    const failOnce = async (): Promise<void> => {
      await remember('opened', enforcement(kube, 'open'));
      await delay(SEEN_MS);
      await remember('shut again', enforcement(kube, null));
      await delay(2_000);
      await restartPlugin(kube);
      await remember('closed', enforcement(kube, 'closed'));
      await delay(3_000);
      await remember('carried again', enforcement(kube, null));
      await delay(1_000);
      await remember(
        'restarted',
        written(kube, 'node-2', () => annotate(kube, 'node-2', 'restarted-at', 'once')),
      );
    };
    /** On node-1, which takes up changes three seconds late. */
    const beLate = async (): Promise<void> => {
      const deny = { resource: 'networkpolicies', namespace: 'late', name: 'deny' } as const;
      const body = {
        apiVersion: 'networking.k8s.io/v1',
        kind: 'NetworkPolicy',
        metadata: { name: 'deny', namespace: 'late' },
        spec: DENY,
      };
      await annotate(kube, 'node-1', 'programming-delay', '3s');
      const change = async (name: string, act: () => Promise<unknown>): Promise<void> => {
        const askedMs = Date.now();
        truth.set(`asked: ${name}`, { fromMs: askedMs, toMs: askedMs });
        await remember(name, written(kube, 'node-1', act));
        await delay(3_000);
      };
      await change('late opened', () => kube.delete(deny));
      await change('late shut again', () => kube.apply(deny, JSON.stringify(body)));
      await annotate(kube, 'node-1', 'programming-delay', null);
    };
    const interfere = async (): Promise<void> => {
      await Promise.all([failOnce(), beLate()]);
      await delay(1_000);
      server?.down();
      const lostMs = performance.now();
      await until('the API server did not answer');
      await remember('opened unseen', enforcement(kube, 'open'));
      await delay(SEEN_MS);
      await remember('shut again unseen', enforcement(kube, null));
      await delay(OUTAGE_MS - (performance.now() - lostMs));
      server?.up();
      await until('the API server answered again');
    };
    record = await runWith(
      withPlugin(
        (proxy) => {
          server = proxy;
        },
        async (direct) => {
          kube = direct;
          await startPlugin(kube);
        },
      ),
      (event) => {
        if (event.type === 'incident') told.push(event.text);
        if (event.type !== 'watch-began') return undefined;
        return interfere().finally(() => enough.abort(new Interruption('SIGINT')));
      },
      {
        scenario: SCENARIOS,
        parallel: 2,
        whileStanding: (standing, run) =>
          conductWatch(standing, run, {
            everyMs: EVERY_MS,
            afterMs: 0,
            budgets: { maxLeakMs: 0, maxUnknown: 0.9 },
            enough: enough.signal,
          }),
      },
    );
  });

  const checkOf = (from: string, to: string): CheckRecord => {
    const [target, path] = to.split(' via ');
    const check = record.scenarios
      .flatMap(checksOf)
      .find((one) => one.from === from && one.to === target && (path === undefined || one.path === path));
    if (check === undefined) throw new Error(`there is no check ${from} → ${to}`);
    return check;
  };
  const windowsOf = (from: string, to: string) => checkOf(from, to).watched?.windows ?? [];
  const when = (name: string): Moment => {
    const { fromMs, toMs } = truth.get(name) ?? { fromMs: Number.NaN, toMs: Number.NaN };
    const startedMs = Date.parse(record.watch?.startedAt ?? '');
    // Wall clocks are told in whole milliseconds.
    return { fromMs: fromMs - startedMs - 1, toMs: toMs - startedMs + 1 };
  };
  /** Whether something happened within an edge, as far as anybody can tell. */
  const isAt = (edge: Edge | undefined, name: string): boolean => {
    const { fromMs, toMs } = when(name);
    return edge !== undefined && edge.latestMs >= fromMs && edge.earliestMs <= toMs;
  };
  const incidentOf = ({ incident = -1 }: { readonly incident?: number } = {}): string =>
    record.watch?.incidents[incident]?.text ?? 'none';
  const linesOf = (kind: string): readonly string[] =>
    windowLines(viewOf(record)).flatMap(({ group, text }) => (group.kind === kind ? [text] : []));
  const SOURCES = ['shop/a', 'shop/b', 'shop/c'] as const;

  /**
   * Of a time that a watch must have found on these checks: it was found on one at least, each time with edges that hold the truth, and
   * on the others nobody could tell, which happens on a machine that is busy.
   */
  function expectFound(
    kind: 'leak' | 'gap',
    pairs: readonly (readonly [from: string, to: string])[],
    [begin, end]: readonly [string, string],
  ): readonly Watched[] {
    const [began, ended] = [when(begin), when(end)];
    const found = pairs.flatMap(([from, to]) => {
      const around = windowsOf(from, to).filter(
        (one) =>
          one.began.earliestMs <= ended.toMs &&
          (one.ended?.latestMs ?? Number.POSITIVE_INFINITY) >= began.fromMs,
      );
      expect({ from, to, windows: around.length }).not.toMatchObject({ windows: 0 });
      return around.filter((one) => one.kind === kind);
    });
    expect(found).not.toEqual([]);
    for (const one of found) {
      const { began: edge, ended: other } = one;
      expect({ edge, began, isAt: isAt(edge, begin) }).toMatchObject({ isAt: true });
      expect({ other, ended, isAt: isAt(other, end) }).toMatchObject({ isAt: true });
    }
    return found;
  }

  const toFar = SOURCES.flatMap((from) => [
    [from, 'shop/far-shut'] as const,
    [from, 'shop/far-too-shut'] as const,
  ]);
  const toShut = (['clusterIP', 'nodePort'] as const).flatMap((path) =>
    (['shop/a', 'shop/b'] as const).map((from) => [from, `service/shop/shut via ${path}`] as const),
  );
  const cutOff = [
    ['shop/a', 'shop/far'],
    ['shop/c', 'shop/far'],
    ['shop/b', 'shop/near'],
    ['shop/b', 'shop/near-too'],
    ['shop/b', 'shop/far'],
  ] as const;

  test('fails open for a moment on one node: a leak there, as long as it was, and nowhere else', () => {
    const leaks = expectFound('leak', toFar, ['opened', 'shut again']);
    const { fromMs } = when('opened');
    const { toMs } = when('shut again');
    for (const leak of leaks) {
      expect(leak.outcome).toBe('connected');
      expect(lengthOf(leak, Number.NaN).atLeastMs).toBeLessThanOrEqual(toMs - fromMs);
      // It was over when anybody looked at the node.
      expect(incidentOf(leak)).toMatch(
        /^the network of node-2 (became unavailable|was said to be available)/,
      );
    }
    for (const from of SOURCES)
      for (const to of ['shop/near-shut', 'shop/near-too-shut']) {
        expect(windowsOf(from, to).map(({ kind }) => kind)).not.toContain('leak');
        expect(checkOf(from, to).verdict).not.toBe('leaked');
      }
    expect(linesOf('leak')).toContainEqual(
      expect.stringMatching(/checks?, all to node-2, (while|after) the network of node-2/),
    );
  });

  test('fails open on the node of the pods behind a Service: a leak of that too, by its address and by the ports of all nodes', () => {
    for (const path of ['clusterIP', 'nodePort']) {
      const leaks = expectFound(
        'leak',
        toShut.filter(([, to]) => to.endsWith(path)),
        ['opened', 'shut again'],
      );
      for (const leak of leaks) {
        expect(leak.outcome).toBe('connected');
        expect(incidentOf(leak)).toMatch(/^the network of node-2 /);
      }
    }
    for (const [from, to] of toShut) expect(checkOf(from, to).verdict).toBe('leaked');
  });

  test('fails closed for three seconds on the node of the pods behind a Service: a gap of that too', () => {
    for (const path of ['clusterIP', 'nodePort']) {
      const found = expectFound(
        'gap',
        [['shop/a', `service/shop/far via ${path}`]],
        ['closed', 'carried again'],
      );
      for (const gap of found) {
        expect(gap.outcome).toBe('timeout');
        expect(incidentOf(gap)).toBe('calico-node on node-2 restarted');
        expect(lengthOf(gap, Number.NaN).atLeastMs).toBeGreaterThan(0);
      }
      expect(checkOf('shop/a', `service/shop/far via ${path}`).verdict).toBe('broken');
    }
  });

  test('fails closed for three seconds on one node: a gap there, told with the plugin that restarted, and no leak', () => {
    for (const gap of expectFound('gap', cutOff, ['closed', 'carried again'])) {
      expect(incidentOf(gap)).toBe('calico-node on node-2 restarted');
      expect(lengthOf(gap, Number.NaN).atLeastMs).toBeGreaterThan(0);
    }
    expect(windowsOf('shop/a', 'shop/near').map(({ kind }) => kind)).not.toContain('gap');
    expect(linesOf('gap')).toContainEqual(
      expect.stringMatching(
        /^gap of .* on \d+ checks, all at node-2, (while|after) calico-node on node-2 restarted$/,
      ),
    );
    const { fromMs } = when('closed');
    const { toMs } = when('carried again');
    for (const [from, to] of toFar)
      for (const { kind, began } of windowsOf(from, to))
        if (kind === 'leak') expect(began.latestMs < fromMs || began.earliestMs > toMs).toBe(true);
  });

  test('is restarted while nothing changes: there is no window but those of the other times', () => {
    expect(when('restarted').toMs).toBeLessThan(when('opened unseen').fromMs);
    const known = {
      leak: [
        ['opened', 'shut again'],
        ['opened unseen', 'shut again unseen'],
      ],
      gap: [['closed', 'carried again']],
    } as const;
    for (const { from, to, watched } of record.scenarios.flatMap(checksOf)) {
      if (from.startsWith('late/')) continue;
      for (const { kind, began, ended } of watched?.windows ?? []) {
        if (kind === 'unknown') continue;
        const isKnown = known[kind].some(([begin, end]) => isAt(began, begin) && isAt(ended, end));
        expect({ from, to, kind, began, ended, isKnown }).toMatchObject({ isKnown: true });
      }
    }
  });

  test('takes up a change three seconds late: a leak of the time in which it was so, told with the change', () => {
    const [leak, ...others] = expectFound(
      'leak',
      [['late/a', 'late/shut']],
      ['late opened', 'late shut again'],
    );
    // Where nobody could tell in the middle of it, what was seen before and after that are two windows: who is to say that they are one?
    const unknown = windowsOf('late/a', 'late/shut').filter(({ kind }) => kind === 'unknown');
    expect(others.length).toBeLessThanOrEqual(unknown.length);
    expect(when('late opened').fromMs - when('asked: late opened').fromMs).toBeGreaterThan(2_900);
    expect(leak?.began.earliestMs).toBeGreaterThan(when('asked: late opened').toMs + 1_000);
    expect(incidentOf(leak)).toBe('policy late/deny was deleted');
    expect(checkOf('late/a', 'late/open').verdict).toBe('pass');
  });

  test('fails while the API server is away: found all the same, and no evidence is missing', () => {
    const leaks = expectFound('leak', toFar, ['opened unseen', 'shut again unseen']);
    for (const leak of leaks) expect(incidentOf(leak)).toMatch(/^the network of node-2 /);
    const { watch } = record;
    const [lost] = watch?.incidents.filter(({ kind }) => kind === 'api-lost') ?? [];
    const [back] = watch?.incidents.filter(({ kind }) => kind === 'api-back') ?? [];
    expect(lost?.text).toMatch(/^the API server did not answer: /);
    expect((back?.atMs ?? 0) - (lost?.atMs ?? 0)).toBeGreaterThan(OUTAGE_MS - 2_000);
    // An exec that is slow to begin a watch is no evidence that went missing.
    for (const { watched } of record.scenarios.flatMap(checksOf))
      for (const { why = '', began } of watched?.windows ?? [])
        if (began.latestMs > (lost?.atMs ?? 0)) expect(why).not.toMatch(/was not heard|remember|replaced/);
    const { due = 0, made = 0, collected = 0 } = watch?.attempts ?? {};
    expect(made).toBeGreaterThan(0);
    // An agent that was kept from running does not know how its attempts went that were out; otherwise all are there.
    // One may be due in the moment in which the watch ends.
    if (watch?.longestStallMs === 0) {
      expect(collected).toBe(made);
      expect(due - made).toBeLessThanOrEqual(1);
    }
    expect(collected).toBeGreaterThan(0.9 * made);
  });
});
