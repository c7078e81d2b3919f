/** A watch in the real sandbox, while somebody does to the cluster what a watch is there to see. The test knows the truth. */
import { readdirSync, readFileSync } from 'node:fs';
import { setTimeout as delay } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { Interruption } from '../../src/errors.ts';
import type { Kube, Resource } from '../../src/kube/kube.ts';
import type { WindowKind } from '../../src/model/window.ts';
import { conductWatch } from '../../src/monitor/conduct.ts';
import { type CheckRecord, checksOf, type RunRecord } from '../../src/record/schema.ts';
import { runWith, SCENARIO, sandbox } from '../run/run-with.ts';
import { throughProxy } from '../support/api-proxy.ts';

/** Namespaces, each with what is done to it. */
const PARTS = ['leak', 'gap', 'stop', 'gone', 'calm'] as const;
type Part = (typeof PARTS)[number];

/** Nothing takes longer to be in force there, whatever else the machine does. */
const IN_FORCE_MS = 10_000;
/** Nor longer to be told. */
const TOLD_WITHIN_MS = 120_000;

/** When something was done: it began to be so after `sinceMs`, and was so `byMs`. Milliseconds since the epoch. */
interface Moment {
  readonly sinceMs: number;
  readonly byMs: number;
}

async function done(act: () => Promise<unknown>): Promise<Moment> {
  const sinceMs = Date.now();
  await act();
  return { sinceMs, byMs: Date.now() + IN_FORCE_MS };
}

const policy = (namespace: string, spec: object, name = 'deny'): [Parameters<Kube['apply']>[0], string] => [
  { resource: 'networkpolicies', namespace, name },
  JSON.stringify({
    apiVersion: 'networking.k8s.io/v1',
    kind: 'NetworkPolicy',
    metadata: { name, namespace },
    spec,
  }),
];
const DENY = { podSelector: { matchExpressions: [{ key: 'open', operator: 'DoesNotExist' }] } };

/** The process of an agent, on this machine. Others have its environment as well: what has started it, and its execs. */
function agentOf(pod: string): number {
  const pids = readdirSync('/proc').filter((name) => /^\d+$/.test(name));
  const found = pids.find((pid) => {
    try {
      const [program, ...args] = readFileSync(`/proc/${pid}/cmdline`, 'utf8').split('\0');
      if (program !== 'node' || !args.some((one) => one.includes('PODREACH_AGENT'))) return false;
      return readFileSync(`/proc/${pid}/environ`, 'utf8').includes(`"pod":"${pod}"`);
    } catch {
      return false; // gone meanwhile, or somebody else's
    }
  });
  if (found === undefined) throw new Error(`no process is the agent of ${pod}`);
  return Number(found);
}

