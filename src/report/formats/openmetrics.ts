/**
 * Metrics of a run, for node_exporter's textfile collector or a Pushgateway. The text is OpenMetrics and the older Prometheus
 * text format at once: there are no types, suffixes or timestamps that only one of them knows.
 */

import { VERDICTS } from '../../model/verdict.ts';
import { greatest } from '../../numbers.ts';
import { nameOfPlugin } from '../parts/circumstances.ts';
import { passedContrary } from '../parts/contrary.ts';
import { groupBy } from '../parts/group.ts';
import { decidedElsewhere } from '../parts/opinion.ts';
import { type Force, lateNodes } from '../parts/scenario-notes.ts';
import { runWord } from '../parts/summary.ts';
import { passedWithoutControl } from '../parts/without-control.ts';
import { countVerdicts } from '../view/counts.ts';
import type { StepTimes } from '../view/times.ts';
import type { RunView, StepView } from '../view/view.ts';

/**
 * Upper bounds in seconds, written as OpenMetrics wants floats to be. A sandbox settles in tenths, a large cluster may take a
 * minute.
 */
const SETTLE_BUCKETS = ['0.1', '0.25', '0.5', '1.0', '2.5', '5.0', '10.0', '30.0', '60.0'];

type SeriesLabels = Readonly<Record<string, string>>;

interface MetricFamily {
  readonly name: string;
  readonly type: 'gauge' | 'histogram';
  readonly help: string;
  readonly samples: readonly Sample[];
}

interface Sample {
  /** `_bucket`, `_sum` and `_count` of a histogram. */
  readonly suffix?: string;
  readonly labels?: SeriesLabels;
  readonly value: number;
}

/** A scenario's series. Two of one name would be one series for Prometheus, so they are counted together. */
interface ScenarioSeries {
  readonly labels: SeriesLabels;
  readonly durationsMs: readonly number[];
}

/** A step's series, counted together as well. The step of a scenario that has but one needs no label: the scenario's is enough. */
interface StepSeries {
  readonly labels: SeriesLabels;
  readonly checks: StepView['checks'];
  readonly force: Force;
  /** Of a scenario that goes on in steps: of each of them. */
  readonly changing: readonly StepView[];
}

/** Every series of a verdict is there also where it is 0, so that an alert has something to compare. */
export function renderOpenMetrics(view: RunView): string {
  const scenarios = groupBy(view.scenarios, ({ name }) => name).map(
    (group): ScenarioSeries => ({
      labels: { scenario: group[0]?.name ?? '' },
      durationsMs: group.flatMap(({ durationMs }) => durationMs ?? []),
    }),
  );
  const families = [...runFamilies(view), ...scenarioFamilies(scenarios, stepSeries(view))];
  const { cluster, clusterName = cluster } = view.environment;
  return [
    ...families
      .filter(({ samples }) => samples.length > 0)
      .flatMap((family) => renderFamily(family, { cluster: clusterName })),
    '# EOF',
    '',
  ].join('\n');
}

function stepSeries({ scenarios }: RunView): StepSeries[] {
  const steps = scenarios.flatMap((scenario) =>
    scenario.steps.map((step) => ({
      step,
      labels: { scenario: scenario.name, ...(scenario.hasSteps ? { step: step.label } : {}) },
    })),
  );
  return groupBy(steps, ({ labels }) => JSON.stringify(labels)).map((group) => ({
    labels: group[0]?.labels ?? {},
    checks: group.flatMap(({ step }) => step.checks),
    force: group.flatMap(({ step }) => step.force),
    changing: group.flatMap(({ step }) => (step.scenario.hasSteps ? step : [])),
  }));
}

