/**
 * What must not grow with the square of what there is: reading, planning and telling of large inputs, in processor time, so that a busy
 * machine says the same. Run by hand: `node bench/large.ts`. The limits are several times what it takes on two cores of a shared
 * machine; it ends with 1 where one is exceeded.
 */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { reviewPlan } from '../src/policy/review.ts';
import { FORMAT_NAMES } from '../src/report/formats.ts';
import { findPatterns } from '../src/report/parts/patterns.ts';
import { enforcedAddress } from '../src/sandbox/dataplane/allowances.ts';
import { rulesFor } from '../src/sandbox/dataplane/rules.ts';
import { IP_FAMILIES } from '../src/sandbox/ip-family.ts';
import { loadPlans } from '../src/scenario/load-plans.ts';
import type { Plan } from '../src/scenario/scenario.ts';
import { Names } from '../src/scenario/suggest.ts';
import { buildRecord, meshScenario, viewScenario } from '../test/report/fixture.ts';
import { render } from '../test/report/render.ts';
import { manyWindows } from '../test/report/watch.ts';

/** Does something, and gives the processor time that it took. */
async function spentMs(work: () => unknown): Promise<number> {
  const start = process.cpuUsage();
  await work();
  const { user, system } = process.cpuUsage(start);
  return (user + system) / 1000;
}

const half = meshScenario(100, (from, to) =>
  (from + to) % 2 === 0
    ? { expected: 'unreachable' }
    : {
        expected: 'unreachable',
        verdict: 'leaked',
        isolatedBy: { egress: [], ingress: [`shop/${from}-${to}`] },
      },
);
const record = buildRecord([half]);
const watched = manyWindows(buildRecord([meshScenario(100, () => ({ expected: 'unreachable' }))]));

const CASES: readonly (readonly [what: string, limitMs: number, work: () => unknown])[] = [
  ['load and plan 9,900 checks', 2_000, loadLarge],
  ['load 300 workloads, each with its Service and its policy, and plan 300 checks', 3_000, loadWorkloads],
  ['load the same, plan 89,700 checks, and say what is doubtful', 6_000, reviewWorkloads],
  ['find a name like each of 2,000 among 4,000', 5_000, findNames],
  ['find patterns in 9,900 checks', 1_000, () => findPatterns(viewScenario(half))],
  ...FORMAT_NAMES.map((format) => {
    const what = `tell of 9,900 checks, half of them leaked: ${format}`;
    return [what, 5_000, () => render(format, record)] as const;
  }),
  ['tell of thousands of windows: html', 5_000, () => render('html', watched)],
  ['write the rules of 300 policies on 400 pods', 1_000, writeRules],
];

const HEAD = 'apiVersion: podreach/v1\nkind: Scenario\nname: large\nnamespaces: { a: {} }\n';

async function loadLarge(): Promise<void> {
  const pods = Array.from({ length: 100 }, (_, index) => `  a/p${index}: { ports: [80] }\n`).join('');
  await plansOf({ 'large.yaml': `${HEAD}pods:\n${pods}otherwise: reachable\n` });
}

async function plansOf(files: Readonly<Record<string, string>>): Promise<readonly Plan[]> {
  const folder = mkdtempSync(join(tmpdir(), 'podreach-bench-'));
  try {
    for (const [name, text] of Object.entries(files)) writeFileSync(join(folder, name), text);
    return await loadPlans(['large.yaml'], { cwd: folder });
  } finally {
    rmSync(folder, { recursive: true });
  }
}

/** Each is called by the next one. */
const WORKLOADS = Array.from({ length: 300 }, (_, index) => {
  const [name, caller] = [index, (index + 1) % 300].map((number) => `w${number}`);
  return `---
apiVersion: apps/v1
kind: Deployment
metadata: { name: ${name}, namespace: a }
spec:
  selector: { matchLabels: { app: ${name} } }
  template:
    metadata: { labels: { app: ${name} } }
    spec: { containers: [{ name: main, image: example, ports: [{ name: http, containerPort: 8080 }] }] }
---
apiVersion: v1
kind: Service
metadata: { name: ${name}, namespace: a }
spec: { selector: { app: ${name} }, ports: [{ port: 80, targetPort: http }] }
---
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: { name: ${name}, namespace: a }
spec:
  podSelector: { matchLabels: { app: ${name} } }
  ingress: [{ from: [{ podSelector: { matchLabels: { app: ${caller} } } }], ports: [{ port: http }] }]
`;
}).join('');
function workloadPlans(rest: string): Promise<readonly Plan[]> {
  return plansOf({ 'all.yaml': WORKLOADS, 'large.yaml': `${HEAD}manifests: [all.yaml]\n${rest}` });
}

async function loadWorkloads(): Promise<void> {
  const rules = Array.from({ length: 300 }, (_, index) => {
    const [to, from] = [index, (index + 1) % 300].map((number) => `a/w${number}`);
    return `  - { from: ${from}, to: ${to} }\n`;
  });
  await workloadPlans(`reachable:\n${rules.join('')}`);
}

async function reviewWorkloads(): Promise<void> {
  for (const plan of await workloadPlans('otherwise: unreachable\n')) reviewPlan(plan);
}

function findNames(): void {
  const known = new Names(Array.from({ length: 4000 }, (_, index) => `team-${index % 40}/service-${index}`));
  for (let index = 0; index < 1000; index += 1) {
    known.nearest(`team-${index % 40}/servcie-${index + 4000}`);
    known.nearest(`no-such-namespace/of-any-${index}`);
  }
}

function writeRules(): void {
  const app = (number: number) => ({ matchLabels: { app: `p${number % 40}` } });
  const pods = Array.from({ length: 400 }, (_, index) => ({
    namespace: 'shop',
    labels: app(index).matchLabels,
    node: `node-${(index % 2) + 1}`,
    addresses: [
      `10.244.${(index % 2) + 1}.${(index >> 1) + 2}`,
      `fd00:10:244:${(index % 2) + 1}::${index + 2}`,
    ].map(enforcedAddress),
    ports: [],
  }));
  const policies = Array.from({ length: 300 }, (_, index) => {
    const ports = [{ port: 8000 + (index % 50) }];
    return {
      apiVersion: 'networking.k8s.io/v1' as const,
      kind: 'NetworkPolicy' as const,
      metadata: { name: `policy-${index}`, namespace: 'shop' },
      spec: {
        podSelector: app(index),
        policyTypes: ['Ingress' as const, 'Egress' as const],
        ingress: [{ from: [{ podSelector: app(index * 7) }], ports }],
        egress: [{ to: [{ podSelector: app(index * 11) }], ports }],
      },
    };
  });
  rulesFor(['node-1', 'node-2'], IP_FAMILIES, { pods, namespaces: new Map([['shop', {}]]), policies });
}

console.log('| what | processor time | limit |\n| --- | --- | --- |');
for (const [what, limitMs, work] of CASES) {
  const tookMs = await spentMs(work);
  if (tookMs > limitMs) process.exitCode = 1;
  console.log(`| ${what} | ${(tookMs / 1000).toFixed(2)} s | ${limitMs / 1000} s |`);
}
