/** What many run records show one after the other. They are taken in one at a time, and none is kept. */

import { fingerprintOf } from '../fingerprint.ts';
import { countsAs } from '../judge/known-issues.ts';
import { withoutUnprovenPasses } from '../judge/proven.ts';
import { describeCluster, describePlugins } from '../record/environment.ts';
import type { RunRecord } from '../record/schema.ts';
import { type CheckTrace, type CheckTrend, SHOWN, trendOf, weightOf } from './check-trend.ts';
import { type RunFacts, runFacts } from './run-facts.ts';
import { checkKey, type PlacedStep, type ScenarioPlace, stepKey, stepsOf } from './sides.ts';
import { type TimeTaken, takenIn } from './times.ts';

export interface History {
  /** The oldest first. */
  readonly runs: readonly PastRun[];
  /** How long steps took, run by run. */
  readonly times: readonly TimeTrend[];
  /** Checks that were a mismatch in any run, or are flaky; those that were one in the newest run that judged them first. */
  readonly checks: readonly CheckTrend[];
  /** How many checks there were in any run. */
  readonly checksSeen: number;
}

export interface PastRun extends RunFacts {
  readonly file: string;
  readonly podreach: string;
  readonly cluster: string;
  readonly kubernetes?: string;
  readonly networkPlugins?: string;
}

export interface TimeTrend {
  readonly place: ScenarioPlace;
  readonly measure: 'enforce' | 'allow';
  readonly points: readonly TimePoint[];
}

/** What a step took in one run. */
export interface TimePoint extends TimeTaken {
  /** The index of the run. */
  readonly run: number;
}

export class HistoryBuilder {
  readonly #runs: PastRun[] = [];
  readonly #known = new Map<string, PastRun>();
  readonly #traces = new Map<string, CheckTrace>();
  readonly #times = new Map<string, TimeTrend & { readonly points: TimePoint[] }>();
  /** What a verdict rests on, by number. */
  readonly #bases = new Map<string, number>();

  /** @returns the file that has brought the same run before; undefined where it is taken in */
  add(written: RunRecord, file: string): string | undefined {
    const record = withoutUnprovenPasses(written);
    const run = pastRun(record, file);
    const identity = `${run.startedAt} ${run.id}`;
    const known = this.#known.get(identity);
    if (known !== undefined) return known.file;
    this.#known.set(identity, run);
    const index = this.#runs.push(run) - 1;
    for (const step of stepsOf(record)) {
      this.#addTimes(step, index);
      this.#addChecks(step, index, record.watch !== undefined);
    }
    return undefined;
  }

  finish(): History {
    const order = this.#runs
      .map((run, index) => ({ run, index }))
      .sort(
        (left, right) => compareTexts(left.run.startedAt, right.run.startedAt) || left.index - right.index,
      );
    const rankOf = new Map(order.map(({ index }, rank) => [index, rank]));
    const rank = (index: number): number => rankOf.get(index) ?? 0;
    const times = [...this.#times.values()].map((trend): TimeTrend => {
      const points = trend.points.map((point) => ({ ...point, run: rank(point.run) }));
      return { ...trend, points: points.sort((left, right) => left.run - right.run) };
    });
    const checks = [...this.#traces.values()]
      .map((trace) => trendOf(trace, rank, order.length))
      .filter(({ failures, isFlaky }) => failures > 0 || isFlaky)
      .sort(
        (left, right) =>
          weightOf(left) - weightOf(right) || (right.lastFailure ?? 0) - (left.lastFailure ?? 0),
      );
    return { runs: order.map(({ run }) => run), times, checks, checksSeen: this.#traces.size };
  }

  #addTimes(step: PlacedStep, run: number): void {
    const taken = takenIn(step);
    for (const measure of ['enforce', 'allow'] as const) {
      const point = taken[measure];
      if (point === undefined) continue;
      const key = `${measure} ${stepKey(step)}`;
      const trend = this.#times.get(key) ?? { place: step.place, measure, points: [] };
      this.#times.set(key, trend);
      trend.points.push({ run, ...point });
    }
  }

  #addChecks(step: PlacedStep, run: number, isWatched: boolean): void {
    const { checks } = step.step;
    const { knownIssues } = step;
    const listed = knownIssues === undefined ? {} : { knownIssues };
    const place = stepKey(step);
    const circumstances = this.#runs[run];
    const basis = JSON.stringify([
      circumstances?.cluster,
      circumstances?.kubernetes,
      circumstances?.networkPlugins,
      // A watch sees in a while what a run sees in a moment, and something happens meanwhile.
      isWatched,
      step.policies.map(({ namespace, name, text }) => [namespace, name, text]),
    ]);
    const bases = {
      reachable: this.#numberOf(`reachable ${basis}`),
      unreachable: this.#numberOf(`unreachable ${basis}`),
    };
    for (const check of checks) {
      const key = place + checkKey(check);
      let trace = this.#traces.get(key);
      if (trace === undefined) {
        const { from, to, port, protocol, family, path } = check;
        trace = {
          place: step.place,
          from,
          to,
          port,
          protocol,
          family,
          path,
          runs: [],
          verdicts: [],
          bases: [],
        };
        this.#traces.set(key, trace);
      }
      // Nothing tells two of the same apart: the first stands for both.
      if (trace.runs.at(-1) === run) continue;
      trace.runs.push(run);
      trace.verdicts.push(SHOWN.indexOf(countsAs(check, listed) ?? 'unjudged'));
      trace.bases.push(bases[check.expected]);
    }
  }

  #numberOf(basis: string): number {
    const fingerprint = fingerprintOf(basis);
    const number = this.#bases.get(fingerprint) ?? this.#bases.size;
    this.#bases.set(fingerprint, number);
    return number;
  }
}

function pastRun(record: RunRecord, file: string): PastRun {
  const { podreach, environment } = record;
  const plugins = describePlugins(environment);
  return {
    ...runFacts(record),
    file,
    podreach: podreach.version,
    cluster: describeCluster(environment),
    ...(environment.kubernetes === undefined ? {} : { kubernetes: environment.kubernetes }),
    ...(plugins === undefined ? {} : { networkPlugins: plugins }),
  };
}

/** By code units, so that it is the same everywhere. */
function compareTexts(left: string, right: string): number {
  return left < right ? -1 : left > right ? 1 : 0;
}
