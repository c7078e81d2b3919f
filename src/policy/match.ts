/**
 * Three-valued logic: yes, no, or a question that is open. Rules are made of *and* and *or* alone, so a result is open if
 * and only if answering every open question with yes gives another result than answering every one with no.
 */

/** The rules that a verdict can be left to: those of docs/semantics.md. */
export type OpenRule = 'I1' | 'I2' | 'I3' | 'I4' | 'I5' | 'I8' | 'I9';

/** What can be open: a matter of the network plugin, or a fact about the cluster that is not known (yet). */
export type Question = OpenRule | 'address' | 'node' | 'endpoints';

export type Match = 'yes' | 'no' | Question;

export type PolicyVerdict = 'allowed' | 'denied' | 'undefined';

export type PolicyAnswer =
  | { readonly verdict: 'allowed' | 'denied' }
  | {
      readonly verdict: 'undefined';
      /** The rule that leaves it open; absent where the answer depends on a fact that is not known. */
      readonly rule?: OpenRule;
      readonly reason: string;
    };

const REASONS: Readonly<Record<Question, string>> = {
  I1: 'network plugins differ in whether an ipBlock matches the address of a pod',
  I2: "network plugins differ in whether an ipBlock sees a Service's address or that of the pod behind it",
  I3: 'network plugins differ in whether a pod reaches itself through its own Service',
  I4: 'it is not settled whether isolated egress cuts a pod off from its own node',
  I5: 'network plugins differ in whether a host-network pod counts as a pod or as its node',
  I8: 'network plugins differ in whether an ipBlock matches a host-network pod, and by which address of its node',
  I9: 'network plugins differ in whether policies see the other end of a connection through a port of a node, or the node',
  address: 'an ipBlock decides about an address that is not known',
  node: "it is not known whether this is the pod's own node",
  endpoints: 'which endpoints are behind a Service that is there already is known only on a cluster',
};

const ANSWERS: Readonly<Record<Match, PolicyAnswer>> = {
  yes: { verdict: 'allowed' },
  no: { verdict: 'denied' },
  I1: leftOpen('I1'),
  I2: leftOpen('I2'),
  I3: leftOpen('I3'),
  I4: leftOpen('I4'),
  I5: leftOpen('I5'),
  I8: leftOpen('I8'),
  I9: leftOpen('I9'),
  address: { verdict: 'undefined', reason: REASONS.address },
  node: { verdict: 'undefined', reason: REASONS.node },
  endpoints: { verdict: 'undefined', reason: REASONS.endpoints },
};

function leftOpen(rule: OpenRule): PolicyAnswer {
  return { verdict: 'undefined', rule, reason: REASONS[rule] };
}

/** A result as a verdict on the flow. */
export function answerOf(match: Match): PolicyAnswer {
  return ANSWERS[match];
}

/** Why a question has no one answer, as a clause. */
export function reasonOf(question: Question): string {
  return REASONS[question];
}

/** Whether one of them matches: yes if any does, else the first question among them, else no. */
export function either(matches: readonly Match[]): Match {
  return matches.reduce(eitherOf, 'no');
}

/** Whether one of the two matches. */
export function eitherOf(left: Match, right: Match): Match {
  if (left === 'yes' || right === 'yes') return 'yes';
  return left === 'no' ? right : left;
}

/** Whether both match: no if one does not, else the first question of the two, else yes. */
export function both(left: Match, right: Match): Match {
  if (left === 'no' || right === 'no') return 'no';
  return left === 'yes' ? right : left;
}