describe('a watch', () => {
  const truth = new Map<string, Moment>();
  const notes: string[] = [];
  const told: string[] = [];
  const seen: string[] = [];
  let record: RunRecord;

  beforeAll(async () => {
    const enough = new AbortController();
    let server: { readonly down: () => void; readonly up: () => void } | undefined;
    /** Waits until one of the messages matches. */
    const until = async (messages: readonly string[], text: RegExp): Promise<void> => {
      const deadline = performance.now() + TOLD_WITHIN_MS;
      while (!messages.some((one) => text.test(one))) {
        if (performance.now() > deadline)
          throw new Error(`nothing was like ${text} in ${JSON.stringify({ told, seen, notes }, null, 2)}`);
        await delay(20);
      }
    };
    const remember = async (name: string, act: () => Promise<unknown>): Promise<void> =>
      void truth.set(name, await done(act));
    const leave = (resource: Resource, namespace: string, name: string) => (): Promise<unknown> =>
      current.delete({ resource, namespace, name });
    let current: Kube;
    const interfere = async (kube: Kube): Promise<void> => {
      current = kube;
      const pid = agentOf('stop/a');
      await Promise.all([
        (async () => {
          await remember('opened', leave('networkpolicies', 'leak', 'deny'));
          await until(seen, /leak\/a → leak\/b:80\/TCP/);
          await remember('closed', () => kube.apply(...policy('leak', DENY)));
        })(),
        (async () => {
          await remember('cut', () => kube.apply(...policy('gap', { podSelector: {} }, 'by-hand')));
          await until(seen, /gap\/a → gap\/c:80\/TCP/);
          await until(told, /policy gap\/by-hand was created/);
          await remember('uncut', leave('networkpolicies', 'gap', 'by-hand'));
        })(),
        (async () => {
          await remember('stopped', async () => process.kill(pid, 'SIGSTOP'));
          await delay(5_000);
          await remember('continued', async () => process.kill(pid, 'SIGCONT'));
        })(),
        remember('deleted', leave('pods', 'gone', 'c')),
      ]);
      await until(told, /pod gone\/c was deleted/);
      await until(told, /policy leak\/deny was (created|replaced)/);
      server?.down();
      await until(told, /the API server did not answer/);
      await delay(2_000);
      server?.up();
      await until(told, /the API server answered again/);
      enough.abort(new Interruption('SIGINT'));
    };
    const provider = throughProxy(sandbox(), {
      attach: (proxy) => {
        server = proxy;
      },
    });
    record = await runWith(
      provider,
      (event, kube) => {
        if (event.type === 'note') notes.push(event.text);
        if (event.type === 'incident') told.push(event.text);
        if (event.type === 'windows-seen') seen.push(`${event.kind}: ${event.checks}`);
        return event.type === 'watch-began' ? interfere(kube) : undefined;
      },
      {
        scenario: PARTS.map((name) => SCENARIO.replaceAll('pair', name)).join('---\n'),
        whileStanding: (standing, run) =>
          conductWatch(standing, run, {
            everyMs: 250,
            afterMs: 0,
            budgets: { maxLeakMs: 0, maxUnknown: 0.9 },
            enough: enough.signal,
          }),
      },
    );
  });
  afterAll(() => {
    // Whatever went wrong: who is stopped cannot be ended.
    try {
      process.kill(agentOf('stop/a'), 'SIGCONT');
    } catch {
      // It has ended.
    }
  });

  const checkOf = (part: Part, to: 'b' | 'c'): CheckRecord => {
    const scenario = record.scenarios.find(({ name }) => name === part);
    const check = scenario && checksOf(scenario).find((one) => one.to === `${part}/${to}`);
    if (check === undefined) throw new Error(`there is no check of ${part}/${to}`);
    return check;
  };
  const windowsOf = (part: Part, to: 'b' | 'c', kind: WindowKind) =>
    checkOf(part, to).watched?.windows.filter((window) => window.kind === kind) ?? [];
  /** A time of the test on the clock of the watch. */
  const at = (ms: number): number => ms - Date.parse(record.watch?.startedAt ?? '');
  const when = (name: string): Moment => {
    const { sinceMs, byMs } = truth.get(name) ?? { sinceMs: Number.NaN, byMs: Number.NaN };
    return { sinceMs: at(sinceMs), byMs: at(byMs) };
  };
  const incidentOf = ({ incident = -1 }: { readonly incident?: number }): string =>
    record.watch?.incidents[incident]?.text ?? 'none';

  test('sees a policy that was away for a moment as a leak, names it, and its edges hold the truth', () => {
    const [leak, ...others] = windowsOf('leak', 'b', 'leak');
    expect(others).toEqual([]);
    expect(leak?.outcome).toBe('connected');
    const opened = when('opened');
    expect(leak?.began.latestMs).toBeGreaterThanOrEqual(opened.sinceMs);
    expect(leak?.began.earliestMs).toBeLessThanOrEqual(opened.byMs);
    const closed = when('closed');
    expect(leak?.ended?.latestMs).toBeGreaterThanOrEqual(closed.sinceMs);
    expect(leak?.ended?.earliestMs).toBeLessThanOrEqual(closed.byMs);
    expect(incidentOf(leak ?? {})).toMatch(/^policy leak\/deny was (deleted|replaced by \S+)$/);
    expect(checkOf('leak', 'b')).toMatchObject({
      verdict: 'leaked',
      reason: expect.stringMatching(/^it was open for/),
    });
    expect(checkOf('leak', 'c').verdict).toBe('pass');
    expect(windowsOf('leak', 'c', 'gap')).toEqual([]);
  });

  test('sees what was cut off for a while as a gap', () => {
    const [gap, ...others] = windowsOf('gap', 'c', 'gap');
    expect(others).toEqual([]);
    const cut = when('cut');
    expect(gap?.began.latestMs).toBeGreaterThanOrEqual(cut.sinceMs);
    expect(gap?.began.earliestMs).toBeLessThanOrEqual(cut.byMs);
    const uncut = when('uncut');
    expect(gap?.ended?.latestMs).toBeGreaterThanOrEqual(uncut.sinceMs);
    expect(gap?.ended?.earliestMs).toBeLessThanOrEqual(uncut.byMs);
    expect(incidentOf(gap ?? {})).toBe('policy gap/by-hand was created by podreach');
    expect(checkOf('gap', 'c').verdict).toBe('broken');
  });

  test('knows nothing of the time in which an agent did not run, and finds no fault in it', () => {
    for (const to of ['b', 'c'] as const) {
      const { windows = [], unknownMs = 0 } = checkOf('stop', to).watched ?? {};
      expect(windows.map(({ kind }) => kind)).not.toContain('gap');
      expect(unknownMs).toBeGreaterThan(4_400);
    }
    const stall = windowsOf('stop', 'c', 'unknown').find(
      ({ why }) => why === 'the agent of stop/a did not run',
    );
    expect(stall?.began.earliestMs).toBeLessThanOrEqual(when('stopped').byMs);
    expect(stall?.ended?.latestMs).toBeGreaterThanOrEqual(when('continued').sinceMs);
    expect(record.watch?.longestStallMs).toBeGreaterThan(4_500);
  });

  test('knows nothing of a pod that is gone, and says so', () => {
    expect(windowsOf('gone', 'c', 'gap')).toEqual([]);
    const unknown = windowsOf('gone', 'c', 'unknown').at(-1);
    expect(unknown?.ended).toBeUndefined();
    expect(record.watch?.incidents.map(({ text }) => text)).toContain('pod gone/c was deleted');
    expect(checkOf('gone', 'c').verdict).toBe('inconclusive');
    expect(notes).toContainEqual(expect.stringMatching(/^what gone\/c saw last is not known: /));
  });

  test('has no hole where the API server was away', () => {
    expect(record.watch?.incidents.map(({ kind }) => kind)).toEqual(
      expect.arrayContaining(['api-lost', 'api-back']),
    );
    for (const to of ['b', 'c'] as const) {
      expect(checkOf('calm', to).verdict).toBe('pass');
      // A machine that is busy may let an agent wait. But all that it saw was heard of.
      for (const { kind, why } of checkOf('calm', to).watched?.windows ?? [])
        expect({ kind, why }).toEqual({
          kind: 'unknown',
          why: expect.not.stringMatching(/was not heard|remember/),
        });
    }
    expect(checkOf('calm', 'c').watched?.held?.events).toEqual([
      { event: 'opened', atMs: expect.any(Number) },
    ]);
    expect(checkOf('calm', 'c').watched?.held?.beats).toBeGreaterThan(20);
  });

  test('is in the record with what it was made of', () => {
    const { watch, run } = record;
    expect(watch).toMatchObject({ everyMs: 250, endedBy: 'signal', durationMs: expect.any(Number) });
    // Nothing else was to end it.
    expect(run).toMatchObject({ incomplete: false, exitCode: 1 });
    const { due = 0, made = 0, collected = 0 } = watch?.attempts ?? {};
    expect(made).toBeLessThanOrEqual(due);
    expect(collected).toBeGreaterThan(0.8 * made);
    expect(seen).toEqual(
      expect.arrayContaining(['leak: leak/a → leak/b:80/TCP', 'gap: gap/a → gap/c:80/TCP']),
    );
  });
});
