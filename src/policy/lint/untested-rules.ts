/** Rules, peers and ports whose removal would change no check, within a policy that is tested as a whole (D6). */
import { objectKey } from '../../keys.ts';
import { describeConnection } from '../../pair.ts';
import { flowBetween, type PodPair } from '../model.ts';
import type { Oracle, Ruling } from '../oracle.ts';
import { describePeer, matchPeer } from '../peers.ts';
import type { Policy } from '../policy.ts';
import { describePortEntry, matchPort, type PortEntry, targetAt } from '../ports.ts';
import { allowsDnsByPort } from './dns.ts';
import {
  findingAt,
  type LintContext,
  type LintFinding,
  mayMeanOthers,
  onlyRule,
  otherOf,
  type PlacedRule,
  placedPeers,
  placedRules,
} from './finding.ts';

/** A rule, or one entry of it. */
interface RulePart {
  readonly kind: 'rule' | 'peer' | 'port';
  readonly path: LintFinding['path'];
  readonly name: string;
  /** The place of a peer among those of its rule. */
  readonly peer?: number;
  /** Empty: every port. */
  readonly ports: readonly PortEntry[];
  /** Whether, of what the rule lets through, this alone lets a pair through. */
  readonly isAlone: (pair: PodPair) => boolean;
}

/** @param isCutByOthers whether a pair is never let through, whatever the policies say: no check of it shows anything */
export function findUntestedRules(
  policy: Policy,
  isCutByOthers: (pair: PodPair) => boolean,
  { oracle, checksLetThroughBy, existingNamespaces }: LintContext,
): readonly LintFinding[] {
  return placedRules(policy).flatMap((placed) => {
    const { direction, index, path, rule } = placed;
    const tests = checksLetThroughBy(policy, direction, index).filter((check) => !isCutByOthers(check));
    const whole: RulePart = { kind: 'rule', path, name: 'rule', ports: rule.ports, isAlone: () => true };
    const parts = tests.length === 0 ? [whole] : partsOf(policy, placed, oracle);
    return parts
      .filter(({ isAlone }) => !tests.some(isAlone))
      .flatMap((part): readonly LintFinding[] => {
        const advice = adviseOn(part, placed, { policy, isCutByOthers, oracle, existingNamespaces });
        const message = `without this ${part.name} every check would be predicted the same: nothing tests it`;
        return advice === undefined
          ? []
          : [findingAt(policy, part.path, { code: 'untested-rule', rule: 'D6', message, advice })];
      });
  });
}

/** What would test a part; undefined where it is about what is not there, of which other lints speak, or outside of the scenario. */
function adviseOn(
  part: RulePart,
  placed: PlacedRule,
  {
    policy,
    isCutByOthers,
    oracle,
    existingNamespaces,
  }: {
    readonly policy: Policy;
    readonly isCutByOthers: (pair: PodPair) => boolean;
    readonly oracle: Oracle;
    readonly existingNamespaces: readonly string[];
  },
): string | undefined {
  const { rule } = placed;
  let count = 0;
  for (const pair of pairsOf(policy, part, placed, oracle)) {
    if (isCutByOthers(pair)) continue;
    count += 1;
    if (isLetThroughBy(placed, policy, oracle.rule(flowBetween(pair))) && part.isAlone(pair))
      return `Add a check of something that it decides, such as ${describeConnection(pair)}.`;
  }
  const isAboutOthers =
    allowsDnsByPort(rule, 'UDP') ||
    allowsDnsByPort(rule, 'TCP') ||
    rule.peers.some((peer) => peer.kind === 'block' || mayMeanOthers(peer, existingNamespaces));
  return part.kind !== 'rule' || isAboutOthers || count === 0
    ? undefined
    : 'No check can: what it lets through, another rule lets through too, or the other end does not. Accept this finding, with a reason, or add the pods that it is about.';
}

/** Whether nothing else in its direction lets through what a rule lets through. */
function isLetThroughBy({ direction, index }: PlacedRule, policy: Policy, ruling: Ruling): boolean {
  const only = onlyRule(ruling, direction);
  return only?.rule === index && only.policy === objectKey(policy);
}

/** The pairs of different pods that a part is about, on the ports that it names. */
function* pairsOf(
  policy: Policy,
  { peer, ports }: RulePart,
  { direction, index }: PlacedRule,
  oracle: Oracle,
): Generator<PodPair> {
  const subjects = oracle.subjectsOf(policy);
  const others = oracle.peersOf(policy, direction, index, peer);
  const [sources, destinations] = direction === 'ingress' ? [others, subjects] : [subjects, others];
  for (const to of destinations) {
    for (const { port, protocol } of to.ports) {
      const target = targetAt(to, port, protocol);
      const isNamed = ports.length === 0 || ports.some((one) => matchPort(one, target).match === 'yes');
      if (!isNamed) continue;
      for (const from of sources) if (from !== to) yield { from: from.name, to: to.name, port, protocol };
    }
  }
}

/** The peers and ports of a rule, where there are several. */
function partsOf(policy: Policy, placed: PlacedRule, { parties }: Oracle): readonly RulePart[] {
  const { namespace } = policy;
  const { rule, direction, path } = placed;
  const peers = placedPeers(placed).map(
    ({ peer, path: place }, index): RulePart => ({
      kind: 'peer',
      path: place,
      name: `peer, "${describePeer(peer, namespace)}",`,
      peer: index,
      ports: rule.ports,
      isAlone: (pair) => {
        const party = parties.findEnd(otherOf(pair, direction));
        return isOnly(peer, rule.peers, (one) => matchPeer(one, { party }, namespace, {}).match !== 'no');
      },
    }),
  );
  const ports = rule.ports.map(
    (port, index): RulePart => ({
      kind: 'port',
      path: [...path, 'ports', index],
      name: `port, ${describePortEntry(port)},`,
      ports: [port],
      isAlone: (pair) => {
        const target = targetAt(parties.findEnd(pair.to), pair.port, pair.protocol);
        return isOnly(port, rule.ports, (one) => matchPort(one, target).match === 'yes');
      },
    }),
  );
  return [peers, ports].flatMap((parts) => (parts.length > 1 ? parts : []));
}

function isOnly<Entry>(entry: Entry, entries: readonly Entry[], matches: (one: Entry) => boolean): boolean {
  return entries.every((one) => matches(one) === (one === entry));
}
