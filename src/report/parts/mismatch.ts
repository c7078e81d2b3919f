/** One check that did not turn out as expected: everything that a person needs to understand it and to see it again. */
import { countOf, type Observation } from '../../model/observation.ts';
import { destinationsOf } from '../../model/service.ts';
import { type Fact, renderFacts, renderHeadline } from '../text/block.ts';
import type { Canvas } from '../text/paint.ts';
import { duration } from '../text/text.ts';
import { nodePortOf } from '../view/node-port.ts';
import type { CheckView, Mismatch, ScenarioView, StepView } from '../view/view.ts';
import { afterPolicies, beforePolicies, describeAttempts, describeOrder, underPolicies } from './attempts.ts';
import { describeContrary, isPassedContrary } from './contrary.ts';
import { describeLocation } from './describe.ts';
import { describeEvidence, isMetAsItIs } from './evidence.ts';
import { describeExpectation } from './expectation.ts';
import { firstInstantFacts } from './first-instant.ts';
import { heldFacts } from './held-connections.ts';
import { knownFacts } from './known-issues.ts';
import { opinionFacts } from './opinion.ts';
import { isDecidedBesides } from './shown.ts';
import { describeActions, describeChange, timeFacts } from './steps.ts';
import { watchedFacts } from './watched.ts';

/**
 * The block of one mismatch.
 * @param isWhole also what shows that a cut was one, at length
 */
export function renderMismatch(
  check: Mismatch,
  { canvas, isWhole }: { readonly canvas: Canvas; readonly isWhole: boolean },
): string[] {
  // It stands below its step.
  const facts = factsOf(check).filter(({ label }) => label !== 'step' && (isWhole || label !== 'evidence'));
  return [
    ...(check.known === undefined
      ? renderHeadline(check.verdict.toUpperCase(), check.verdict, check.pair, canvas)
      : renderHeadline('KNOWN', 'known', `${check.pair}, which is ${check.verdict}`, canvas)),
    ...renderFacts(facts, canvas),
  ];
}

/** What was expected, what was seen, what that rests on, and who may be the cause. */
export function factsOf(check: CheckView): Fact[] {
  return [
    ...seenFacts(check),
    { label: 'declared', text: describeLocation(check.declared) },
    ...fact('workloads', describeWorkloads(check)),
    ...knownFacts(check),
    ...opinionFacts(check),
    ...policyFacts(check),
    ...runbookFacts(check.scenario),
    check.reproduce(),
    ...keptFacts(check),
  ];
}

/** What of manifests its pods stand for. */
function describeWorkloads({ from, to, scenario }: CheckView): string | undefined {
  const named = (scenario.workloads ?? [])
    .filter(({ pod }) => pod === from || pod === to)
    .map(({ pod, kind, location }) => `${pod} is a ${kind} (${describeLocation(location)})`);
  return named.length === 0 ? undefined : named.join(', ');
}

/** A run goes on to its last step: what it leaves in place is that, and not the step in question. */
function keptFacts({ step, scenario }: CheckView): Fact[] {
  const last = scenario.steps.at(-1);
  if (last === undefined || last === step) return [];
  return [{ label: 'kept', text: `${last.title}, the last: --keep does not stop at step ${step.number}` }];
}

/** What was expected and seen, and what that rests on. */
export function seenFacts(check: CheckView): Fact[] {
  const later = underPolicies(check);
  return [
    ...stepFacts(check),
    { label: 'expected', text: describeExpectation(check) },
    { label: 'seen', text: describeAttempts(later) },
    ...fact('in order', describeOrder(later)),
    ...(isPassedContrary(check) ? fact('contrary', describeContrary(check)) : []),
    ...fact('one-way', adviceOnOneWay(check, later)),
    ...fact('nodes', describeNodes(check)),
    ...fact('part', describePart(later)),
    ...fact('source', adviceOnSource(check, later)),
    ...listenerFacts(check, later),
    ...verdictFacts(check),
    ...firstInstantFacts(check),
    ...heldFacts(check),
    ...watchedFacts(check),
    ...fact('evidence', describeEvidence(check)),
    ...controlFacts(check),
  ];
}

/** Where a scenario goes on in steps: in which of them, what led to it, what was expected before, and how long the change took. */
function stepFacts(check: CheckView): Fact[] {
  const { step, scenario } = check;
  if (!scenario.hasSteps) return [];
  const { number, label, withinMs } = step;
  const which = `${number} of ${scenario.steps.length}, ${label}`;
  return [
    { label: 'step', text: number === 1 ? which : `${which}: ${describeActions(step)}` },
    ...fact('before', describeChange(check)),
    ...timeFacts(check),
    ...(withinMs === undefined ? [] : [{ label: 'budget', text: `${duration(withinMs)} for this step` }]),
  ];
}

function fact(label: string, text: string | undefined): Fact[] {
  return text === undefined ? [] : [{ label, text }];
}

/** What was seen without the policies: before them, and after they were taken away. */
function controlFacts(check: CheckView): Fact[] {
  const closing = afterPolicies(check);
  return [
    { label: 'control', text: describeControl(check) },
    ...(closing.length === 0
      ? []
      : [{ label: 'closing', text: `${describeAttempts(closing)} after the policies were taken away` }]),
  ];
}

