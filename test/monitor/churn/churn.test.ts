/** New pods beside a watch, in the real sandbox, while nodes let pass what they must not, or are late. The test knows the truth. */
import { setTimeout as delay } from 'node:timers/promises';
import { beforeAll, describe, expect, test } from 'vitest';
import {
  delayFault,
  enforcementFault,
  isInForce,
  type SandboxFault,
} from '../../../src/cluster/sandbox-faults.ts';
import { Interruption } from '../../../src/errors.ts';
import type { Kube, KubeObject } from '../../../src/kube/kube.ts';
import { conductWatch } from '../../../src/monitor/conduct.ts';
import { type CheckRecord, checksOf, type RunRecord } from '../../../src/record/schema.ts';
import { runWith, sandbox } from '../../run/run-with.ts';

const SCENARIO = `apiVersion: podreach/v1
kind: Scenario
name: shop
namespaces:
  shop: {}
pods:
  shop/web: { labels: { app: web } }
  shop/db: { ports: [80] }
  shop/api: { ports: [80], labels: { app: api } }
policies:
  - apiVersion: networking.k8s.io/v1
    kind: NetworkPolicy
    metadata: { name: deny, namespace: shop }
    spec: { podSelector: {}, policyTypes: [Ingress] }
  - apiVersion: networking.k8s.io/v1
    kind: NetworkPolicy
    metadata: { name: web-to-api, namespace: shop }
    spec:
      podSelector: { matchLabels: { app: api } }
      ingress: [{ from: [{ podSelector: { matchLabels: { app: web } } }] }]
reachable:
  - { from: shop/web, to: shop/api }
unreachable:
  - { from: shop/web, to: shop/db }
`;

/** Few enough for a machine that is busy: each lives for some seconds. */
const PER_MINUTE = 24;
/** So much longer than asked for it may take until a node is told, whatever else the machine does. */
const LATE_MS = 3_000;

