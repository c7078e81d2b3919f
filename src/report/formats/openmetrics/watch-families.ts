/** The metrics of a watch: of the run as a whole, of each scenario and step, and of the checks that have windows. */
import { type ChurnRecord, newPodTotals } from '../../../judge/new-pods.ts';
import { lengthsOf } from '../../../judge/windows/lengths.ts';
import { lengthOf, WINDOW_KINDS } from '../../../model/window.ts';
import { greatest } from '../../../numbers.ts';
import { groupBy } from '../../parts/group.ts';
import { fateOf, type WorstFate } from '../../parts/held.ts';
import type { CheckView, RunView } from '../../view/view.ts';
import type { MetricFamily, Sample, SeriesLabels } from './family.ts';
import { histogram } from './histogram.ts';
import { stepLabels } from './step-labels.ts';

const FATES: readonly WorstFate[] = ['survived', 'stalled', 'broken', 'unopened'];

/** None where nothing was watched. */
export function watchFamilies(view: RunView): MetricFamily[] {
  const { watch } = view;
  if (watch === undefined) return [];
  return [
    gauge(
      'podreach_watch_duration_seconds',
      'How long checks were watched; absent where the watch did not come to its end.',
      watch.durationMs === undefined ? [] : [{ value: watch.durationMs / 1000 }],
    ),
    gauge('podreach_watch_interval_seconds', 'How often each check was tried.', [
      { value: watch.everyMs / 1000 },
    ]),
    gauge(
      'podreach_watch_attempts',
      'Attempts of the watch: how many were due, how many were made, and of how many podreach heard.',
      Object.entries(watch.attempts).map(([state, value]) => ({ labels: { state }, value })),
    ),
    gauge('podreach_watch_longest_stall_seconds', 'The longest time in which an agent did not run.', [
      { value: watch.longestStallMs / 1000 },
    ]),
    gauge(
      'podreach_watch_incidents',
      'What else happened in the cluster meanwhile, by kind.',
      groupBy(watch.incidents, ({ kind }) => kind).map((group) => ({
        labels: { kind: group[0]?.kind ?? '' },
        value: group.length,
      })),
    ),
    gauge(
      'podreach_watch_command_exit_code',
      'What the command ended with; absent where there was none, or where it did not end by itself.',
      watch.command?.exitCode === undefined ? [] : [{ value: watch.command.exitCode }],
    ),
    ...newPodFamilies(watch.churn),
    ...stepFamilies(view),
    ...windowFamilies(view),
  ];
}

/** None where no new pods were asked for. */
function newPodFamilies(churn: ChurnRecord | undefined): MetricFamily[] {
  if (churn === undefined) return [];
  const { missing, asExpected, leaking, cutOff, unknown, unknownMs, triedMs, allowedMs } =
    newPodTotals(churn);
  const pods = { as_expected: asExpected, leak: leaking, gap: cutOff, unknown, missing };
  return [
    gauge(
      'podreach_new_pods',
      'New pods that were made meanwhile, by what they showed of their checks; one may have shown several things. missing: there should have been one, and it told nothing.',
      Object.entries(pods).map(([showed, value]) => ({ labels: { showed }, value })),
    ),
    {
      name: 'podreach_new_pods_allowed_seconds',
      type: 'histogram',
      help: 'How old new pods were when all that they must reach was reachable, over those that came to it.',
      samples: histogram({}, allowedMs),
    },
    gauge(
      'podreach_new_pods_unknown_seconds',
      'For how long nobody could tell, of the new pod of which least is known.',
      [{ value: unknownMs / 1000 }],
    ),
    gauge(
      'podreach_new_pods_seen_from_seconds',
      'How old the last of them was when it tried its first check: what was before, nobody saw.',
      triedMs === undefined ? [] : [{ value: triedMs / 1000 }],
    ),
  ];
}

function gauge(name: string, help: string, samples: readonly Sample[]): MetricFamily {
  return { name, type: 'gauge', help, samples };
}

