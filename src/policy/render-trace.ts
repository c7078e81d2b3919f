/**
 * A trace as text that can be followed without knowing NetworkPolicies: egress, then ingress, then the verdict with the
 * lines that decide. Entries count from 1. Names stand in it as they were given: making them harmless for a terminal is
 * left to the caller.
 */
import type { Location } from '../errors.ts';
import { describeConnection } from '../pair.ts';
import type { Direction, PolicyType } from './isolation.ts';
import { type Match, reasonOf } from './match.ts';
import type { PeerMiss } from './peers.ts';
import { DIRECTIONS, peersField, type Responsible } from './policy.ts';
import type { PortMiss } from './ports.ts';
import { describeActual, describeRequirement } from './requirements.ts';
import type {
  Bystander,
  PeerTrace,
  PolicyTrace,
  PortTrace,
  RuleTrace,
  SideTrace,
  Trace,
  Walk,
} from './trace.ts';

/** Gives lines, without a newline at the end. */
export function renderTrace(trace: Trace): string {
  const walks = trace.walks.flatMap((walk) => [
    ...renderReading(walk, trace),
    ...renderWalk(walk, trace),
    '',
  ]);
  return [describeFlow(trace), '', ...walks, ...renderAnswer(trace)].join('\n');
}

/** `shop/web → shop/db:5432/TCP`, `shop/web → shop/db:5432/TCP over IPv6` */
function describeFlow({ from, to, family, flow }: Trace): string {
  const { to: destination, port, protocol, through } = flow;
  const end = to.includes(':') ? `[${to}]` : to;
  const isThrough = destination.kind === 'service' || destination.kind === 'existing-service';
  const way = through === undefined ? ', through a Service' : ', through a Service at the ports of nodes';
  const over = family === undefined ? {} : { family };
  const connection = describeConnection({ from, to: end, port, protocol, ...over });
  return isThrough || through !== undefined ? connection + way : connection;
}

function renderReading({ hostNetwork, seenAs }: Walk, trace: Trace): readonly string[] {
  const taken = hostNetwork === 'as-pods' ? 'a pod' : 'its node';
  return [
    ...(hostNetwork === undefined
      ? []
      : [`If the network plugin takes a host-network pod as ${taken} (I5):`, '']),
    ...(seenAs === undefined ? [] : [renderView(seenAs, trace), '']),
  ];
}

/** Whom the policies of the destination see, through a port of a node. */
function renderView(seenAs: string, { from, to, walks }: Trace): string {
  const seen = seenAs === from ? from : `${seenAs} in place of ${from}`;
  return walks.length === 1
    ? `At the port of a node, the policies of ${to} see ${seen} (D25):`
    : `If the policies of ${to} see ${seen} (I9):`;
}

function renderWalk(walk: Walk, trace: Trace): readonly string[] {
  const seen = { ...trace, from: walk.seenAs ?? trace.from };
  const lines = [
    `Egress: may ${trace.from} open it?`,
    ...indent(renderSide(walk.egress, 'egress', trace)),
    '',
    `Ingress: may ${trace.to} receive it?`,
    ...indent(renderSide(walk.ingress, 'ingress', seen)),
  ];
  const override = renderOverride(walk, seen);
  return override === undefined ? lines : [...lines, '', override];
}

function renderOverride({ rule, match }: Walk, { from, to }: Trace): string | undefined {
  if (rule !== undefined) return OVERRIDES[rule](from, to);
  return match === 'node'
    ? `${from} may be the node of ${to}, which reaches it whatever policies say (D18).`
    : undefined;
}

const OVERRIDES: Readonly<Record<NonNullable<Walk['rule']>, (from: string, to: string) => string>> = {
  D17: (from) => `Whatever policies say, ${from} reaches itself on its own address (D17).`,
  D18: (_, to) => `Whatever policies say, ${to} is reached from its own node (D18).`,
  I3: (from) => `${from} goes to itself through a Service, and ${reasonOf('I3')} (I3).`,
  I4: (from, to) => `${to} is or may be the node of ${from}, and ${reasonOf('I4')} (I4).`,
};