function runFamilies(view: RunView): MetricFamily[] {
  const { run, podreach, environment } = view;
  const hasPassed = runWord(view).word === 'PASSED';
  const endedSeconds = run.endedAt === undefined ? [] : [{ value: Date.parse(run.endedAt) / 1000 }];
  return [
    {
      name: 'podreach_run_info',
      type: 'gauge',
      help: 'Always 1; its labels say what ran where.',
      samples: [
        {
          labels: {
            version: podreach.version,
            provider: environment.cluster,
            kubernetes: environment.kubernetes ?? '',
            network: environment.networkPlugins?.map(nameOfPlugin).join(', ') ?? '',
          },
          value: 1,
        },
      ],
    },
    {
      name: 'podreach_canary_enforce_seconds',
      type: 'gauge',
      help: 'From applying a deny-all until the node cut every connection of the canary.',
      samples: (environment.canary?.nodes ?? []).map(({ name, enforcedMs }) => ({
        labels: { node: name },
        value: enforcedMs / 1000,
      })),
    },
    {
      name: 'podreach_cluster_warnings',
      type: 'gauge',
      help: 'What is unusual about the cluster and may decide over the policies of the scenarios.',
      samples: [{ value: environment.warnings?.length ?? 0 }],
    },
    {
      name: 'podreach_run_success',
      type: 'gauge',
      help: '1 if the run came to its own end and every check passed, otherwise 0.',
      samples: [{ value: hasPassed ? 1 : 0 }],
    },
    {
      name: 'podreach_run_complete',
      type: 'gauge',
      help: '0 if the run was cut off: then nothing is proven about the rest.',
      samples: [{ value: run.incomplete || run.interruptedBy !== undefined ? 0 : 1 }],
    },
    {
      name: 'podreach_run_duration_seconds',
      type: 'gauge',
      help: 'How long the run took.',
      samples: run.durationMs === undefined ? [] : [{ value: run.durationMs / 1000 }],
    },
    {
      name: 'podreach_run_end_timestamp_seconds',
      type: 'gauge',
      help: 'When the run ended.',
      samples: endedSeconds,
    },
    {
      name: 'podreach_last_success_timestamp_seconds',
      type: 'gauge',
      help: 'When the run ended; absent unless it was a success.',
      samples: hasPassed ? endedSeconds : [],
    },
  ];
}

/** Of scenarios that go on in steps. */
const TIMES = [
  ['enforce', "From the step's last action until a pair that it cuts off was, over the pairs that were."],
  ['allow', "From the step's last action until a pair that it opens was open, over the pairs that were."],
] as const satisfies readonly (readonly [keyof StepTimes, string])[];

