/** Progress for people, on standard error: a live line on a terminal, plain lines elsewhere. */
import type { Clock } from '../../clock.ts';
import { CANARY, type ProgressEvent, type ProgressListener } from '../../progress.ts';
import { nameColumn, renderResultLine, WORD_WIDTH } from '../parts/result-line.ts';
import { createPaint, usableWidth } from '../text/paint.ts';
import { disarmCommands, duration, neutraliseAll } from '../text/text.ts';
import { createLiveLine } from './live-line.ts';
import { advance, BEGINNING, describeEvent, describeState, type ProgressState } from './progress-state.ts';
import type { Screen } from './screen.ts';

const CANARY_EVERY_MS = 5_000;

/** What stays also above a live line: it tells of a moment. */
const STAYING: ReadonlySet<ProgressEvent['type']> = new Set(['part-started', 'windows-seen', 'incident']);

export interface ProgressOptions {
  /** Only notes. */
  readonly quiet: boolean;
  /** Where there is no terminal: pods and rounds as well. */
  readonly verbose: boolean;
  readonly colour?: boolean;
}

export interface Progress {
  readonly listen: ProgressListener;
  /** Takes the live line away. Notes are still shown afterwards. */
  close(): void;
}

/**
 * Shows the events of one run. Each scenario of several leaves a line when it ends; of a single one the report that
 * follows says the same.
 */
export function createProgress(screen: Screen, options: ProgressOptions, clock: Clock): Progress {
  const live = screen.isTerminal && !options.quiet ? createLiveLine(screen, clock) : undefined;
  const print = (lines: readonly string[]): void => {
    if (lines.length === 0) return;
    if (live === undefined) screen.write(disarmCommands(lines.map((line) => `${line}\n`).join('')));
    else live.print(lines);
  };
  const endings = createEndings(screen, options.colour ?? false);
  const isDue = createCanaryPace(clock);
  let state = BEGINNING;
  return {
    listen(written) {
      const event = neutraliseAll(written);
      state = advance(state, event);
      live?.show(describeState(state));
      if (event.type === 'note') print([event.text]);
      // What the user's own command says is the user's to silence.
      if (event.type === 'command-line') print([event.text]);
      if (options.quiet || event.type === 'note' || event.type === 'command-line') return;
      if (live === undefined || STAYING.has(event.type))
        print(plainLines(event, options.verbose || isDue(event)));
      print(endings(event, state));
    },
    close: () => live?.close(),
  };
}

/** Of the canary's rounds one every few seconds is told: whoever waits for a cluster that does not enforce sees what it waits for. */
function createCanaryPace(clock: Clock): (event: ProgressEvent) => boolean {
  let toldMs = Number.NaN;
  return (event) => {
    if (event.type === 'canary-started') toldMs = clock.now();
    if (event.type !== 'round-ended' || event.scenario !== CANARY) return false;
    if (!(clock.now() - toldMs >= CANARY_EVERY_MS)) return false;
    toldMs = clock.now();
    return true;
  };
}

/** What an event says where lines stay: at most one for a phase, and what happens within it only where that is asked for. */
function plainLines(
  event: Exclude<ProgressEvent, { type: 'note' | 'command-line' }>,
  isVerbose: boolean,
): string[] {
  switch (event.type) {
    case 'part-started':
    case 'cluster-starting':
    case 'cluster-stopping':
    case 'cleaning-up':
    case 'canary-started':
    case 'canary-ended':
      return [describeEvent(event)];
    case 'cluster-ready':
      return [`${describeEvent(event)}, after ${duration(event.durationMs)}`];
    case 'scenario-started':
      return [`${event.scenario} (${event.index} of ${event.total}): ${describeEvent(event)}`];
    case 'phase-started':
      return [`${event.scenario}: ${describeEvent(event)}`];
    case 'pods-ready':
    case 'round-ended':
      return isVerbose ? [`${event.scenario}: ${describeEvent(event)}`] : [];
    case 'watch-began':
    case 'watch-ending':
    case 'windows-seen':
    case 'incident':
      return [describeEvent(event)];
    case 'watch-goes-on':
      return isVerbose && event.hasCollected ? [describeEvent(event)] : [];
    case 'scenario-ended':
      return [];
  }
}

/** Lines for scenarios that have ended, aligned with those that have begun by then. */
function createEndings(
  screen: Screen,
  colour: boolean,
): (event: ProgressEvent, state: ProgressState) => string[] {
  const checks = new Map<string, number>();
  const paint = createPaint(colour);
  return (event, { total }) => {
    if (event.type === 'scenario-started') checks.set(event.scenario, event.checks);
    if (event.type !== 'scenario-ended' || total === 1) return [];
    const { scenario: name, status, verdicts, durationMs, error } = event;
    const judged = Object.values(verdicts).reduce((sum, number) => sum + number, 0);
    const counts = { ...verdicts, unjudged: (checks.get(name) ?? judged) - judged };
    const columns = { word: WORD_WIDTH, name: nameColumn([name, ...checks.keys()]) };
    // What is not shown on a terminal need not be wrapped.
    const canvas = {
      width: screen.isTerminal ? usableWidth(screen.columns) : Number.POSITIVE_INFINITY,
      paint,
    };
    return [
      ...renderResultLine({ name, status, counts, error, durationMs }, columns, canvas),
      ...(error === undefined ? [] : [`${' '.repeat(WORD_WIDTH + 2)}${error.message}`]),
    ];
  };
}
