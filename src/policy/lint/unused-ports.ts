/** Numbered ports on which none of the pods listens that a rule is about (D13). */

import { type PlannedService, serviceKey } from '../../model/service.ts';
import { listNames } from '../list-names.ts';
import type { PodParty } from '../parties.ts';
import { describePortEntry, type PortEntry } from '../ports.ts';
import { selectorMatches } from '../selectors.ts';
import { namesDns } from './dns.ts';
import { findingAt, type Lint, type LintFinding, mayMeanOthers, openedPods, placedRules } from './finding.ts';

export const lintUnusedPorts: Lint = (policy, { oracle, services, existingNamespaces }) =>
  placedRules(policy).flatMap((placed) => {
    const { direction, rule, path } = placed;
    // Outside of the scenario anybody may listen there.
    const leadsElsewhere =
      direction === 'egress' &&
      (rule.peers.length === 0 ||
        rule.peers.some((peer) => peer.kind === 'block' || mayMeanOthers(peer, existingNamespaces)));
    const opened = openedPods(policy, placed, oracle);
    if (leadsElsewhere || opened === undefined) return [];
    return rule.ports.flatMap((entry, position): readonly LintFinding[] => {
      // Probe pods know no SCTP; a name server is hardly ever among the pods that are looked at.
      if (entry.kind !== 'numbers' || entry.protocol === 'SCTP') return [];
      if (direction === 'egress' && namesDns(entry)) return [];
      const isHeard = opened.ports.some(
        ({ port, protocol }) => protocol === entry.protocol && entry.first <= port && port <= entry.last,
      );
      if (isHeard) return [];
      const listening = new Set(opened.ports.map(({ port, protocol }) => `${protocol} ${port}`));
      const known =
        listening.size === 0 ? 'they listen on none' : `they listen on ${listNames([...listening])}`;
      const service = services.find((one) => leadsFrom(one, entry, opened.pods));
      const message = `no ${opened.who} listens on ${describePortEntry(entry)}`;
      return [
        findingAt(policy, [...path, 'ports', position, 'port'], {
          code: 'unused-port',
          rule: service === undefined ? 'D13' : 'D23',
          message:
            service === undefined
              ? message
              : `${message}: that is a port of ${serviceKey(service)} in front of it`,
          advice: `Write a port of the pods themselves, since that of a Service does not count: here ${known}.`,
        }),
      ];
    });
  });

/** Whether one of these ports is that of a Service in front of one of the pods. */
function leadsFrom(
  service: PlannedService,
  entry: Extract<PortEntry, { kind: 'numbers' }>,
  pods: readonly PodParty[],
): boolean {
  const isNamed = service.ports.some(
    ({ port, protocol }) => protocol === entry.protocol && entry.first <= port && port <= entry.last,
  );
  return (
    isNamed &&
    pods.some(
      (pod) =>
        pod.namespace === service.namespace && selectorMatches({ matchLabels: service.selector }, pod.labels),
    )
  );
}
