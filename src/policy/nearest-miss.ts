/** Of the rules that do not let a flow through, the one that does so but for its peers or its ports. */
import type { Direction } from './isolation.ts';
import { DIRECTIONS, describeResponsible } from './policy.ts';
import type { PeerTrace, PortTrace, RuleTrace, SideTrace, Trace } from './trace.ts';

/**
 * By how little a denied flow is denied, as a clause for each end that denies it: `ingress rule 1 of policy shop/db would let it
 * through but for the port: it says TCP 80`. Nothing where no rule comes near.
 */
export function describeNearestMisses({ walks: [walk] }: Trace): readonly string[] {
  if (walk === undefined) return [];
  return DIRECTIONS.flatMap((direction) => nearestMiss(walk[direction], direction) ?? []);
}

/** A rule for the same pods comes nearer than one for the same port. */
function nearestMiss(side: SideTrace, direction: Direction): string | undefined {
  if (side.kind !== 'isolated' || side.match !== 'no') return undefined;
  const rules = side.policies.flatMap(({ policy, rules: own }) => own.map((rule) => ({ policy, rule })));
  const byPort = rules.find(({ rule }) => isOpen(rule.peers) && !isOpen(rule.ports));
  const byPeer = rules.find(({ rule }) => !isOpen(rule.peers) && isOpen(rule.ports));
  const nearest = byPort ?? byPeer;
  if (nearest === undefined) return undefined;
  const { policy, rule } = nearest;
  const [what, entries] = byPort === undefined ? ['peer', rule.peers] : ['port', rule.ports];
  const name = describeResponsible({ direction, policy, rule: rule.index, ...placeOf(rule) });
  return `${name} would let it through but for the ${what}: it says ${listMeanings(entries)}`;
}

function isOpen(entries: readonly (PeerTrace | PortTrace)[]): boolean {
  return entries.length === 0 || entries.some(({ match }) => match === 'yes');
}

function placeOf({ location }: RuleTrace): Pick<RuleTrace, 'location'> {
  return location === undefined ? {} : { location };
}

/** How many entries a clause names. */
const LISTED = 3;

function listMeanings(entries: readonly (PeerTrace | PortTrace)[]): string {
  const meanings = entries.map(({ meaning }) => meaning);
  const more = meanings.length - LISTED;
  return more > 0 ? `${meanings.slice(0, LISTED).join(', ')} and ${more} more` : meanings.join(' or ');
}
