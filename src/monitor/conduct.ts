/** A watch from its beginning to its end: who begins, who is asked, what else goes on, and what ends it. */
import type { WatchRules } from '../judge/windows/verdict.ts';
import type { RunDraft } from '../record/draft.ts';
import type { StandingRun } from '../run/job.ts';
import type { Standing } from '../run/stand.ts';
import type { CommandEnd } from './command.ts';
import { everyFor } from './every.ts';
import { followIncidents } from './incidents/follow.ts';
import { Watch } from './watch.ts';

/** Between two collections. Agents remember for much longer. */
const COLLECT_MS = 5_000;

type WatchRecord = NonNullable<RunDraft['watch']>;

export interface MonitorOptions {
  /** How often each check is tried. Absent: as often as the cluster can bear. */
  readonly everyMs?: number | undefined;
  /** How long to watch. Absent: until the command has ended, or the signal. */
  readonly forMs?: number | undefined;
  /** How long to watch on when the command has ended. */
  readonly afterMs: number;
  readonly budgets: WatchRecord['budgets'];
  /** Whether a connection is held open besides, for each check that one can be held for. */
  readonly isHeld: boolean;
  /** Run meanwhile. @param signal aborted when it is to end */
  readonly command?: {
    readonly line: readonly string[];
    readonly run: (signal: AbortSignal) => Promise<CommandEnd>;
  };
  /** Aborted where the user wants the watch to end: everything goes on from there as if its time was over. */
  readonly enough: AbortSignal;
}

/**
 * Watches until the time is over, the command has ended, or it is enough, and leaves in the record what was seen.
 * @returns by what the checks are to be judged
 * @throws the reason of the run's own signal
 */
export async function conductWatch(
  standing: readonly Standing[],
  { checked, record, save }: StandingRun,
  options: MonitorOptions,
): Promise<WatchRules> {
  const { tools, nodes } = checked;
  const { clock, progress, signal } = tools;
  const checks = standing.reduce((sum, { step }) => sum + step.draft.checks.length, 0);
  const { everyMs, why } =
    options.everyMs === undefined ? everyFor(checks, nodes) : { everyMs: options.everyMs, why: undefined };
  const watch = new Watch(standing, { everyMs, isHeld: options.isHeld }, tools);
  const startedAt = clock.date();
  const own: WatchRecord = {
    startedAt: startedAt.toISOString(),
    everyMs,
    ...(why === undefined ? {} : { why }),
    budgets: options.budgets,
    attempts: { due: 0, made: 0, collected: 0 },
    longestStallMs: 0,
    incidents: [],
  };
  record.watch = own;
  for (const [pod, failure] of await watch.begin())
    progress({ type: 'note', text: `the watch in ${pod} has not begun yet: ${failure}` });
  signal.throwIfAborted();
  progress({
    type: 'watch-began',
    checks,
    everyMs,
    ...(why === undefined ? {} : { why }),
    ...(options.forMs === undefined ? {} : { forMs: options.forMs }),
  });

  const over = new AbortController();
  const following = followIncidents(
    {
      namespaces: [...new Set(standing.flatMap(({ scenario }) => namespacesOf(scenario)))],
      startedMs: startedAt.getTime(),
      now: () => watch.now(),
      onIncident: (incident) => {
        watch.incidents.push(incident);
        progress({ type: 'incident', atMs: incident.atMs, text: incident.text });
      },
    },
    { ...tools, signal: AbortSignal.any([signal, over.signal]) },
  );
  try {
    const endedBy = await untilOver(watch, own, options, { tools, save });
    signal.throwIfAborted();
    own.endedBy = endedBy;
  } finally {
    over.abort();
    await following;
  }
  const endMs = watch.now();
  progress({ type: 'watch-ending' });
  for (const [pod, failure] of await watch.collect(true))
    progress({ type: 'note', text: `what ${pod} saw last is not known: ${failure}` });
  signal.throwIfAborted();
  own.durationMs = Math.round(endMs);
  watch.write(own, endMs);
  save();
  return { startedAt: own.startedAt, budgets: own.budgets, endMs };
}

/** Collects again and again. @returns what ended the watch */
async function untilOver(
  watch: Watch,
  own: WatchRecord,
  { command, forMs, afterMs, enough }: MonitorOptions,
  { tools, save }: Pick<StandingRun, 'save'> & { readonly tools: StandingRun['checked']['tools'] },
): Promise<NonNullable<WatchRecord['endedBy']>> {
  const { clock, progress, signal } = tools;
  const ended = new AbortController();
  let endedBy: NonNullable<WatchRecord['endedBy']> = 'signal';
  const end = (by: typeof endedBy): void => {
    if (!ended.signal.aborted) endedBy = by;
    ended.abort();
  };
  const stop = AbortSignal.any([signal, enough, ended.signal]);
  const pause = (ms: number): Promise<void> => clock.sleep(ms, stop).catch(() => undefined);
  const timing = forMs === undefined ? undefined : pause(forMs).then(() => end('time'));
  const running =
    command &&
    runBeside(command, own, watch, stop, tools.progress).then(async () => {
      await pause(afterMs);
      if (!stop.aborted) end('command');
    });
  while (!stop.aborted) {
    await pause(COLLECT_MS);
    if (stop.aborted) break;
    const askedMs = watch.now();
    await watch.collect(false);
    const open = watch.write(own, askedMs);
    progress({
      type: 'watch-goes-on',
      elapsedMs: askedMs,
      ...(forMs === undefined ? {} : { forMs }),
      attempts: own.attempts.collected,
      open,
    });
    save();
  }
  await Promise.all([timing, running]);
  return endedBy;
}

/** Runs the command of the user, and takes down how it ended. */
async function runBeside(
  { line, run }: NonNullable<MonitorOptions['command']>,
  own: WatchRecord,
  watch: Watch,
  stop: AbortSignal,
  progress: StandingRun['checked']['tools']['progress'],
): Promise<void> {
  const startedMs = Math.round(watch.now());
  own.command = { line: [...line], startedMs };
  watch.incidents.push({ kind: 'command-started', atMs: startedMs, text: `${line[0]} was started` });
  const { exitCode, failure } = await run(stop);
  const endedMs = Math.round(watch.now());
  own.command = {
    ...own.command,
    endedMs,
    ...(exitCode === undefined ? {} : { exitCode }),
    ...(failure === undefined ? {} : { failure }),
  };
  const how = failure === undefined ? 'has ended' : `failed: ${failure}`;
  watch.incidents.push({ kind: 'command-ended', atMs: endedMs, text: `${line[0]} ${how}` });
  progress({ type: 'incident', atMs: endedMs, text: `${line[0]} ${how}` });
}

function namespacesOf({ namespaces, steps }: Standing['scenario']): readonly string[] {
  return [...namespaces, ...steps.flatMap((step) => step.namespaces ?? [])].map(({ name }) => name);
}
