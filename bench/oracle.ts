/**
 * How fast the oracle predicts all pairs of a large cluster. Run by hand: `node bench/oracle.ts`. Policies as people write
 * them, and the worst that they can be: all in one namespace, with hardly two pods under the same policies.
 */
import type { Flow, World, WrittenPolicy } from '../src/policy/model.ts';
import { compile } from '../src/policy/oracle.ts';

const PODS = 500;
const POLICIES = 200;
const PORT = 8080;
const RUNS = 5;

type Spec = NonNullable<WrittenPolicy['object']['spec']>;

/** Every pod carries an index of its own and one label per power of two, so that selectors can cut anywhere. */
function pods(namespaces: number): World['pods'] {
  return Array.from({ length: PODS }, (_, index) => ({
    namespace: `ns-${index % namespaces}`,
    name: `pod-${index}`,
    labels: {
      app: `app-${index % 25}`,
      ...Object.fromEntries(
        Array.from({ length: 9 }, (__, bit) => [`bit-${bit}`, String((index >> bit) & 1)]),
      ),
    },
    ports: [
      { name: 'http', port: PORT, protocol: 'TCP' as const },
      { port: 53, protocol: 'UDP' as const },
    ],
    address: `10.64.${index >> 8}.${index & 255}`,
  }));
}

function world(namespaces: number, spec: (index: number) => Spec): World {
  return {
    pods: pods(namespaces),
    namespaces: Array.from({ length: namespaces }, (_, index) => ({
      name: `ns-${index}`,
      labels: { team: `team-${index % 3}` },
    })),
    policies: Array.from({ length: POLICIES }, (_, index) => ({
      namespace: `ns-${index % namespaces}`,
      name: `policy-${index}`,
      object: { spec: spec(index) },
    })),
  };
}

function usual(index: number): Spec {
  const peers = [
    { podSelector: { matchLabels: { app: `app-${(index * 7) % 25}` } } },
    {
      namespaceSelector: { matchLabels: { team: `team-${index % 3}` } },
      podSelector: {
        matchExpressions: [{ key: 'app', operator: 'In', values: ['app-1', 'app-2', 'app-3'] }],
      },
    },
    { ipBlock: { cidr: '203.0.113.0/24' } },
  ];
  return {
    podSelector: { matchLabels: { app: `app-${index % 25}` } },
    policyTypes: ['Ingress', 'Egress'],
    ingress: [
      { from: peers, ports: [{ port: PORT }] },
      { from: [{ podSelector: {} }], ports: [{ port: 'http' }] },
    ],
    egress: [{ to: peers, ports: [{ port: PORT }] }, { ports: [{ port: 53, protocol: 'UDP' }] }],
  };
}

function worst(index: number): Spec {
  const rule = (field: string) =>
    Array.from({ length: 4 }, (_, number) => ({
      [field]: [
        { podSelector: { matchLabels: { app: `app-${(index + number) % 25}`, 'bit-8': '1', 'bit-7': '1' } } },
        { ipBlock: { cidr: `10.64.${index & 1}.${index}/32` } },
      ],
      ports: [{ port: 'http' }, { port: 9000 + number, endPort: 9100 }],
    }));
  return {
    podSelector: {
      matchExpressions: [
        { key: `bit-${index % 9}`, operator: 'In', values: [String(index & 1)] },
        { key: 'app', operator: 'NotIn', values: [`app-${index % 25}`] },
      ],
    },
    policyTypes: ['Ingress', 'Egress'],
    ingress: rule('from'),
    egress: rule('to'),
  };
}

function predict({ pods: all, ...rest }: World): {
  readonly compileMs: number;
  readonly evaluateMs: number;
  /** The same once more, with what decides each. */
  readonly ruleMs: number;
  readonly counts: string;
} {
  const began = performance.now();
  const oracle = compile({ pods: all, ...rest });
  const compiled = performance.now();
  const counts = { allowed: 0, denied: 0, undefined: 0 };
  const ends = all.map(({ namespace, name }) => ({ kind: 'pod' as const, pod: `${namespace}/${name}` }));
  const flows = ends.flatMap((from) =>
    ends.flatMap((to): Flow[] => (from === to ? [] : [{ from, to, port: PORT, protocol: 'TCP' }])),
  );
  const listed = performance.now();
  for (const flow of flows) counts[oracle.evaluate(flow).verdict] += 1;
  const evaluated = performance.now();
  let decisive = 0;
  for (const flow of flows) decisive += oracle.rule(flow).responsible.length;
  const ruled = performance.now();
  if (decisive === 0) throw new Error('nothing decides anything');
  const text = Object.entries(counts).map(([verdict, number]) => `${number} ${verdict}`);
  return {
    compileMs: compiled - began,
    evaluateMs: evaluated - listed,
    ruleMs: ruled - evaluated,
    counts: text.join(', '),
  };
}

function median(values: readonly number[]): string {
  const sorted = values.toSorted((left, right) => left - right);
  return `${((sorted[Math.floor(sorted.length / 2)] ?? Number.NaN) / 1000).toFixed(2)} s`;
}

console.log(`${PODS} pods, ${POLICIES} policies, all pairs on one port, median of ${RUNS}:`);
console.log(
  '| policies | compile | predict | worst of both | with what decides | limit | verdicts |\n| --- | --- | --- | --- | --- | --- | --- |',
);
for (const [title, input] of [
  ['10 namespaces, as people write them', world(10, usual)],
  ['1 namespace, every pod under other policies', world(1, worst)],
] as const) {
  const runs = Array.from({ length: RUNS }, () => predict(input));
  const slowest = Math.max(...runs.map(({ compileMs, evaluateMs }) => compileMs + evaluateMs));
  console.log(
    `| ${title} | ${median(runs.map(({ compileMs }) => compileMs))} | ${median(runs.map(({ evaluateMs }) => evaluateMs))} | ${(slowest / 1000).toFixed(2)} s | ${median(runs.map(({ ruleMs }) => ruleMs))} | 3 s | ${runs[0]?.counts} |`,
  );
}
