/** The verdicts of a step, as they are written into its record. */

import type { Elsewhere } from '../../judge/elsewhere.ts';
import { namedElsewhere } from '../../judge/finding.ts';
import { withFirstInstant } from '../../judge/first-instant.ts';
import { heldVerdict } from '../../judge/held.ts';
import { type Judgement, type JudgeRules, judge } from '../../judge/judge.ts';
import { disagreementOf } from '../../judge/opinions.ts';
import { type WatchRules, watchedVerdict } from '../../judge/windows/verdict.ts';
import { objectKey } from '../../keys.ts';
import { destinationsOf } from '../../model/service.ts';
import type { Oracle } from '../../policy/oracle.ts';
import type { CheckDraft } from '../../record/draft.ts';

export interface Judging {
  readonly checks: readonly CheckDraft[];
  readonly oracle: Oracle;
  readonly rules: JudgeRules;
  /** Why nothing can be told about a check, whatever it showed; undefined for all others. */
  readonly doubtOf: (check: CheckDraft) => string | undefined;
  /** As `doubtOf`, about what a new pod has seen at first. */
  readonly firstDoubtOf: (check: CheckDraft) => string | undefined;
  readonly elsewhereOf: (check: CheckDraft) => Elsewhere;
  /** What windows may last; absent: nothing is watched. */
  readonly watch?: Watched | undefined;
}

/** By what the checks of a watch are to be judged, or that it has not come to its end. */
export type Watched = WatchRules | 'not-over';

/**
 * Writes the verdicts of a step: when it has ended, and once more when more is known of what its verdicts rest on.
 * @param cutOff the run ended before the checks had their time: only what has shown itself already is a verdict
 */
export function writeVerdicts(
  { checks, oracle, rules, doubtOf, firstDoubtOf, elsewhereOf, watch }: Judging,
  cutOff: boolean,
): void {
  for (const check of checks) {
    const doubt = doubtOf(check);
    const settled: Judgement =
      doubt === undefined
        ? withWindows(
            heldVerdict(judge(check, rulesFor(check, rules), elsewhereOf(check)), check.held),
            check,
            watch,
          )
        : { verdict: 'inconclusive', reason: doubt };
    const { verdict, reason, settledMs } = withFirstInstant(settled, check, {
      withinMs: rules.withinMs,
      doubt: check.firstInstant && firstDoubtOf(check),
    });
    if (cutOff && (verdict === 'inconclusive' || settledMs === undefined)) continue;
    forget(check);
    check.verdict = verdict;
    if (verdict !== 'pass') check.isolatedBy = isolatedBy(oracle, check);
    if (reason !== undefined) check.reason = reason + adviceOnName(check);
    if (settledMs !== undefined) check.settledMs = Math.round(settledMs);
    const disagreement = disagreementOf(check);
    if (disagreement !== undefined) check.disagreement = disagreement;
  }
}

/** What was tried from the first instant of its source has its budget by the age of that, which is known better. */
function rulesFor({ firstInstant }: CheckDraft, rules: JudgeRules): JudgeRules {
  return firstInstant === undefined ? rules : { ...rules, withinMs: undefined };
}

/**
 * What has changed while it was watched is not flapping: the windows tell when that was. Nor does it become doubtful by what could not be
 * told later.
 */
function withWindows(judged: Judgement, { watched }: CheckDraft, watch: Watched | undefined): Judgement {
  if (watch === 'not-over')
    return judged.verdict === 'pass'
      ? { ...judged, verdict: 'inconclusive', reason: 'the watch did not come to its end' }
      : judged;
  if (watch === undefined || watched === undefined) return judged;
  if (judged.verdict !== 'flapping' && judged.verdict !== 'inconclusive')
    return watchedVerdict(judged, watched.windows, watch);
  const { verdict, ...rest } = watchedVerdict({ ...judged, verdict: 'pass' }, watched.windows, watch);
  return verdict === 'leaked' || verdict === 'broken' ? { ...rest, verdict } : judged;
}

function forget(check: CheckDraft): void {
  delete check.verdict;
  delete check.reason;
  delete check.settledMs;
  delete check.isolatedBy;
  delete check.disagreement;
}

/** D22: policies that isolate egress cut DNS as well. Nothing where the last attempt did not fail as a name, or nothing isolates it. */
function adviceOnName({ from, verdict, observed = [], isolatedBy }: CheckDraft): string {
  const { egress = [] } = isolatedBy ?? {};
  const last = observed.at(-1);
  const isUnresolved = last?.outcome === 'dns-failure' && namedElsewhere(last) === undefined;
  if (verdict !== 'inconclusive' || !isUnresolved || egress.length === 0) return '';
  return `; ${egress.join(', ')} ${egress.length === 1 ? 'isolates' : 'isolate'} the egress of ${from}, which cuts DNS too unless port 53 is allowed over UDP and TCP (D22)`;
}

function isolatedBy(oracle: Oracle, check: CheckDraft): NonNullable<CheckDraft['isolatedBy']> {
  const ingress = destinationsOf(check).flatMap((pod) => oracle.policiesIsolating(pod, 'ingress'));
  return {
    egress: oracle.policiesIsolating(check.from, 'egress').map(objectKey),
    ingress: [...new Set(ingress)].map(objectKey),
  };
}
