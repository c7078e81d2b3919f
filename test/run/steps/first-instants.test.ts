/** What new pods see from their first millisecond on, while nodes do wrong; the test knows when. */
import { readdirSync, readFileSync } from 'node:fs';
import { setTimeout as delay } from 'node:timers/promises';
import { describe, expect, test } from 'vitest';
import {
  delayFault,
  enforcementFault,
  isInForce,
  type SandboxFault,
  stallFault,
} from '../../../src/cluster/sandbox-faults.ts';
import { fieldOf } from '../../../src/kube/answers.ts';
import type { Kube } from '../../../src/kube/kube.ts';
import { isPod } from '../../../src/model/endpoint.ts';
import type { ProgressEvent } from '../../../src/progress.ts';
import type { CheckRecord, RunRecord } from '../../../src/record/schema.ts';
import { throughProxy } from '../../support/api-proxy.ts';
import { NetworkFaults } from '../../support/network-faults.ts';
import { runWith, sandbox } from '../run-with.ts';
import { stepOf, stepsOf } from './scenarios.ts';

/** @param beyond pods, Services and hosts that are there besides, and a policy */
const headOf = (name: string, pods: string, beyond = { ends: '', policy: '' }) => `apiVersion: podreach/v1
kind: Scenario
name: ${name}
namespaces: { ${name}: {} }
pods:
  ${name}/db: { labels: { app: db }, ports: [80] }
  ${name}/web: { labels: { app: web } }
${pods}${beyond.ends}
policies:${beyond.policy}
  - apiVersion: networking.k8s.io/v1
    kind: NetworkPolicy
    metadata: { name: db, namespace: ${name} }
    spec:
      podSelector: { matchLabels: { app: db } }
      ingress: [{ from: [{ podSelector: { matchLabels: { app: web } } }] }]
reachable: [{ from: ${name}/web, to: ${name}/db }]`;

/** A second database, a Service with both behind it, and a host that jobs must not reach. */
const beyondPods = (name: string) => ({
  ends: `
  ${name}/db-too: { labels: { app: db }, ports: [80] }
services: { ${name}/db: { selector: { app: db }, ports: [{ port: 8080, targetPort: 80 }] } }
hosts: { bank: { address: ${name === 'open' ? '203.0.113.41' : '203.0.113.42'}, ports: [443] } }`,
  policy: `
  - apiVersion: networking.k8s.io/v1
    kind: NetworkPolicy
    metadata: { name: job, namespace: ${name} }
    spec:
      podSelector: { matchLabels: { app: job } }
      policyTypes: [Egress]
      egress: [{ to: [{ namespaceSelector: {} }] }]`,
});

/**
 * One comes and must be let in, another is replaced and must not be.
 * @param others what both try besides, in the words of a rule
 */
const scenarioOf = (name: string, beyond?: ReturnType<typeof beyondPods>, others?: string) => `${headOf(
  name,
  `  ${name}/job: { labels: { app: job } }
  ${name}/late-web: { labels: { app: web }, created: later }`,
  beyond,
)}
unreachable: [{ from: ${name}/job, to: ${name}/db }]
steps:
  - name: they come
    create: [${name}/late-web]
    replace: [${name}/job]
    reachable:
      - { from: ${name}/late-web, to: ${name}/db, firstInstant: true }
${others === undefined ? '' : `      - { from: ${name}/late-web, firstInstant: true, ${others} }`}
    unreachable:
      - { from: ${name}/job, to: ${name}/db, firstInstant: true }
${others === undefined ? '' : `      - { from: ${name}/job, firstInstant: true, ${others} }`}
`;

const withMore = (name: string) =>
  scenarioOf(name, beyondPods(name), `to: [service/${name}/db, host/bank], via: [clusterIP, dns]`);

/** The only one on its node is replaced: the other comes there as well, with another address. */
const replacing = (name: string) => `${headOf(name, '')}
steps:
  - name: they come
    replace: [${name}/web]
    reachable: [{ from: ${name}/web, to: ${name}/db, firstInstant: true }]
    within: 1s
`;

/** All but the database go, and its node has room for one of them: the stranger comes to the other, with an address that was let in and is lower than its own. */
const reusing = (name: string) => `${headOf(
  name,
  `  ${name}/friend: { labels: { app: web } }
  ${name}/stranger: { created: later }`,
)}
steps:
  - name: the stranger comes last
    create: [${name}/stranger]
  - name: they come
    remove: [${name}/web, ${name}/friend]
    replace: [${name}/stranger]
    unreachable: [{ from: ${name}/stranger, to: ${name}/db, firstInstant: true }]
`;

