/** One check that did not turn out as expected: everything that a person needs to understand it and to see it again. */
import { isMismatch, MISMATCHES, type Mismatch } from '../../judge/mismatch.ts';
import { AGENT_PATH, PROBE_CONTAINER } from '../../probe/protocol.ts';
import {
  type AttemptRecord,
  type CheckRecord,
  OUTCOMES,
  type RunRecord,
  type ScenarioRecord,
} from '../../record.ts';
import { shellCommand } from '../../shell.ts';
import { type Fact, renderFacts, renderHeadline } from '../text/block.ts';
import type { Canvas } from '../text/paint.ts';
import { durationRange } from '../text/text.ts';
import { describeLocation, describePair } from './describe.ts';
import { findByKey } from './find.ts';
import { opinionFacts } from './opinion.ts';

/** A list of more policies than this explains nothing. */
const POLICIES_NAMED = 5;
const DETAILS_NAMED = 2;
const CHANGES_SHOWN = 8;

/** The checks that did not turn out as expected, the most dangerous first. */
export function mismatchesOf(checks: readonly CheckRecord[]): Mismatch[] {
  return checks
    .filter(isMismatch)
    .sort((left, right) => MISMATCHES.indexOf(left.verdict) - MISMATCHES.indexOf(right.verdict));
}

type Environment = RunRecord['environment'];

/** What a check belongs to. */
export interface Place {
  readonly scenario: ScenarioRecord;
  readonly environment: Environment;
}

/** The block of one mismatch. `place` is where its pods and policies, and its cluster, are looked up. */
export function renderMismatch(check: Mismatch, place: Place, canvas: Canvas): string[] {
  return [
    ...renderHeadline(check.verdict.toUpperCase(), check.verdict, describePair(check), canvas),
    ...renderFacts(factsOf(check, place), canvas),
  ];
}

/** What was expected, what was seen, and who may be the cause, of a check that did not pass. */
export function factsOf(check: CheckRecord, { scenario, environment }: Place): Fact[] {
  const control = check.attempts.filter(({ phase }) => phase === 'control');
  const later = underPolicies(check);
  const because = check.because === undefined ? '' : `, because ${check.because}`;
  return [
    { label: 'expected', text: `${check.expected}${because}` },
    { label: 'seen', text: describeAttempts(later) },
    ...orderFacts(later),
    ...listenerFacts(check, later),
    ...verdictFacts(check),
    { label: 'control', text: `${describeAttempts(control)} before any policy` },
    { label: 'declared', text: describeLocation(check.declared) },
    ...opinionFacts(check, scenario),
    ...policyFacts(check, scenario),
    ...runbookFacts(scenario),
    reproduction(check, scenario, environment),
  ];
}

/** The attempts since the policies were applied: those that the verdict rests on. */
export function underPolicies(check: CheckRecord): AttemptRecord[] {
  return check.attempts.filter(({ phase }) => phase !== 'control');
}

/** Outcomes with their share and their durations, the most frequent first: `timeout 3 of 3 (after 1.0 s)`. */
export function describeAttempts(attempts: readonly AttemptRecord[]): string {
  if (attempts.length === 0) return 'not tried';
  return OUTCOMES.map((outcome) => ({
    outcome,
    group: attempts.filter((attempt) => attempt.outcome === outcome),
  }))
    .filter(({ group }) => group.length > 0)
    .sort((left, right) => right.group.length - left.group.length)
    .map(({ outcome, group }) => {
      const evidence = [...detailsOf(group), ...timesOf(outcome, group)];
      return `${outcome} ${group.length} of ${attempts.length}${evidence.length === 0 ? '' : ` (${evidence.join(', ')})`}`;
    })
    .join(', ');
}

function detailsOf(attempts: readonly AttemptRecord[]): string[] {
  const details = new Set(attempts.flatMap(({ detail }) => detail ?? []));
  return [...details].slice(0, DETAILS_NAMED);
}

function timesOf(outcome: AttemptRecord['outcome'], attempts: readonly AttemptRecord[]): string[] {
  const times = attempts.flatMap(({ durationMs }) => durationMs ?? []);
  if (times.length === 0) return [];
  return [`${outcome === 'connected' ? 'in' : 'after'} ${durationRange(times)}`];
}

