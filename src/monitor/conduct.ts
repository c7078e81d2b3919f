/** A watch from its beginning to its end: who begins, who is asked, what else goes on, and what ends it. */
import { Interruption } from '../errors.ts';
import { isConfirmed } from '../judge/judge.ts';
import { describeLeftOut, leftOutByReason } from '../judge/new-pods.ts';
import { describeAges } from '../judge/windows/lengths.ts';
import type { WatchRules } from '../judge/windows/verdict.ts';
import type { RunDraft } from '../record/draft.ts';
import type { StandingRun } from '../run/job.ts';
import type { ProbeNode } from '../run/schedulable.ts';
import type { StandingScenario } from '../run/stand.ts';
import { Churn } from './churn/churn.ts';
import type { NewPods } from './churn/new-pods.ts';
import { nodesForCopies, planCopies } from './churn/plan.ts';
import type { CommandEnd } from './command.ts';
import { everyFor } from './every.ts';
import { followIncidents } from './incidents/follow.ts';
import { nameChecks, RunWatch, type WatchRecord } from './watch.ts';

/** Between two collections. Agents remember for much longer. */
const COLLECT_MS = 5_000;
/** Between two signs of life. */
const TELL_MS = 1_000;

type EndedBy = NonNullable<WatchRecord['endedBy']>;

export interface MonitorOptions {
  /** How often each check is tried. Absent: as often as the cluster can bear. */
  readonly everyMs?: number | undefined;
  /** How long to watch. Absent: until the command has ended, or it is enough. */
  readonly forMs?: number | undefined;
  /** How long to watch on when the command has ended. */
  readonly afterMs: number;
  readonly budgets: WatchRecord['budgets'];
  /** Whether a connection is held open besides, for each check that one can be held for. Absent: where they are few. */
  readonly isHeld?: boolean | undefined;
  /** How many new pods are made a minute. Absent: none. */
  readonly churnPerMinute?: number | undefined;
  /** The options of `podreach monitor` with which it can be watched again as it was, for the reports. */
  readonly again?: readonly string[];
  /** Run meanwhile. */
  readonly command?: WatchedCommand | undefined;
  /**
   * Aborted where the user wants the watch to end, with an `Interruption`: everything goes on from there as if its time was over. Where
   * something else was to end it, the run counts as interrupted.
   */
  readonly enough: AbortSignal;
}

/** What is run while checks are watched. */
export interface WatchedCommand {
  /** How it is told of. */
  readonly line: readonly string[];
  /**
   * Must not throw: that it failed is an outcome.
   * @param signal aborted when it is to end @param kubeconfig the text of the cluster's
   */
  readonly run: (signal: AbortSignal, kubeconfig: string) => Promise<CommandEnd>;
}

/** A watch that goes on, and what it is written into. */
interface Going {
  readonly watch: RunWatch;
  readonly churn: Churn | undefined;
  readonly own: WatchRecord;
  readonly options: MonitorOptions;
  readonly run: StandingRun;
}

/**
 * Watches until the time is over, the command has ended, or it is enough, and leaves in the record what was seen.
 * @returns by what the checks are to be judged
 * @throws the reason of the run's own signal
 */
