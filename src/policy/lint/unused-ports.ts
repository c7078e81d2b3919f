/** Numbered ports on which none of the pods listens that a rule is about (D13). */

import { listNames } from '../list-names.ts';
import { describePortEntry } from '../ports.ts';
import { namesDns } from './dns.ts';
import { findingAt, type Lint, type LintFinding, openedPods, placedRules } from './finding.ts';

export const lintUnusedPorts: Lint = (policy, { oracle }) =>
  placedRules(policy).flatMap((placed) => {
    const { direction, rule, path } = placed;
    // Outside of the scenario anybody may listen there.
    const leadsElsewhere =
      direction === 'egress' && (rule.peers.length === 0 || rule.peers.some(({ kind }) => kind === 'block'));
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
      return [
        findingAt(policy, [...path, 'ports', position, 'port'], {
          code: 'unused-port',
          rule: 'D13',
          message: `no ${opened.who} listens on ${describePortEntry(entry)}`,
          advice: `Write a port of the pods themselves, since that of a Service does not count: here ${known}.`,
        }),
      ];
    });
  });