/** Of each step also where there are no windows: an alert has something to compare. */
function stepFamilies({ scenarios, watchEndMs }: RunView): MetricFamily[] {
  const watched = scenarios
    .flatMap(({ steps }) => steps)
    .map((step) => ({ labels: stepLabels(step), checks: step.checks.filter((check) => check.watched) }))
    .filter(({ checks }) => checks.length > 0);
  const series = groupBy(watched, ({ labels }) => JSON.stringify(labels)).map((group) => ({
    labels: group[0]?.labels ?? {},
    checks: group.flatMap(({ checks }) => checks),
  }));
  const byKind = (
    numberOf: (checks: readonly CheckView[], kind: (typeof WINDOW_KINDS)[number]) => number,
  ): Sample[] =>
    series.flatMap(({ labels, checks }) =>
      WINDOW_KINDS.map((kind) => ({ labels: { ...labels, kind }, value: numberOf(checks, kind) })),
    );
  return [
    gauge(
      'podreach_windows',
      'Stretches of the watch in which a check did not show what is expected (leak, gap), or nobody could tell (unknown).',
      byKind((checks, kind) => windowsOf(checks).filter((window) => window.kind === kind).length),
    ),
    gauge(
      'podreach_longest_window_seconds',
      'The longest of these stretches, as long as it showed itself; it may have been longer by what lies between two attempts.',
      byKind((checks, kind) =>
        greatest([
          0,
          ...windowsOf(checks)
            .filter((window) => window.kind === kind)
            .map((window) => lengthOf(window, watchEndMs).atLeastMs / 1000),
        ]),
      ),
    ),
    gauge(
      'podreach_checks_with_windows',
      'Checks that have at least one of these stretches.',
      byKind(
        (checks, kind) =>
          checks.filter(({ watched: { windows } = { windows: [] } }) =>
            windows.some((window) => window.kind === kind),
          ).length,
      ),
    ),
    gauge(
      'podreach_held_connections',
      'Connections that were held open during the watch, by what became of them.',
      series.flatMap(({ labels, checks }) => {
        const held = checks.flatMap((check) => check.watched?.held ?? []);
        return held.length === 0
          ? []
          : FATES.map((fate) => ({
              labels: { ...labels, fate },
              value: held.filter((one) => fateOf(one) === fate).length,
            }));
      }),
    ),
  ];
}

/** Of each check that has one: most have none, and need no series. */
function windowFamilies({ checks, watchEndMs }: RunView): MetricFamily[] {
  const series = groupBy(
    checks.filter(({ watched }) => watched !== undefined && watched.windows.length > 0),
    (check) => JSON.stringify(checkLabels(check)),
  ).flatMap((group) => {
    const [check] = group;
    const windows = windowsOf(group);
    return check === undefined
      ? []
      : WINDOW_KINDS.filter((kind) => windows.some((window) => window.kind === kind)).map((kind) => ({
          labels: { ...checkLabels(check), kind },
          lengths: lengthsOf(windows, kind, watchEndMs),
        }));
  });
  return [
    gauge(
      'podreach_check_windows',
      'The same stretches of each check that has any.',
      series.map(({ labels, lengths }) => ({ labels, value: lengths.windows })),
    ),
    gauge(
      'podreach_check_window_seconds',
      'How long they were together, as long as they showed themselves.',
      series.map(({ labels, lengths }) => ({ labels, value: lengths.total.atLeastMs / 1000 })),
    ),
  ];
}

function windowsOf(checks: readonly CheckView[]): NonNullable<CheckView['watched']>['windows'] {
  return checks.flatMap(({ watched }) => watched?.windows ?? []);
}

function checkLabels(check: CheckView): SeriesLabels {
  const { from, to, port, protocol, family, step } = check;
  const own = { ...stepLabels(step), from, to, port: String(port), protocol };
  return family === 'IPv4' ? own : { ...own, family };
}