interface Acts {
  /** Before the pods are made. */
  readonly before?: (kube: Kube, nodeOfDb: string) => Promise<unknown>;
  readonly whileSettling?: (kube: Kube) => Promise<unknown>;
}

/** No agent is asked anything meanwhile. @param name of the scenario, unlike that of any other test: their agents are told apart by it */
async function runFirst(
  name: string,
  { before, whileSettling }: Acts,
  scenario = scenarioOf(name),
): Promise<RunRecord> {
  let acting: Promise<undefined> | undefined;
  const isAt = (event: ProgressEvent, phase: string): boolean =>
    event.type === 'phase-started' && event.step === 'they come' && event.phase === phase;
  return await runWith(
    throughProxy(sandbox(), { question: () => acting }),
    (event, kube) => {
      const work = isAt(event, 'settle')
        ? whileSettling?.(kube)
        : isAt(event, 'apply')
          ? nodeOf(`${name}/db`, kube).then((node) => before?.(kube, node))
          : undefined;
      if (work === undefined) return undefined;
      acting = work.then(() => undefined);
      return acting;
    },
    { scenario, withinMs: 30_000 },
  );
}

async function nodeOf(pod: string, kube: Kube): Promise<string> {
  const [namespace = '', name = ''] = pod.split('/');
  const found = (await kube.get({ resource: 'pods', namespace, name })) as
    | { spec: { nodeName: string } }
    | undefined;
  if (found === undefined) throw new Error(`there is no ${name}`);
  return found.spec.nodeName;
}

/** Writes a fault, and waits until it is in force. @returns when that was at the earliest and at the latest */
async function bring(fault: SandboxFault, kube: Kube): Promise<{ fromMs: number; toMs: number }> {
  const { object, annotation, value } = fault;
  const fromMs = clockMs();
  await kube.patch(object, { metadata: { annotations: { [annotation]: value } } });
  for (;;) {
    const shown = await kube.get(object);
    if (shown !== undefined && isInForce(fault, value, shown)) return { fromMs, toMs: clockMs() };
    await delay(5);
  }
}

/** The clock of the sandbox's nodes. */
function clockMs(): number {
  return Number(process.hrtime.bigint()) / 1e6;
}

const TICK_MS = 10;

/** When the agent of a pod was started, as soon as there is one. Its process has begun soon after that. */
async function startOf(pod: string): Promise<number> {
  for (;;) {
    for (const pid of readdirSync('/proc').filter((name) => /^\d+$/.test(name))) {
      try {
        const isAgent =
          readFileSync(`/proc/${pid}/cmdline`, 'utf8').endsWith('\0serve\0') &&
          readFileSync(`/proc/${pid}/environ`, 'utf8').includes(`"pod":"${pod}"`) &&
          readFileSync(`/proc/${pid}/environ`, 'utf8').includes('"firstInstant"');
        if (!isAgent) continue;
        const ticks = readFileSync(`/proc/${pid}/stat`, 'utf8')
          .replace(/^.*\) /, '')
          .split(' ')[19];
        const upMs = 1000 * Number(readFileSync('/proc/uptime', 'utf8').split(' ')[0]);
        return clockMs() - (upMs - TICK_MS * Number(ticks));
      } catch {
        // It has ended.
      }
    }
    await delay(5);
  }
}

/** From the start of a process until it counts its time. */
const STARTING_MS = 300;
/** So much later than its delay a node may be. */
const CATCHING_UP_MS = 1_000;
function checksOf(record: RunRecord): Readonly<Record<'web' | 'job', CheckRecord>> {
  const name = record.scenarios[0]?.name ?? '';
  const [web, job] = [`${name}/late-web`, `${name}/job`].map((from) =>
    stepOf(record, name, 1).checks.find((check) => check.from === from && check.to === `${name}/db`),
  );
  if (web === undefined || job === undefined) throw new Error('a check is missing');
  return { web, job };
}

/** Those of what is no pod, by the source. */
function beyondPodsOf(record: RunRecord): Readonly<Record<'web' | 'job', readonly CheckRecord[]>> {
  const name = record.scenarios[0]?.name ?? '';
  const own = stepOf(record, name, 1).checks.filter(
    ({ to, firstInstant }) => firstInstant !== undefined && !isPod(to),
  );
  const [web = [], job = []] = [`${name}/late-web`, `${name}/job`].map((from) =>
    own.filter((check) => check.from === from),
  );
  for (const checks of [web, job])
    expect(checks.map(({ to, path }) => `${to} ${path}`)).toEqual([
      'host/bank host',
      `service/${name}/db clusterIP`,
      `service/${name}/db dns`,
    ]);
  return { web, job };
}