function scenarioFamilies(
  scenarios: readonly ScenarioSeries[],
  steps: readonly StepSeries[],
): MetricFamily[] {
  return [
    {
      name: 'podreach_checks',
      type: 'gauge',
      help: 'Checks of the last run by verdict.',
      samples: steps.flatMap(({ labels, checks }) => {
        const counts = countVerdicts(checks);
        return [
          ...VERDICTS.map((verdict) => ({ labels: { ...labels, verdict }, value: counts[verdict] })),
          { labels: { ...labels, verdict: 'not_judged' }, value: counts.unjudged },
        ];
      }),
    },
    {
      name: 'podreach_checks_decided_elsewhere',
      type: 'gauge',
      help: 'Checks that something else than the policies decided: cut off although they allow it, or let through although they deny it.',
      samples: steps.map(({ labels, checks }) => ({ labels, value: decidedElsewhere(checks).length })),
    },
    {
      name: 'podreach_checks_with_contrary_attempts',
      type: 'gauge',
      help: 'Checks that passed, and showed something else in some attempts under the policies.',
      samples: steps.map(({ labels, checks }) => ({ labels, value: passedContrary(checks).length })),
    },
    {
      name: 'podreach_scenario_duration_seconds',
      type: 'gauge',
      help: 'How long the scenario took.',
      samples: scenarios.flatMap(({ labels, durationsMs }) =>
        durationsMs.length === 0
          ? []
          : [{ labels, value: durationsMs.reduce((sum, ms) => sum + ms, 0) / 1000 }],
      ),
    },
    {
      name: 'podreach_enforce_seconds',
      type: 'gauge',
      help: 'From applying the policies until the last pair that they must cut off was; absent unless all of them were.',
      samples: steps.flatMap(({ labels, checks }) => {
        const shut = checks.filter(
          ({ expected, cutBy }) => expected === 'unreachable' && cutBy === undefined,
        );
        const cutMs = shut.flatMap(({ verdict, settledMs }) =>
          verdict === 'pass' || verdict === 'late' ? (settledMs ?? []) : [],
        );
        return cutMs.length === 0 || cutMs.length < shut.length
          ? []
          : [{ labels, value: greatest(cutMs) / 1000 }];
      }),
    },
    {
      name: 'podreach_take_up_seconds',
      type: 'gauge',
      help: 'From applying the policies until the node showed that it had taken them up; absent for a node that did not within the time.',
      samples: steps.flatMap(({ labels, force }) =>
        groupBy(force, ({ node }) => node).flatMap((group) => {
          const turnedMs = group.flatMap((one) => one.turnedMs ?? []);
          const node = group[0]?.node ?? '';
          return turnedMs.length < group.length
            ? []
            : [{ labels: { ...labels, node }, value: greatest(turnedMs) / 1000 }];
        }),
      ),
    },
    {
      name: 'podreach_late_nodes',
      type: 'gauge',
      help: 'Nodes that have not taken up the policies within the time: their checks are inconclusive.',
      samples: steps.map(({ labels, force }) => ({
        labels,
        value: new Set(lateNodes({ force })).size,
      })),
    },
    {
      name: 'podreach_settle_seconds',
      type: 'histogram',
      help: 'From applying the policies until a check showed what was expected, over the checks that did.',
      samples: steps.flatMap(({ labels, checks }) =>
        histogram(
          labels,
          checks.flatMap(({ settledMs }) => settledMs ?? []),
        ),
      ),
    },
    ...TIMES.map(
      ([kind, help]): MetricFamily => ({
        name: `podreach_time_to_${kind}_seconds`,
        type: 'histogram',
        help,
        samples: steps.flatMap(({ labels, changing }) =>
          changing.length === 0
            ? []
            : histogram(
                labels,
                changing.flatMap(({ times }) => times[kind].settledMs),
              ),
        ),
      }),
    ),
    {
      name: 'podreach_checks_without_control',
      type: 'gauge',
      help: 'Checks that passed because a pair was cut off, and had not been connected before any policy.',
      samples: steps.flatMap(({ labels, checks, changing }) =>
        changing.length === 0 ? [] : [{ labels, value: passedWithoutControl(checks).length }],
      ),
    },
    {
      name: 'podreach_step_duration_seconds',
      type: 'gauge',
      help: 'From the first action of the step to its last attempt.',
      samples: steps.flatMap(({ labels, changing }) => {
        const tookMs = changing.flatMap(({ durationMs }) => durationMs ?? []);
        return tookMs.length === 0 ? [] : [{ labels, value: tookMs.reduce((sum, ms) => sum + ms, 0) / 1000 }];
      }),
    },
  ];
}

function histogram(labels: SeriesLabels, settledMs: readonly number[]): Sample[] {
  const upTo = (bound: string): number => settledMs.filter((ms) => ms <= Number(bound) * 1000).length;
  return [
    ...SETTLE_BUCKETS.map((le) => ({ suffix: '_bucket', labels: { ...labels, le }, value: upTo(le) })),
    { suffix: '_bucket', labels: { ...labels, le: '+Inf' }, value: settledMs.length },
    { suffix: '_sum', labels, value: settledMs.reduce((sum, ms) => sum + ms, 0) / 1000 },
    { suffix: '_count', labels, value: settledMs.length },
  ];
}

/** @param common the labels of every sample */
function renderFamily({ name, type, help, samples }: MetricFamily, common: SeriesLabels): string[] {
  const unit = name.endsWith('_seconds') ? [`# UNIT ${name} seconds`] : [];
  return [
    `# TYPE ${name} ${type}`,
    ...unit,
    `# HELP ${name} ${help}`,
    ...samples.map(
      ({ suffix = '', labels = {}, value }) =>
        `${name}${suffix}${renderLabels({ ...common, ...labels })} ${value}`,
    ),
  ];
}

function renderLabels(labels: SeriesLabels): string {
  return `{${Object.entries(labels)
    .map(([name, value]) => `${name}="${escapeValue(value)}"`)
    .join(',')}}`;
}

/** Line breaks, the third thing to escape, are gone: the view holds none. All else stands for itself in UTF-8. */
function escapeValue(text: string): string {
  return text.replaceAll('\\', '\\\\').replaceAll('"', '\\"');
}