describe('new pods while a watch goes on', () => {
  let record: RunRecord;
  const incidents: string[] = [];
  const left: string[] = [];
  const seen: string[] = [];
  /** Milliseconds since the epoch: nothing passed before `sinceMs` or from `overMs` on, and everything from `openMs` to `closingMs`. */
  const open = { sinceMs: 0, openMs: 0, closingMs: 0, overMs: 0 };
  let latePods: readonly string[] = [];
  let openPods: readonly string[] = [];
  let calmPods: readonly string[] = [];

  beforeAll(async () => {
    const enough = new AbortController();
    const until = async (isSo: () => Promise<boolean>): Promise<void> => {
      while (!(await isSo())) await delay(50);
    };
    const interfere = async (kube: Kube): Promise<void> => {
      const newPods = async (): Promise<readonly KubeObject[]> => {
        const pods = await kube.list({ resource: 'pods', namespace: 'shop' });
        return pods.filter(({ metadata }) => metadata.name.includes('-new-'));
      };
      const phaseOf = (pod: KubeObject) =>
        pod as KubeObject & { readonly status?: { readonly phase?: string } };
      const namesOf = (pods: readonly KubeObject[]) => pods.map(({ metadata }) => metadata.name);
      /** Waits for so many that are not there yet. @returns their names */
      const running = async (number: number): Promise<readonly string[]> => {
        const before = new Set(namesOf(await newPods()));
        let found: readonly string[] = [];
        await until(async () => {
          const others = (await newPods()).filter(({ metadata }) => !before.has(metadata.name));
          found = namesOf(others.filter((pod) => phaseOf(pod).status?.phase === 'Running'));
          return found.length >= number;
        });
        return found;
      };
      const set = async (faults: readonly SandboxFault[]): Promise<void> => {
        await Promise.all(
          faults.map(async (fault) => {
            const { object, annotation, value } = fault;
            await kube.patch(object, { metadata: { annotations: { [annotation]: value } } });
            await until(async () => isInForce(fault, value, (await kube.get(object)) as never));
          }),
        );
      };
      const pods = await kube.list({ resource: 'pods', namespace: 'shop' });
      const nodeOf = (name: string): string =>
        (pods.find(({ metadata }) => metadata.name === name) as { spec?: { nodeName?: string } })?.spec
          ?.nodeName ?? '';
      await set([delayFault(nodeOf('api'), LATE_MS)]);
      latePods = await running(2);
      await delay(LATE_MS);
      await set([delayFault(nodeOf('api'), null)]);
      open.sinceMs = Date.now();
      await set(['node-1', 'node-2'].map((node) => enforcementFault(node, 'open')));
      open.openMs = Date.now();
      openPods = await running(1);
      await delay(700);
      open.closingMs = Date.now();
      await set(['node-1', 'node-2'].map((node) => enforcementFault(node, 'on')));
      open.overMs = Date.now();
      calmPods = await running(1);
      await delay(1_000);
      enough.abort(new Interruption('SIGINT'));
    };
    record = await runWith(
      sandbox(),
      (event, kube) => {
        if (event.type === 'incident') incidents.push(event.text);
        if (event.type === 'windows-seen' && event.by !== undefined)
          seen.push(`${event.kind}: ${event.checks}, ${event.by}`);
        return event.type === 'watch-began' ? interfere(kube) : undefined;
      },
      {
        scenario: SCENARIO,
        keep: true,
        atTheEnd: async (kube) => {
          const pods = await kube.list({ resource: 'pods', namespace: 'shop' });
          left.push(...pods.map(({ metadata }) => metadata.name));
        },
        whileStanding: (standing, run) =>
          conductWatch(standing, run, {
            everyMs: 250,
            afterMs: 0,
            churnPerMinute: PER_MINUTE,
            budgets: { maxLeakMs: 0, maxUnknown: 0.9 },
            enough: enough.signal,
          }),
      },
    );
  });

  const checkTo = (to: string): CheckRecord => {
    const check = record.scenarios.flatMap(checksOf).find((one) => one.to === to);
    if (check === undefined) throw new Error(`there is no check of ${to}`);
    return check;
  };
  const newPods = () => record.watch?.churn?.pods ?? [];
  /** When the process of a new pod began, on the clock of the test. */
  const bornMs = ({ beganMs }: { readonly beganMs: number }): number =>
    Date.parse(record.watch?.startedAt ?? '') + beganMs;
  const windowsOf = (pod: string, to: string) =>
    checkTo(to).watched?.windows.filter(({ newPod }) => newPod?.pod === pod) ?? [];
  test('are made as often as asked for, on the nodes in turn, and tell what they saw from their beginning on', () => {
    const { churn } = record.watch ?? {};
    expect(churn).toMatchObject({ perMinute: PER_MINUTE });
    // A machine that is busy may not keep up: that is told, and all others are made and tell.
    for (const { reason } of churn?.failures ?? []) expect(reason).toMatch(/^the cluster did not keep up/);
    const missing = (churn?.failures ?? []).reduce((sum, { pods }) => sum + pods, 0);
    expect(churn?.made).toBe((churn?.due ?? 0) - missing);
    expect(churn?.pods.length).toBe(churn?.made);
    expect(churn?.pods.length).toBeGreaterThanOrEqual(4);
    expect(new Set(newPods().map(({ node }) => node)).size).toBe(2);
    for (const pod of newPods()) {
      expect(pod).toMatchObject({ copyOf: 'shop/web', checks: 2, triedMs: expect.any(Number) });
      expect(pod.triedMs ?? Number.NaN).toBeLessThan(pod.endMs);
    }
  });

  test('show how old they were while everything was open, and the truth is within it', () => {
    const born = newPods().filter(({ pod }) => openPods.includes(pod.replace('shop/', '')));
    expect(born.length).toBe(openPods.length);
    for (const pod of born) {
      // Where the machine had no time for the pod, nobody could tell: then there are several.
      const leaks = windowsOf(pod.pod, 'shop/db');
      expect(leaks[0]).toMatchObject({ kind: 'leak', outcome: 'connected', newPod: { node: pod.node } });
      expect(leaks[0]?.newPod?.began.earliestMs).toBe(0);
      const { ended } = leaks.at(-1)?.newPod ?? {};
      expect(ended?.latestMs).toBeGreaterThanOrEqual(open.closingMs - bornMs(pod) - pod.clockMs);
      expect(ended?.earliestMs).toBeLessThanOrEqual(open.overMs - bornMs(pod) + pod.clockMs);
      expect(pod.leaks).toBe(1);
      // Also at once, for whoever watches.
      expect(seen.join('\n')).toContain(
        `leak: shop/web → shop/db:80/TCP, the new pod ${pod.pod} on ${pod.node}, for its first `,
      );
    }
    expect(checkTo('shop/db')).toMatchObject({
      verdict: 'leaked',
      reason: expect.stringMatching(/^it was open /),
    });
  });

  test('have no leak where nothing was open while they were there', () => {
    const calm = newPods().filter(
      (pod) =>
        bornMs(pod) + pod.endMs + pod.clockMs < open.sinceMs ||
        calmPods.includes(pod.pod.replace('shop/', '')),
    );
    expect(calm.length).toBeGreaterThanOrEqual(calmPods.length);
    expect(calmPods.length).toBeGreaterThan(0);
    for (const pod of calm) {
      expect(windowsOf(pod.pod, 'shop/db')).toEqual([]);
      expect(pod.leaks).toBe(0);
    }
  });

  test('show how long it took until they could reach what they must, also where a node was late', () => {
    const told = newPods().filter(({ unknown }) => unknown === 0);
    for (const { gaps, allowedMs } of told) {
      expect(gaps).toBe(0);
      expect(allowedMs).toEqual(expect.any(Number));
    }
    const apiNode = record.scenarios[0]?.pods.find(({ name }) => name === 'api')?.node;
    const late = newPods().filter(
      ({ pod, node }) => latePods.includes(pod.replace('shop/', '')) && node !== apiNode,
    );
    expect(late.length).toBeGreaterThan(0);
    for (const { allowedMs } of late) expect(allowedMs ?? LATE_MS).toBeGreaterThan(500);
    expect(checkTo('shop/api').verdict).toBe('pass');
  });

  test('are not told as what else happened, and are gone in the end', () => {
    expect(incidents.filter((text) => text.includes('-new-'))).toEqual([]);
    expect(record.watch?.incidents.filter(({ text }) => text.includes('-new-'))).toEqual([]);
    expect(left.toSorted()).toEqual(['api', 'db', 'web']);
  });
});