/** A pass; or nobody could tell, because the machine had no time for an agent. */
function expectPass({ verdict, reason }: CheckRecord): void {
  if (verdict === 'inconclusive')
    expect(reason).toMatch(
      /did not run$|was not seen to (listen|be open)$|^what \S+ saw before it was|(was not there for as long as it may take|no attempt was made, or none was heard of)$/,
    );
  else expect(verdict).toBe('pass');
}

/** It ended while something was done, in milliseconds of the clock, to what a pod did from its start on. */
function expectEnd(
  leak: NonNullable<CheckRecord['firstInstant']>['windows'][number] | undefined,
  { startedMs, fromMs, toMs }: { readonly startedMs: number; readonly fromMs: number; readonly toMs: number },
): void {
  expect(leak?.ended?.earliestMs).toBeLessThanOrEqual(toMs - startedMs);
  expect(leak?.ended?.latestMs).toBeGreaterThanOrEqual(fromMs - startedMs - STARTING_MS);
}

describe.concurrent('the first instant of pods that a step makes', () => {
  test('is as expected where nodes do right, and the record says from when on', async () => {
    const record = await runFirst('right', {}, withMore('right'));
    const { web, job } = checksOf(record);
    const beyond = beyondPodsOf(record);
    for (const check of [web, job, ...beyond.web, ...beyond.job]) {
      expectPass(check);
      expect(check.firstInstant?.attempts).toBeGreaterThan(5);
    }
    expect(job.firstInstant).not.toHaveProperty('allowed');
    expect(web.firstInstant).toMatchObject({ allowed: { latestMs: expect.any(Number) } });
    for (const { verdict, firstInstant } of beyond.web)
      if (verdict === 'pass') expect(firstInstant).toHaveProperty('allowed');
    expect(stepsOf(record, 'right')[0]).toBe('first: pass, pass');
    expect(stepOf(record, 'right', 0).checks[0]).not.toHaveProperty('firstInstant');
    expect([0, 4]).toContain(record.run.exitCode);
  });

  test('is a leak where a node fails open, with the age at which that ended', async () => {
    let truth = { startedMs: 0, fromMs: 0, toMs: 0 };
    const nodes = ['node-1', 'node-2'];
    const all = (mode: 'open' | 'on', kube: Kube) =>
      Promise.all(nodes.map((node) => bring(enforcementFault(node, mode), kube)));
    const record = await runFirst(
      'open',
      {
        async before(kube) {
          await all('open', kube);
          void startOf('open/job').then(async (startedMs) => {
            await delay(1_500);
            const ended = await all('on', kube);
            truth = {
              startedMs,
              fromMs: Math.min(...ended.map(({ fromMs }) => fromMs)),
              toMs: Math.max(...ended.map(({ toMs }) => toMs)),
            };
          });
        },
      },
      withMore('open'),
    );
    const { job, web } = checksOf(record);
    const beyond = beyondPodsOf(record);
    expect(job.verdict).toBe('leaked');
    for (const check of [web, ...beyond.web]) expectPass(check);
    for (const { verdict, firstInstant } of beyond.job) {
      expect(verdict).toBe('leaked');
      const [one] = firstInstant?.windows.filter(({ kind }) => kind === 'leak') ?? [];
      expect(one).toMatchObject({ began: { earliestMs: 0 }, outcome: 'connected' });
      expectEnd(one, truth);
    }
    expect(job.reason).toMatch(
      /^it was open for the first [\d.]+( m?s)? to [\d.]+ m?s of open\/job, \d+ attempts connected$/,
    );
    const [leak] = job.firstInstant?.windows ?? [];
    expect(leak).toMatchObject({ kind: 'leak', began: { earliestMs: 0 }, outcome: 'connected' });
    expectEnd(leak, truth);
    expect(leak?.ended?.earliestMs).toBeGreaterThan(0);
    expect(record.run.exitCode).toBe(1);
  });

  test('is late where a node learns late of an address', async () => {
    let startedMs = 0;
    let askedMs = 0;
    const record = await runFirst(
      'slow',
      {
        async before(kube, node) {
          await bring(delayFault(node, 4_000), kube);
          askedMs = clockMs();
          void startOf('slow/web').then((found) => {
            startedMs = found;
          });
        },
      },
      replacing('slow'),
    );
    const [check] = stepOf(record, 'slow', 1).checks;
    expect(check?.verdict).toBe('late');
    expect(check?.reason).toMatch(
      /^it was let through [\d.]+ to [\d.]+ s after the first millisecond of slow\/web, and its step gives it 1\.0 s$/,
    );
    const { earliestMs = Number.NaN, latestMs = Number.NaN } = check?.firstInstant?.allowed ?? {};
    // The node knows of it so long after it was made: that was before it ran, and after the delay was in force.
    expect(latestMs).toBeGreaterThanOrEqual(askedMs - startedMs + 4_000 - STARTING_MS);
    expect(earliestMs).toBeLessThanOrEqual(4_000 + CATCHING_UP_MS);
    expect(latestMs - earliestMs).toBeLessThan(1_000);
  });

  test('is a leak where a node learns late that an address has another pod', async () => {
    let truth = { startedMs: 0, fromMs: 0, toMs: 0 };
    const record = await runFirst(
      'reused',
      {
        async before(kube, node) {
          // However long it takes until the stranger is there, the node has not heard of it.
          await bring(enforcementFault(node, 'stopped'), kube);
          void startOf('reused/stranger').then(async (startedMs) => {
            await delay(1_500);
            truth = { startedMs, ...(await bring(enforcementFault(node, 'on'), kube)) };
          });
        },
      },
      reusing('reused'),
    );
    const [check] = stepOf(record, 'reused', 2).checks;
    expect(check?.verdict).toBe('leaked');
    expect(check?.disagreement).toBe('cluster');
    const [leak] = check?.firstInstant?.windows ?? [];
    expect(leak).toMatchObject({ kind: 'leak', began: { earliestMs: 0 } });
    expectEnd(leak, truth);
  });

  test('proves nothing while the destination does not listen', async () => {
    const record = await runFirst('deaf', {
      async whileSettling(kube) {
        await bring(stallFault('deaf', 'db', true), kube);
        await delay(1_500);
        await bring(stallFault('deaf', 'db', false), kube);
      },
    });
    const { job } = checksOf(record);
    expect(job).toMatchObject({
      verdict: 'inconclusive',
      reason: expect.stringMatching(
        // Whatever of the three was missed for longest.
        /old is not known: (the agent of deaf\/db did not run|deaf\/db was not seen to listen|its kubelet did not reach deaf\/db)$/,
      ),
    });
  });

  test('proves nothing about a Service while nodes do not lead to Services', async () => {
    const services = `
services: { lost/db: { selector: { app: db }, ports: [{ port: 8080, targetPort: 80 }] } }`;
    const record = await runFirst(
      'lost',
      {
        async before(kube) {
          const found = await kube.list({ resource: 'services' });
          const addresses = found.flatMap(({ metadata: { namespace, name }, spec }) =>
            namespace === 'lost' || name === 'all-open' ? fieldOf(spec, 'clusterIP') : [],
          );
          expect(addresses).toHaveLength(2);
          const faults = await NetworkFaults.of(kube);
          const drop = { incoming: [`ip daddr { ${addresses.join(', ')} } drop`] };
          const undo = await Promise.all(['node-1', 'node-2'].map((node) => faults.filterNode(node, drop)));
          void startOf('lost/job')
            .then(() => delay(1_500))
            .then(() => Promise.all(undo.map((one) => one())));
        },
      },
      scenarioOf('lost', { ends: services, policy: '' }, 'to: service/lost/db'),
    );
    const toService = stepOf(record, 'lost', 1).checks.find(
      ({ from, to }) => from === 'lost/job' && to === 'service/lost/db',
    );
    expect(toService?.verdict).toBe('inconclusive');
    const { job } = checksOf(record);
    expectPass(job);
    // A pod that itself was not seen for a time has that as its reason.
    if (job.verdict === 'pass')
      expect(toService?.firstInstant?.windows.map(({ why }) => why)).toContainEqual(
        expect.stringMatching(/^the way from node-[12] to Services was not seen to be open$/),
      );
  });

  test('proves nothing while the agent of a new pod does not run', async () => {
    const record = await runFirst('stalled', {
      async whileSettling(kube) {
        await bring(stallFault('stalled', 'job', true), kube);
        await delay(1_500);
        await bring(stallFault('stalled', 'job', false), kube);
      },
    });
    const { job } = checksOf(record);
    // It may have been stopped before it dialled for the first time.
    expect(job).toMatchObject({
      verdict: 'inconclusive',
      reason: expect.stringMatching(/^what stalled\/job saw .* is not known: /),
    });
    expect(new Set(job.firstInstant?.windows.map(({ kind }) => kind))).toEqual(new Set(['unknown']));
  });
});
