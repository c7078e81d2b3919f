/** What the rules of a scenario say of each connection, and where they contradict each other. */
import type { Location, Problem } from '../errors.ts';
import { isHost } from '../model/endpoint.ts';
import { FAMILIES } from '../model/family.ts';
import { isBefore, problemAt } from './mark.ts';
import type { Mark, Marked, Rule } from './scenario.ts';
import { selectAll, selectEnds, selectTargets, type Topology, targetKey, targetsOf } from './select.ts';
import type { Selected, SelectedEnd, SelectedTarget } from './selected.ts';

/** One connection that a rule speaks of. */
export interface DeclaredConnection extends SelectedTarget {
  readonly from: string;
}

/** A rule, and all that it speaks of. */
export interface DeclaredRule {
  readonly rule: Rule;
  readonly connections: readonly DeclaredConnection[];
}

/** Declares every connection that a rule speaks of. Gives what is wrong with the rule; then nothing of it is declared. */
export function declareRule(rule: Rule, topology: Topology, declarations: Declarations): readonly Problem[] {
  const problems: Problem[] = [];
  const collect = <T, U>(
    ends: readonly Marked<T>[],
    select: (value: T, topology: Topology) => Selected<U>,
  ): readonly U[] => {
    const selected = selectAll(ends, select, topology);
    problems.push(...selected.problems);
    return selected.found;
  };

  const sources = new Map(collect(rule.from, selectEnds).map((end) => [end.key, end]));
  const targets = collect(rule.to, selectTargets);
  const exceptions = rule.except.map(({ from, to, mark }) => ({
    mark,
    sources: from === undefined ? undefined : new Set(collect(from, selectEnds).map(({ key }) => key)),
    targets:
      to === undefined ? undefined : new Set(collect(to, selectTargets).flatMap(targetsOf).map(targetKey)),
  }));
  problems.push(...checkFamilies(rule, topology));
  if (problems.length > 0) return problems;
  const isOfServices = targets.some(({ paths }) => paths !== undefined);
  if (rule.via !== undefined && !isOfServices)
    return [
      problemAt(rule.via, '"via" is about Services, and this rule goes to none', {
        hint: 'Write one under "to", as "service/namespace/name:80", or leave "via" out.',
      }),
    ];
  if (isOfServices) {
    const refused = refuseFromHosts(rule, targets);
    if (refused !== undefined) return [refused];
  }

  const used = new Set<Mark>();
  const isExcepted = (connection: DeclaredConnection): boolean => {
    const matching = exceptions.filter(
      ({ sources: ends, targets: others }) =>
        (ends?.has(connection.from) ?? true) && (others?.has(targetKey(connection)) ?? true),
    );
    for (const { mark } of matching) used.add(mark);
    return matching.length > 0;
  };
  const connections = pairsOf(rule, sources, targets).filter((connection) => !isExcepted(connection));
  declarations.declare({ rule, connections });
  for (const { mark } of exceptions) if (!used.has(mark)) declarations.idleExceptions.push(mark.location);
  if (connections.length > 0) return [];
  return [
    rule.except.length > 0
      ? problemAt(rule.mark, 'nothing is left of this rule after its exceptions')
      : problemAt(rule.mark, ...(pairsNoFamily(rule, sources, targets) ?? pairsNothing([...sources.keys()]))),
  ];
}

/** Outside the cluster a Service has no address, and its name leads nowhere: there are only the ports of nodes. */
function refuseFromHosts({ from }: Rule, targets: readonly SelectedEnd[]): Problem | undefined {
  const outside = from.find(({ value }) => value.kind === 'host');
  const isInside = targets.some(({ paths = [] }) => paths.some((path) => path !== 'nodePort'));
  if (outside === undefined || !isInside) return undefined;
  return problemAt(outside.mark, 'a host is outside the cluster, where a Service has no address', {
    hint: 'Write "via: nodePort", in a rule of its own, or name the pods behind the Service.',
  });
}

/** Families that the scenario does not try. */
function* checkFamilies({ families }: Rule, { families: tried }: Topology): Generator<Problem> {
  const untried = families?.value.find((family) => tried?.includes(family) !== true);
  if (families === undefined || untried === undefined) return;
  yield problemAt(families.mark, `this scenario does not try ${untried}`, {
    hint: `List the families of the scenario under "families" at its top level, such as [${FAMILIES.join(', ')}].`,
  });
}

function pairsOf(
  rule: Rule,
  sources: ReadonlyMap<string, SelectedEnd>,
  targets: readonly SelectedEnd[],
): readonly DeclaredConnection[] {
  // The specification always allows a pod to reach itself (D17): only a rule about just that is meant so.
  const pairsItself = namesOnePodTwice(rule);
  return [...sources.values()].flatMap(({ key: from, families }) =>
    targets.flatMap((target) => {
      const { key: to } = target;
      const isNoPair = (from === to && !pairsItself) || (isHost(from) && isHost(to));
      if (isNoPair) return [];
      const isMeant = ({ family }: SelectedTarget): boolean =>
        family === undefined ||
        ((families?.includes(family) ?? true) && (rule.families?.value.includes(family) ?? true));
      return targetsOf(target)
        .filter(isMeant)
        .map((one) => ({ from, ...one }));
    }),
  );
}