function describeControl(check: CheckView): string {
  const { cutBy, withoutControl, scenario } = check;
  const control = beforePolicies(check);
  if (withoutControl !== undefined && control.length === 0) return `none: ${withoutControl}`;
  // In a later step the policies may be gone again: what is tried then is tried without them, and after others.
  const when = scenario.hasSteps ? 'while no policy was in force' : 'before any policy';
  return `${describeAttempts(control)} ${when}${cutBy === undefined ? '' : '; it need not connect'}`;
}

/** Policies decide about the first packet, and that one arrived: so what is wrong is on the way back (D19a). A pass needs no advice. */
function adviceOnOneWay(
  { from, to, protocol, expected, verdict }: CheckView,
  later: Observation,
): string | undefined {
  if (verdict === 'pass' || !later.some(({ outcome }) => outcome === 'one-way')) return undefined;
  const sent = protocol === 'UDP' ? 'datagrams' : 'connections';
  return expected === 'unreachable'
    ? `${sent} of ${from} arrived at ${to}, so they were not cut off: policies decide about the first packet, and that was let through. Only the answers were lost, on the way back`
    : `${sent} of ${from} arrived at ${to}, so the policies let them through: they decide about the first packet. Only the answers were lost: look at the way back, from ${to} to ${from}`;
}

/** Of a Service that is reached by ports of nodes: at which of them. */
function describeNodes(check: CheckView): string | undefined {
  const { nodes = [] } = check;
  const port = nodePortOf(check);
  if (nodes.length === 0 || port === undefined) return undefined;
  return `port ${port} of ${nodes.map(({ name, address }) => `${name} (${address})`).join(', ')}`;
}

/** Where clients cannot keep their addresses, policies may not tell them from anybody else (D25). */
function adviceOnSource(
  { path, externalTrafficPolicy, from, to, verdict }: CheckView,
  later: Observation,
): string | undefined {
  const isPart = later.some(({ backends = { silent: [] } }) => backends.silent.length > 0);
  if (path !== 'nodePort' || externalTrafficPolicy !== undefined || verdict === 'pass' || !isPart)
    return undefined;
  return `what goes on from one node to another mostly has the address of the first: to the pods of ${to} it does not come from ${from}, and an ipBlock for that means nothing (D25). With externalTrafficPolicy: Local it keeps its address`;
}

/** Of a Service that only a part of answered, as last seen: which part. */
function describePart(observed: Observation): string | undefined {
  const { backends } = observed.findLast((stretch) => stretch.backends !== undefined) ?? {};
  if (backends === undefined) return undefined;
  const { answered, silent } = backends;
  if (answered.length === 0) return 'answered on some connections, and not on others';
  return `answered by ${answered.join(', ')}; ${silent.length === 0 ? 'not on every connection' : `not by ${silent.join(', ')}`}`;
}

/** Only where something did not connect: a connection is its own proof that somebody listened. */
function listenerFacts(check: CheckView, observed: Observation): Fact[] {
  const failed = observed.filter(({ outcome }) => outcome !== 'connected');
  const times = countOf(failed);
  if (times === 0) return [];
  const listenersThat = (state: boolean | undefined): number =>
    countOf(failed.filter(({ listenerAlive }) => listenerAlive === state));
  const shares = [
    ['alive', listenersThat(true)],
    ['dead', listenersThat(false)],
    ['not known', listenersThat(undefined)],
  ] as const;
  const seen = shares
    .filter(([, share]) => share > 0)
    .map(([state, share]) => `${state} ${share} of ${times}`);
  const asked = `${describeAsking(check)} in the same round${times === 1 ? '' : 's'}`;
  return [{ label: 'listener', text: `${seen.join(', ')} (${asked})` }];
}

function describeAsking(check: CheckView): string {
  if (isMetAsItIs(check)) return 'by whether a pod that no policy isolates reached it';
  const destinations = destinationsOf(check);
  return `asked of ${destinations.join(', ')} ${destinations.length === 1 ? 'itself' : 'themselves'}`;
}

/** Of leaked and broken, expected and seen say it all, unless that was seen later. */
function verdictFacts(check: CheckView): Fact[] {
  const { verdict, reason } = check;
  if (reason === undefined) return [];
  if ((verdict === 'leaked' || verdict === 'broken') && !isDecidedBesides(check)) return [];
  return [{ label: 'why', text: reason }];
}

function policyFacts(check: CheckView): Fact[] {
  const { isolatedBy, step } = check;
  if (isolatedBy === undefined) return [];
  const { egress, ingress } = isolatedBy;
  return [
    {
      label: 'egress',
      text: `of ${check.from}: ${describePolicies(egress, step) ?? 'no policy isolates it, so it may connect to everything'}`,
    },
    {
      label: 'ingress',
      text: `of ${check.to}: ${describePolicies(ingress, step) ?? 'no policy isolates it, so everything may connect to it'}`,
    },
  ];
}

function describePolicies(references: readonly string[], step: StepView): string | undefined {
  if (references.length === 0) return undefined;
  const named = references.map((reference) => {
    const policy = step.policyOf.get(reference);
    return policy === undefined ? reference : `${reference} (${describeLocation(policy.location)})`;
  });
  return `${references.length === 1 ? 'policy' : 'policies'} ${named.join(', ')}`;
}

/** On one line, however long, so that it can be opened. */
function runbookFacts({ runbook }: ScenarioView): Fact[] {
  return runbook === undefined ? [] : [{ label: 'runbook', text: runbook, isCommand: true }];
}
