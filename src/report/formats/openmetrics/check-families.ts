/** The metrics of checks, by scenario and step. */

import { countResults } from '../../../judge/counts.ts';
import { type FirstInstantTotals, firstInstantsOf } from '../../../judge/first-instant.ts';
import type { StepTimes } from '../../../judge/times.ts';
import { VERDICTS } from '../../../model/verdict.ts';
import { greatest } from '../../../numbers.ts';
import { passedContrary } from '../../parts/contrary.ts';
import { groupBy } from '../../parts/group.ts';
import { decidedElsewhere } from '../../parts/opinion.ts';
import { type Force, lateNodes } from '../../parts/scenario-notes.ts';
import { passedWithoutControl } from '../../parts/without-control.ts';
import type { RunView, ScenarioView, StepView } from '../../view/view.ts';
import type { MetricFamily, Sample, SeriesLabels } from './family.ts';
import { histogram } from './histogram.ts';
import { stepLabels } from './step-labels.ts';

/** Of scenarios that go on in steps. */
const TIMES = [
  ['enforce', "From the step's last action until a pair that it cuts off was, over the pairs that were."],
  ['allow', "From the step's last action until a pair that it opens was open, over the pairs that were."],
] as const satisfies readonly (readonly [keyof StepTimes, string])[];

/** A scenario's series. Two of one name would be one series for Prometheus, so they are counted together. */
interface ScenarioSeries {
  readonly labels: SeriesLabels;
  readonly durationsMs: readonly number[];
  /** Checks that were not made because a Service that was there already lacks their family; undefined where they go to none. */
  readonly untried: number | undefined;
}

/** A step's series, counted together as well. */
interface StepSeries {
  readonly labels: SeriesLabels;
  readonly checks: StepView['checks'];
  readonly force: Force;
  /** Whether the scenario lists known issues: mismatches that are known count as that, and as no verdict. */
  readonly lists: boolean;
  /** Of a scenario that goes on in steps: of each of them. */
  readonly changing: readonly StepView[];
}

/** Those of the scenarios of a run, and of their steps. */
export function checkFamilies(view: RunView): MetricFamily[] {
  const scenarios = scenarioSeries(view);
  const steps = stepSeries(view);
  return [
    {
      name: 'podreach_checks',
      type: 'gauge',
      help: 'Checks of the last run by verdict.',
      samples: steps.flatMap(({ labels, checks, lists }) => {
        const counts = countResults(checks.map(({ countsAs }) => countsAs));
        return [
          ...VERDICTS.map((verdict) => ({ labels: { ...labels, verdict }, value: counts[verdict] })),
          { labels: { ...labels, verdict: 'not_judged' }, value: counts.unjudged },
          ...(lists ? [{ labels: { ...labels, verdict: 'known' }, value: counts.known }] : []),
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
      name: 'podreach_checks_not_made',
      type: 'gauge',
      help: 'Checks that were left out because a Service that was there already lacks their family.',
      samples: scenarios.flatMap(({ labels, untried }) =>
        untried === undefined ? [] : [{ labels, value: untried }],
      ),
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
      help: 'From applying the policies, in a later step from its last action, until the last pair that they must cut off was; absent unless all of them were.',
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
      help: 'From applying the policies, in a later step from its last action, until the node showed that it had taken them up; absent for a node that did not within the time.',
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
      help: 'Nodes that have not taken up the policies, or what a later step changed, within the time: their checks are inconclusive.',
      samples: steps.map(({ labels, force }) => ({
        labels,
        value: new Set(lateNodes({ force })).size,
      })),
    },
    {
      name: 'podreach_settle_seconds',
      type: 'histogram',
      help: 'From applying the policies, in a later step from its last action, until a check showed what was expected, over the checks that did.',
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
      name: 'podreach_first_instant_allow_seconds',
      type: 'gauge',
      help: 'From the first millisecond of a new pod until the last of what it must reach let it through; absent unless all of that did.',
      samples: firstInstantSamples(steps, ({ reachable: { concerned, allowedMs } }) =>
        concerned === 0 || allowedMs.length < concerned ? undefined : greatest(allowedMs) / 1000,
      ),
    },
    {
      name: 'podreach_first_instant_leaks',
      type: 'gauge',
      help: 'Pairs that were open at some time from the first millisecond of a new pod on, and must not be.',
      samples: firstInstantSamples(steps, ({ unreachable: { concerned, open } }) =>
        concerned === 0 ? undefined : open,
      ),
    },
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

function firstInstantSamples(
  steps: readonly StepSeries[],
  measure: (told: FirstInstantTotals) => number | undefined,
): Sample[] {
  return steps.flatMap(({ labels, checks }) => {
    const told = firstInstantsOf(checks);
    const value = told && measure(told);
    return value === undefined ? [] : [{ labels, value }];
  });
}

function scenarioSeries({ scenarios }: RunView): ScenarioSeries[] {
  return groupBy(scenarios, ({ name }) => name).map((group) => ({
    labels: { scenario: group[0]?.name ?? '' },
    durationsMs: group.flatMap(({ durationMs }) => durationMs ?? []),
    untried: untriedIn(group.flatMap(({ existingServices = [] }) => existingServices)),
  }));
}

function untriedIn(services: NonNullable<ScenarioView['existingServices']>): number | undefined {
  if (services.length === 0) return undefined;
  return services.reduce((sum, { untried }) => sum + (untried?.checks ?? 0), 0);
}

function stepSeries({ scenarios }: RunView): StepSeries[] {
  const steps = scenarios.flatMap((scenario) =>
    scenario.steps.map((step) => ({
      step,
      labels: stepLabels(step),
    })),
  );
  return groupBy(steps, ({ labels }) => JSON.stringify(labels)).map((group) => ({
    labels: group[0]?.labels ?? {},
    checks: group.flatMap(({ step }) => step.checks),
    lists: group.some(({ step }) => step.scenario.knownIssues !== undefined),
    force: group.flatMap(({ step }) => step.force),
    changing: group.flatMap(({ step }) => (step.scenario.hasSteps ? step : [])),
  }));
}
