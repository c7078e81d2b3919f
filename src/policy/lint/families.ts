/** Blocks of one family alone, where hosts are tried in the other as well (D12). */
import { isHost } from '../../model/endpoint.ts';
import { FAMILIES, type Family, familyOf } from '../../model/family.ts';
import type { Direction } from '../isolation.ts';
import { listNames } from '../list-names.ts';
import { DIRECTIONS, type Policy } from '../policy.ts';
import {
  findingAt,
  type Lint,
  type LintContext,
  type LintFinding,
  otherOf,
  type PlacedRule,
  placedPeers,
  placedRules,
} from './finding.ts';

const EVERYBODY: Readonly<Record<Family, string>> = { IPv4: '0.0.0.0/0', IPv6: '::/0' };

/** Selectors know no families, and neither does a rule that names nobody: it is about blocks alone. */
export const lintFamilies: Lint = (policy, context) =>
  DIRECTIONS.flatMap((direction): readonly LintFinding[] => {
    const rules = placedRules(policy).filter((rule) => rule.direction === direction);
    const blocks = rules
      .flatMap(placedPeers)
      .flatMap(({ peer, path }) => (peer.kind === 'block' ? [{ cidr: peer.cidr, path }] : []));
    const named = new Set(blocks.map(({ cidr }) => familyOf(cidr.network.toString())));
    const [missing] = FAMILIES.filter((family) => !named.has(family));
    const [first] = blocks;
    if (first === undefined || missing === undefined || rules.some(namesNobody)) return [];
    if (!familiesOfHosts(policy, direction, context).has(missing)) return [];
    const texts = [...new Set(blocks.map(({ cidr }) => cidr.text))];
    return [
      findingAt(policy, [...first.path, 'ipBlock', 'cidr'], {
        code: 'one-family',
        rule: 'D12',
        message: `${listNames(texts)} ${texts.length === 1 ? 'holds' : 'hold'} no ${missing} address, and hosts are tried over ${missing} as well: no rule for ${direction} means them there`,
        advice: blocks.some(({ cidr }) => cidr.bits === 0)
          ? `Add ${EVERYBODY[missing]} if everybody is meant, with the exceptions that it needs.`
          : `Add their ${missing} addresses.`,
      }),
    ];
  });

function namesNobody({ rule }: PlacedRule): boolean {
  return rule.peers.length === 0;
}

/** The families in which checks try hosts at the other end of the policy's pods. */
function familiesOfHosts(
  policy: Policy,
  direction: Direction,
  { oracle, checksOn }: LintContext,
): ReadonlySet<Family | undefined> {
  const checks = oracle.subjectsOf(policy).flatMap(({ name }) => checksOn(name, direction));
  return new Set(checks.filter((check) => isHost(otherOf(check, direction))).map(({ family }) => family));
}