/** Undefined where it is not for want of a family that both ends have. */
function pairsNoFamily(
  rule: Rule,
  sources: ReadonlyMap<string, SelectedEnd>,
  targets: readonly SelectedEnd[],
): [message: string, more: { readonly hint: string }] | undefined {
  const pods = new Map([...sources].map(([key, { ports }]) => [key, { key, ports }]));
  const [pair] = pairsOf(
    rule,
    pods,
    targets.map(({ families: _, ...target }) => target),
  );
  return (
    pair && [
      `this rule pairs nothing: ${pair.from} and ${pair.to} have no family in common that it is about`,
      { hint: 'Give the host an address, or the Service an ipFamily, of one that the rule is about.' },
    ]
  );
}

function pairsNothing(sources: readonly string[]): [message: string, more?: { readonly hint: string }] {
  return sources.some(isHost)
    ? [
        'this rule pairs no pod with anything: policies have no say between hosts',
        { hint: 'Name a pod at one end.' },
      ]
    : ['this rule pairs no pod with another'];
}

function namesOnePodTwice(rule: Rule): boolean {
  const [from] = rule.from;
  const [to] = rule.to;
  return (
    rule.from.length === 1 &&
    rule.to.length === 1 &&
    from?.value.kind === 'pod' &&
    to?.value.end.kind === 'pod' &&
    from.value.key === to.value.end.key
  );
}

/** Which rule speaks of which connection. The first one to do so counts. */
export class Declarations {
  /** Exceptions that match no pair of their rule. */
  readonly idleExceptions: Location[] = [];
  readonly declared: DeclaredRule[] = [];
  /** By source, then by destination and port. */
  readonly #rules = new Map<string, Map<string, Rule>>();
  /** For every two rules, the connections over which they contradict each other, in words. */
  readonly #conflicts = new Map<Rule, Map<Rule, Set<string>>>();

  declare(declared: DeclaredRule): void {
    this.declared.push(declared);
    for (const connection of declared.connections) this.#add(connection, declared.rule);
  }

  #add(connection: DeclaredConnection, rule: Rule): void {
    const rules = this.#rules.get(connection.from) ?? new Map<string, Rule>();
    this.#rules.set(connection.from, rules);
    const key = targetKey(connection);
    const first = rules.get(key);
    if (first === undefined) rules.set(key, rule);
    else if (first.expected !== rule.expected || first.cutBy !== rule.cutBy || first.held !== rule.held) {
      const others = this.#conflicts.get(first) ?? new Map<Rule, Set<string>>();
      const connections = others.get(rule) ?? new Set();
      connections.add(`${connection.from} to ${key}`);
      this.#conflicts.set(first, others.set(rule, connections));
    }
  }

  /** What is said of connections: by source, then by {@link targetKey}. */
  get rules(): ReadonlyMap<string, ReadonlyMap<string, Rule>> {
    return this.#rules;
  }

  /** One problem for every two rules that contradict each other, shown where the later of them stands. */
  *contradictions(): Generator<Problem> {
    for (const [first, others] of this.#conflicts) {
      for (const [second, connections] of others) {
        const [earlier, later] = isBefore(first.mark.location, second.mark.location)
          ? [first, second]
          : [second, first];
        const [example] = connections;
        const more = connections.size > 1 ? ` (and ${connections.size - 1} more of this rule)` : '';
        const { conflict, said } = compare(earlier, later);
        yield problemAt(later.mark, `${example} is declared ${conflict}${more}`, {
          hint: 'Take it out of one of the two rules, or out of the wider one with "except".',
          related: [{ message: `declared ${said} here`, mark: earlier.mark }],
        });
      }
    }
  }
}

/** What two rules say that cannot both be, and what the earlier of them says. */
function compare(earlier: Rule, later: Rule): { readonly conflict: string; readonly said: string } {
  if (earlier.expected !== later.expected)
    return { conflict: 'both reachable and unreachable', said: earlier.expected };
  if (earlier.cutBy !== later.cutBy)
    return {
      conflict: `${earlier.expected} both with "cutBy" and without it`,
      said: earlier.cutBy === undefined ? 'without it' : 'with it',
    };
  const [said, contrary] = [earlier, later].map(({ held }) =>
    held === undefined ? 'without "held"' : `with "held: ${held}"`,
  );
  return { conflict: `${earlier.expected} both ${said} and ${contrary}`, said: said ?? '' };
}