/** When more than one thing was seen, its order says whether it changed once or keeps changing. */
function orderFacts(attempts: readonly AttemptRecord[]): Fact[] {
  const runs: { outcome: string; times: number }[] = [];
  for (const { outcome } of attempts) {
    const last = runs.at(-1);
    if (last?.outcome === outcome) last.times += 1;
    else runs.push({ outcome, times: 1 });
  }
  if (runs.length < 2) return [];
  const shown = runs
    .slice(-CHANGES_SHOWN)
    .map(({ outcome, times }) => (times === 1 ? outcome : `${times} × ${outcome}`));
  return [{ label: 'in order', text: [...(runs.length > shown.length ? ['…'] : []), ...shown].join(', ') }];
}

/** Only where something did not connect: a connection is its own proof that somebody listened. */
function listenerFacts(check: CheckRecord, attempts: readonly AttemptRecord[]): Fact[] {
  const failed = attempts.filter(({ outcome }) => outcome !== 'connected');
  if (failed.length === 0) return [];
  const shares = [
    ['alive', failed.filter(({ listenerAlive }) => listenerAlive === true).length],
    ['dead', failed.filter(({ listenerAlive }) => listenerAlive === false).length],
    ['not known', failed.filter(({ listenerAlive }) => listenerAlive === undefined).length],
  ] as const;
  const seen = shares
    .filter(([, times]) => times > 0)
    .map(([state, times]) => `${state} ${times} of ${failed.length}`);
  const asked = `asked of ${check.to} itself in the same round${failed.length === 1 ? '' : 's'}`;
  return [{ label: 'listener', text: `${seen.join(', ')} (${asked})` }];
}

/** Of leaked and broken, expected and seen say it all. */
function verdictFacts({ verdict, reason }: CheckRecord): Fact[] {
  if (reason === undefined || verdict === 'leaked' || verdict === 'broken') return [];
  return [{ label: 'why', text: reason }];
}

function policyFacts(check: CheckRecord, scenario: ScenarioRecord): Fact[] {
  if (check.isolatedBy === undefined) return [];
  const { egress, ingress } = check.isolatedBy;
  return [
    {
      label: 'egress',
      text: `of ${check.from}: ${describePolicies(egress, scenario) ?? 'no policy isolates it, so it may connect to everything'}`,
    },
    {
      label: 'ingress',
      text: `of ${check.to}: ${describePolicies(ingress, scenario) ?? 'no policy isolates it, so everything may connect to it'}`,
    },
  ];
}

function describePolicies(references: readonly string[], scenario: ScenarioRecord): string | undefined {
  if (references.length === 0) return undefined;
  const named = references.slice(0, POLICIES_NAMED).map((reference) => {
    const policy = findByKey(scenario.policies, reference);
    return policy === undefined ? reference : `${reference} (${describeLocation(policy.location)})`;
  });
  const more = references.length - named.length;
  const list = [...named, ...(more === 0 ? [] : [`${more} more`])].join(', ');
  return `${references.length === 1 ? 'policy' : 'policies'} ${list}`;
}

/** On one line, however long, so that it can be opened. */
function runbookFacts({ runbook }: ScenarioRecord): Fact[] {
  return runbook === undefined ? [] : [{ label: 'runbook', text: runbook, isCommand: true }];
}

/** The command line that makes the same connection once more, by the same agent in the same pod. */
function reproduction(check: CheckRecord, scenario: ScenarioRecord, { kubectl = [] }: Environment): Fact {
  const source = findByKey(scenario.pods, check.from);
  const destination = findByKey(scenario.pods, check.to);
  if (source === undefined || destination?.ip === undefined) {
    return { label: 'reproduce', text: `not possible: the address of ${check.to} is not known` };
  }
  const agent = ['node', AGENT_PATH, 'connect', destination.ip, String(check.port), check.protocol];
  const exec = [
    'kubectl',
    ...kubectl,
    'exec',
    '-n',
    source.namespace,
    source.name,
    '-c',
    PROBE_CONTAINER,
    '--',
    ...agent,
  ];
  return { label: 'reproduce', text: shellCommand(exec), isCommand: true };
}