export async function conductWatch(
  standing: readonly StandingScenario[],
  run: StandingRun,
  options: MonitorOptions,
): Promise<WatchRules> {
  const { checked, record, save } = run;
  const { tools, nodes } = checked;
  const { clock, progress, signal } = tools;
  const { budgets, forMs } = options;
  const checks = standing.flatMap(({ step }) => step.draft.checks).length;
  const { everyMs, why } =
    options.everyMs === undefined ? everyFor(checks, nodes) : { everyMs: options.everyMs, why: undefined };
  tellUnsettled(standing, progress);
  const copyNodes = options.churnPerMinute === undefined ? [] : nodesForCopies(nodes, standing, tools);
  const newPodsOn = copyNodes.map(({ name }) => name);
  const watch = new RunWatch(standing, { everyMs, isHeld: options.isHeld, newPodsOn }, tools);
  const startedAt = clock.date();
  const own: WatchRecord = {
    startedAt: startedAt.toISOString(),
    everyMs,
    ...(why === undefined ? {} : { why }),
    budgets,
    attempts: { due: 0, made: 0, collected: 0 },
    longestStallMs: 0,
    incidents: [],
  };
  record.watch = own;
  for (const [pod, failure] of await watch.begin())
    progress({ type: 'note', text: `the watch in ${pod} has not begun yet: ${failure}` });
  signal.throwIfAborted();
  const churn = churnOf(standing, copyNodes, watch, run, options);
  const over = new AbortController();
  const following = await followIncidents(
    {
      namespaces: [...new Set(standing.flatMap(({ scenario }) => namespacesOf(scenario)))],
      startedMs: startedAt.getTime(),
      now: () => watch.now(),
      onIncident: (incident) => {
        const { kind, object = '' } = incident;
        // What the run does itself is not what else happened.
        if (kind.startsWith('pod-') && churn?.isNewPod(object)) return;
        watch.incidents.push(incident);
        progress({ type: 'incident', atMs: incident.atMs, text: incident.text });
      },
    },
    { ...tools, signal: AbortSignal.any([signal, over.signal]) },
  );
  save();
  progress({
    type: 'watch-began',
    checks,
    everyMs,
    ...(why === undefined ? {} : { why }),
    ...(forMs === undefined ? {} : { forMs }),
  });

  const churning = churn?.go(over.signal);
  try {
    own.endedBy = await untilOver({ watch, churn, own, options, run });
  } finally {
    over.abort();
    await following.ended;
  }
  signal.throwIfAborted();
  if (own.endedBy === 'signal') noteInterruption(record, options);
  const endMs = watch.now();
  progress({ type: 'watch-ending' });
  await churning;
  const unheard = await watch.collect(true);
  signal.throwIfAborted();
  for (const [pod, failure] of unheard)
    progress({ type: 'note', text: `what ${pod} saw last is not known: ${failure}` });
  own.durationMs = Math.round(endMs);
  tellSeen(watch, own, endMs, progress, true);
  noteChurn(own, churn, watch.newPods);
  save();
  return { startedAt: own.startedAt, budgets, endMs };
}

/** @returns undefined where no new pods are asked for */
function churnOf(
  standing: readonly StandingScenario[],
  nodes: readonly ProbeNode[],
  watch: RunWatch,
  { checked: { tools }, record }: StandingRun,
  { churnPerMinute }: MonitorOptions,
): Churn | undefined {
  if (churnPerMinute === undefined) return undefined;
  const plan = planCopies(standing, watch.checks, nodes, record, tools);
  for (const part of leftOutByReason(plan.leftOut))
    tools.progress({ type: 'note', text: `new pods leave out ${describeLeftOut(part)}` });
  const context = { ...tools, zeroMs: watch.zeroMs };
  return new Churn(churnPerMinute, plan, (pod) => watch.newPods.add(pod), context);
}

/** Says what did not show what is expected already: that is no window. */
function tellUnsettled(
  standing: readonly StandingScenario[],
  progress: StandingRun['checked']['tools']['progress'],
): void {
  const unsettled = standing.flatMap(({ step: { draft, rules } }) =>
    draft.checks.filter((check) => !isConfirmed(check, rules)),
  );
  if (unsettled.length === 0) return;
  progress({ type: 'note', text: `not as expected before the watch: ${nameChecks(unsettled)}` });
}

/** Whoever ends a watch that would have ended by itself has cut it off. */
function noteInterruption({ run }: RunDraft, { forMs, command, enough }: MonitorOptions): void {
  if (forMs === undefined && command === undefined) return;
  const reason: unknown = enough.reason;
  run.interruptedBy = reason instanceof Interruption ? reason.signalName : 'SIGINT';
}

