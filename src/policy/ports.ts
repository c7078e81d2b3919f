/** The `ports` of a rule held against the port that a flow goes to (D13 to D16). */
import type { PolicyProtocol } from './model.ts';
import type { Party } from './parties.ts';

/** One entry of `ports`. */
export type PortEntry =
  | { readonly kind: 'every'; readonly protocol: PolicyProtocol }
  | {
      readonly kind: 'numbers';
      readonly protocol: PolicyProtocol;
      readonly first: number;
      readonly last: number;
    }
  | { readonly kind: 'name'; readonly protocol: PolicyProtocol; readonly name: string };

/** A port of a destination, on which a named port depends (D14). */
export interface DestinationPort {
  readonly destination: Party;
  readonly port: number;
  readonly protocol: PolicyProtocol;
  /** Entries cannot tell targets with the same key apart: same protocol, same number, same names for it. */
  readonly key: string;
}

export type PortOutcome =
  | { readonly match: 'yes' }
  | { readonly match: 'no'; readonly miss: PortMiss }
  /** It is not known to which port a Service leads. */
  | { readonly match: 'endpoints' };

/** Why an entry does not match. */
export type PortMiss =
  | { readonly kind: 'other-protocol' }
  | { readonly kind: 'other-number' }
  /** The destination gives the name to other ports. */
  | { readonly kind: 'name-elsewhere'; readonly ports: readonly number[] }
  | { readonly kind: 'name-undeclared' }
  /** Only pods declare names. */
  | { readonly kind: 'name-needs-pod' };

export function matchPort(entry: PortEntry, target: DestinationPort): PortOutcome {
  if (entry.protocol !== target.protocol) return miss({ kind: 'other-protocol' });
  const { destination } = target;
  if (destination.kind === 'unknown' && (entry.kind === 'numbers' || destination.mayBePod))
    return { match: entry.kind === 'every' ? 'yes' : 'endpoints' };
  switch (entry.kind) {
    case 'every':
      return { match: 'yes' };
    case 'numbers':
      return entry.first <= target.port && target.port <= entry.last
        ? { match: 'yes' }
        : miss({ kind: 'other-number' });
    case 'name': {
      if (destination.kind !== 'pod') return miss({ kind: 'name-needs-pod' });
      const ports = destination.ports
        .filter(({ name, protocol }) => name === entry.name && protocol === entry.protocol)
        .map(({ port }) => port);
      if (ports.length === 0) return miss({ kind: 'name-undeclared' });
      return ports.includes(target.port) ? { match: 'yes' } : miss({ kind: 'name-elsewhere', ports });
    }
  }
}

/** A port of a destination, with its key. */
export function targetAt(destination: Party, port: number, protocol: PolicyProtocol): DestinationPort {
  if (destination.kind === 'unknown')
    return { destination, port, protocol, key: `${protocol} of ${destination.name}` };
  const declared = destination.kind === 'pod' ? destination.ports : [];
  const own = declared.filter((one) => one.port === port && one.protocol === protocol);
  const [only] = own;
  // Flows are looked up by it one by one, and hardly any port has two names.
  const names =
    own.length === 1
      ? (only?.name ?? '')
      : own
          .flatMap(({ name }) => name ?? [])
          .toSorted()
          .join(' ');
  return { destination, port, protocol, key: `${protocol} ${port} ${names}` };
}

/** `TCP 5432`, `TCP 8000 to 8100`, `TCP port "metrics"`, `every TCP port` */
export function describePortEntry(entry: PortEntry): string {
  switch (entry.kind) {
    case 'every':
      return `every ${entry.protocol} port`;
    case 'numbers':
      return `${entry.protocol} ${entry.first}${entry.last === entry.first ? '' : ` to ${entry.last}`}`;
    case 'name':
      return `${entry.protocol} port "${entry.name}"`;
  }
}

function miss(why: PortMiss): PortOutcome {
  return { match: 'no', miss: why };
}
