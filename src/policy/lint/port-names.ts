/** Named ports that nobody has under that name and protocol (D14). */

import { listNames } from '../list-names.ts';
import type { PodPort } from '../model.ts';
import type { PortEntry } from '../ports.ts';
import { namesDns } from './dns.ts';
import { findingAt, type Lint, type LintFinding, mayMeanOthers, openedPods, placedRules } from './finding.ts';

type NamedEntry = Extract<PortEntry, { kind: 'name' }>;

export const lintPortNames: Lint = (policy, { oracle, existingNamespaces }) =>
  placedRules(policy).flatMap((placed) => {
    const { direction, rule, path } = placed;
    const opened = openedPods(policy, placed, oracle);
    const leadsElsewhere =
      direction === 'egress' && rule.peers.some((peer) => mayMeanOthers(peer, existingNamespaces));
    if (leadsElsewhere || opened === undefined) return [];
    return rule.ports.flatMap((entry, position): readonly LintFinding[] => {
      if (entry.kind !== 'name') return [];
      // A name server is hardly ever among the pods that are looked at.
      if (direction === 'egress' && namesDns(entry)) return [];
      const text = describeMissing(entry, opened.ports, opened.who);
      return text === undefined
        ? []
        : [
            findingAt(policy, [...path, 'ports', position, 'port'], {
              code: 'unknown-port-name',
              rule: 'D14',
              ...text,
            }),
          ];
    });
  });

/** What to say about a name that no pod declares; nothing where one does. */
function describeMissing(
  { name, protocol }: NamedEntry,
  declared: readonly PodPort[],
  who: string,
): Pick<LintFinding, 'message' | 'advice'> | undefined {
  const same = declared.filter((port) => port.name === name);
  if (same.some((port) => port.protocol === protocol)) return undefined;
  const message = `no ${who} has a ${protocol} port named "${name}"`;
  const [other] = same;
  if (other !== undefined) {
    return {
      message: `${message}, only a ${other.protocol} port`,
      advice: `Write protocol: ${other.protocol} beside the name.`,
    };
  }
  const names = new Set(
    declared.flatMap((port) =>
      port.name === undefined ? [] : [`${port.name} (${port.protocol} ${port.port})`],
    ),
  );
  const known = names.size === 0 ? 'here they name none' : `here ${listNames([...names])}`;
  return { message, advice: `Write a number, or a name that the pods give to a port: ${known}.` };
}