function renderSide(side: SideTrace, direction: Direction, trace: Trace): readonly string[] {
  const { end } = side;
  if (side.kind === 'no-pod') {
    if (side.mayBePod === true)
      return [`Yes, as far as this scenario goes: its policies isolate no pods behind ${end}.`];
    const what = side.hostNetworkPod ? 'counts as its node here' : 'is not a pod';
    return [`Yes. Only pods are isolated, and ${end} ${what} (D5).`];
  }
  const others = side.others.map(
    (other) =>
      `Policy ${other.policy}${place(other.location)} selects it too, but ${explainBystander(other, direction)} (D1).`,
  );
  if (side.kind === 'not-isolated') {
    return [`Yes. No policy isolates the ${direction} of ${end}, so all of it is open (D4).`, ...others];
  }
  const number = side.policies.length;
  return [
    number === 1
      ? `One policy isolates the ${direction} of ${end}. Only what one of its rules allows is open (D4).`
      : `${number} policies isolate the ${direction} of ${end}. Only what a rule of any of them allows is open (D4, D6).`,
    ...others,
    ...side.policies.flatMap((policy) => renderPolicy(policy, direction, trace)),
    conclude(side.match),
  ];
}

function explainBystander(
  { defaultTypes, keepsTypes, ignoredRules }: Bystander,
  direction: Direction,
): string {
  if (keepsTypes) {
    const rest = ignoredRules === 0 ? '' : `, so its ${direction} rules do nothing`;
    return `is not about ${direction}: it names no policyTypes and keeps those that its earlier text was given${rest}`;
  }
  if (defaultTypes !== undefined)
    return `is not about ${direction}: it names no policyTypes and has no ${direction} rules`;
  return ignoredRules === 0
    ? `is not about ${direction}`
    : `its policyTypes leave ${direction} out, so its ${direction} rules do nothing`;
}

function conclude(match: Match): string {
  switch (match) {
    case 'yes':
      return 'Yes. A rule allows it.';
    case 'no':
      return 'No. No rule allows it.';
    default:
      return `Open. It depends on a rule, and ${reasonOf(match)}${cite(match)}.`;
  }
}

function renderPolicy(
  { policy, location, defaultTypes, keepsTypes, rules }: PolicyTrace,
  direction: Direction,
  trace: Trace,
): readonly string[] {
  return [
    `policy ${policy}${place(location)}`,
    ...indent(defaultTypes === undefined ? [] : [explainDefault(defaultTypes, keepsTypes)]),
    ...indent(
      rules.length === 0
        ? [`It has no ${direction} rules, so it allows nothing (D7).`]
        : rules.flatMap((rule) => renderRule(rule, direction, trace)),
    ),
  ];
}

function explainDefault(types: readonly PolicyType[], areKept = false): string {
  if (areKept) {
    const isolated = types.includes('Egress') ? 'ingress and egress' : 'ingress alone';
    return `It names no policyTypes and keeps those that its earlier text was given, so it isolates ${isolated} (D1).`;
  }
  return types.includes('Egress')
    ? 'It names no policyTypes and has egress rules, so it isolates ingress and egress (D1).'
    : 'It names no policyTypes and has no egress rules, so it isolates ingress alone (D1).';
}

function renderRule(
  { index, location, match, peers, ports }: RuleTrace,
  direction: Direction,
  trace: Trace,
): readonly string[] {
  const field = peersField(direction);
  const other = direction === 'ingress' ? trace.from : trace.to;
  return [
    `${direction} rule ${index + 1}${place(location)}: ${verdictWord(match)}`,
    ...indent(
      peers.length === 0
        ? [`${field}: not restricted, so everybody matches (D7)`]
        : telling(peers).map((peer) => `${field} ${renderEntry(peer)}${explainPeer(peer, other)}`),
    ),
    ...indent(
      ports.length === 0
        ? ['ports: not restricted, so every port matches (D7)']
        : telling(ports).map((port) => `port ${renderEntry(port)}${explainPort(port, trace)}`),
    ),
  ];
}

/** One entry that matches says enough; without one, each says why it does not. */
function telling<Entry extends PeerTrace | PortTrace>(entries: readonly Entry[]): readonly Entry[] {
  const first = entries.find(({ match }) => match === 'yes');
  return first === undefined ? entries : [first];
}

function renderEntry({ index, location, meaning, match }: PeerTrace | PortTrace): string {
  return `${index + 1}${place(location)}, ${meaning}: ${verdictWord(match)}`;
}

function explainPeer(peer: PeerTrace, other: string): string {
  switch (peer.match) {
    case 'yes':
      return '';
    case 'no':
      return `, ${explainPeerMiss(peer.miss, other)}`;
    case 'I1':
      return peer.address === undefined
        ? `, it may contain the address of ${other}, which is not known; and ${reasonOf('I1')}`
        : `, it contains ${nameAddress(peer.address, other)}; but ${reasonOf('I1')}`;
    case 'address':
      return `, it may contain the address of ${other}, which is not known`;
    default:
      return `, ${reasonOf(peer.match)}`;
  }
}