/** Collects again and again. @returns what ended the watch */
async function untilOver({ watch, churn, own, options, run }: Going): Promise<EndedBy> {
  const { forMs, enough } = options;
  const { clock, progress, signal } = run.checked.tools;
  const ended = new AbortController();
  let endedBy: EndedBy = 'signal';
  const stop = AbortSignal.any([signal, enough, ended.signal]);
  /** @returns whether all of it has passed */
  const pause = async (ms: number): Promise<boolean> => {
    await clock.sleep(ms, stop).catch(() => undefined);
    return !stop.aborted;
  };
  const endAfter = async (ms: number, by: EndedBy): Promise<void> => {
    if (!(await pause(ms))) return;
    endedBy = by;
    ended.abort();
  };
  let open: ReturnType<typeof tellSeen> = { leak: 0, gap: 0, unknown: 0 };
  const tell = (hasCollected: boolean): void =>
    progress({
      type: 'watch-goes-on',
      elapsedMs: watch.now(),
      ...(forMs === undefined ? {} : { forMs }),
      attempts: own.attempts.collected,
      open,
      hasCollected,
    });
  const collecting = async (): Promise<void> => {
    while (await pause(COLLECT_MS)) {
      // What is still out then may show anything.
      const knownMs = Math.max(0, watch.now() - 2 * run.checked.tools.timing.timeoutMs);
      await watch.collect(false);
      open = tellSeen(watch, own, knownMs, progress);
      noteChurn(own, churn, watch.newPods);
      // What is told is in the record: whoever ends podreach now finds it there.
      run.save();
      tell(true);
    }
  };
  const telling = async (): Promise<void> => {
    while (await pause(TELL_MS)) tell(false);
  };
  await Promise.all([
    collecting(),
    telling(),
    forMs === undefined ? undefined : endAfter(forMs, 'time'),
    runBeside({ watch, own, options, run }, stop)?.then(() => endAfter(options.afterMs, 'command')),
  ]);
  return endedBy;
}

/** What has become of new pods so far. */
function noteChurn(own: WatchRecord, churn: Churn | undefined, { waiting, accounts }: NewPods): void {
  if (churn === undefined) return;
  const { perMinute, due, made, failures, plan } = churn;
  own.churn = {
    perMinute,
    due: due - waiting,
    made: made - waiting,
    failures: [...failures],
    pods: accounts,
    ...(plan.leftOut.length === 0 ? {} : { leftOut: [...plan.leftOut] }),
  };
}

/** Writes what is known into the record, and says which windows are new. @returns how many are open, by kind */
function tellSeen(
  watch: RunWatch,
  own: WatchRecord,
  knownMs: number,
  progress: StandingRun['checked']['tools']['progress'],
  isLast = false,
): ReturnType<RunWatch['write']>['open'] {
  const { open, seen } = watch.write(own, knownMs, isLast);
  for (const kind of ['leak', 'gap'] as const) {
    for (const [, windows] of Map.groupBy(seen[kind], ({ newPod }) => newPod?.pod)) {
      const [first] = windows;
      if (first === undefined) continue;
      const { atMs, newPod } = first;
      const checks = nameChecks(windows.map(({ check }) => check));
      const by = newPod && `the new pod ${newPod.pod} on ${newPod.node}, ${describeAges(newPod)}`;
      progress({ type: 'windows-seen', kind, atMs, checks, ...(by === undefined ? {} : { by }) });
    }
  }
  return open;
}

/** Runs the command of the user, and takes down how it ended. @returns undefined where there is none */
function runBeside(
  { watch, own, options, run }: Omit<Going, 'churn'>,
  stop: AbortSignal,
): Promise<void> | undefined {
  const { command } = options;
  if (command === undefined) return undefined;
  const { progress } = run.checked.tools;
  const [program] = command.line;
  const note = (kind: 'command-started' | 'command-ended', atMs: number, text: string): void => {
    watch.incidents.push({ kind, atMs, text });
    progress({ type: 'incident', atMs, text });
  };
  const startedMs = Math.round(watch.now());
  own.command = { line: [...command.line], startedMs };
  note('command-started', startedMs, `${program} was started`);
  return command.run(stop, run.checked.cluster.kubeconfig).then(({ exitCode, failure }) => {
    const endedMs = Math.round(watch.now());
    own.command = {
      line: [...command.line],
      startedMs,
      endedMs,
      ...(exitCode === undefined ? {} : { exitCode }),
      ...(failure === undefined ? {} : { failure }),
    };
    note(
      'command-ended',
      endedMs,
      `${program} ${failure === undefined ? 'has ended' : `failed: ${failure}`}`,
    );
  });
}

function namespacesOf({ namespaces, steps }: StandingScenario['scenario']): readonly string[] {
  return [...namespaces, ...steps.flatMap((step) => step.namespaces ?? [])].map(({ name }) => name);
}