function explainPeerMiss(miss: PeerMiss, other: string): string {
  switch (miss.kind) {
    case 'pod-labels':
      return `it requires ${describeRequirement(miss.unmet)}, but ${other} has ${describeActual(miss.unmet)}`;
    case 'namespace-labels':
      return `it requires ${describeRequirement(miss.unmet)} of the namespace, but namespace ${miss.namespace} has ${describeActual(miss.unmet)}`;
    case 'other-namespace':
      return `a podSelector alone means pods of the policy's own namespace, and ${other} is in ${miss.namespace} (D9)`;
    case 'not-a-pod':
      return `selectors match pods only, and ${other} is none (D10)`;
    case 'outside-block':
      return `it does not contain ${nameAddress(miss.address, other)}`;
    case 'other-family':
      return `it holds addresses of ${miss.own} alone, and ${other} is connected over ${miss.other} (D12)`;
    case 'excepted':
      return `its exception ${miss.except} contains ${nameAddress(miss.address, other)} (D12)`;
    case 'pod-behind-block':
      return `${other} is a pod, and this network plugin does not match pods by address (I1)`;
  }
}

function nameAddress(address: string, owner: string): string {
  return address === owner ? address : `${address}, the address of ${owner}`;
}

function explainPort(entry: PortTrace, { to, flow: { port, protocol } }: Trace): string {
  switch (entry.match) {
    case 'yes':
      return '';
    case 'no':
      return `, ${explainPortMiss(entry.miss, to, port, protocol)}`;
    case 'endpoints':
      return `, port ${port} is the Service's, and its endpoints may listen on another (D13)`;
  }
}

function explainPortMiss(miss: PortMiss, to: string, port: number, protocol: string): string {
  switch (miss.kind) {
    case 'other-protocol':
      return `this connection is ${protocol} (D16)`;
    case 'other-number':
      return `this connection goes to port ${port}`;
    case 'name-elsewhere':
      return `${to} gives that name to port ${miss.ports.join(' and ')}, and this connection goes to ${port} (D14)`;
    case 'name-undeclared':
      return `${to} declares no ${protocol} port of that name (D14)`;
    case 'name-needs-pod':
      return `only pods give names to ports (D14)`;
  }
}

function verdictWord(match: Match): string {
  if (match === 'yes') return 'matches';
  return match === 'no' ? 'does not match' : `open${cite(match)}`;
}

function renderAnswer(trace: Trace): readonly string[] {
  const { answer, responsible } = trace;
  switch (answer.verdict) {
    case 'allowed':
      return responsible.length === 0
        ? [`ALLOWED${whyUnasked(trace)}`]
        : ['ALLOWED by', ...indent(responsible.map(renderResponsible))];
    case 'denied':
      return ['DENIED', ...indent(DIRECTIONS.flatMap((direction) => renderDenial(direction, trace)))];
    case 'undefined': {
      const rule = answer.rule === undefined ? '' : ` (${answer.rule})`;
      const lines = responsible.map(renderResponsible);
      return [
        `UNDEFINED, because ${answer.reason}${rule}`,
        ...(lines.length === 0 ? [] : indent(['It depends on', ...indent(lines)])),
        ...(answer.rule === 'I1' ? indent([SETTLED_BY_A_RUN]) : []),
      ];
    }
  }
}

const SETTLED_BY_A_RUN =
  "A run settles it: it knows the pods' addresses, and on the sandbox, Calico or Cilium whether an ipBlock matches them.";

/** Why a flow is allowed without any policy having a say. */
function whyUnasked({ walks }: Trace): string {
  const rule = walks.find((walk) => walk.rule !== undefined)?.rule;
  return rule === undefined ? ', because no policy isolates either end (D4)' : ` (${rule})`;
}

function renderDenial(direction: Direction, { from, to, responsible }: Trace): readonly string[] {
  const policies = responsible.filter((one) => one.direction === direction);
  if (policies.length === 0) return [];
  return [
    `No rule allows the ${direction} of ${direction === 'egress' ? from : to}, which is isolated by`,
    ...indent(policies.map(renderResponsible)),
  ];
}

function renderResponsible({ direction, policy, rule, location }: Responsible): string {
  const part = rule === undefined ? '' : `${direction} rule ${rule + 1} of `;
  return `${part}policy ${policy}${place(location)}`;
}

function cite(match: Match): string {
  return match === 'address' || match === 'node' || match === 'endpoints' ? '' : ` (${match})`;
}

function place(location: Location | undefined): string {
  return location === undefined ? '' : ` (${location.file}:${location.line})`;
}

function indent(lines: readonly string[]): readonly string[] {
  return lines.map((line) => `  ${line}`);
}
