/** From what is expected to checks, in the order of sources, destinations and ports, each in the order of the file. */
import type { Check } from '../model/check.ts';
import type { Family } from '../model/family.ts';
import type { ServicePath } from '../model/path.ts';
import { familiesOfService, pathsTo, type ServiceBackend } from '../model/service.ts';
import { type Expectations, isOfTwoPods, type StatedRule } from './expectations.ts';
import type { ConnectionSet } from './first-instant.ts';
import type { PlannedPod, Port } from './scenario.ts';
import { familiesOfHost, targetKey, targetsOf } from './select.ts';
import type { SelectedEnd, SelectedTarget } from './selected.ts';
import { backendsAt, type Services } from './services.ts';
import { type ClusterState, type Declared, isThere } from './state.ts';

/** A connection of which something is expected. */
export interface ExpectedConnection {
  /** Its place among all connections that the ends of a scenario could open. */
  readonly order: number;
  readonly from: string;
  readonly to: string;
  readonly port: Port;
  /** See `Check`. */
  readonly family?: Family;
  /** Of a Service: the way to it, and who answers there. */
  readonly through?: Through;
  readonly statement: StatedRule;
  /** See `Check`. */
  readonly firstInstant?: true;
}

interface Through {
  readonly path: ServicePath;
  /** Absent: the Service is there already. */
  readonly backends?: readonly ServiceBackend[];
  readonly headless: boolean;
  /** See `Check`. */
  readonly externalTrafficPolicy?: 'Local' | undefined;
}

interface ConnectionSource {
  readonly key: string;
  /** How it dials, whatever its target is. */
  readonly dials: Pick<ExpectedConnection, 'family'>;
}

interface ConnectionTarget extends SelectedTarget {
  readonly key: string;
}

/** All connections that the pods and hosts of a scenario could open. */
export class Connections {
  readonly #sources: readonly ConnectionSource[];
  readonly #targets: readonly ConnectionTarget[];
  readonly #services: Services;
  readonly #existing: ReadonlySet<string>;

  /**
   * @param declared all that there are at any time
   * @param existing Services that are there already, with the ports that rules name
   * @param tried absent: the cluster's first
   */
  constructor(
    { pods, hosts }: Pick<Declared, 'pods' | 'hosts'>,
    services: Services,
    existing: readonly SelectedEnd[],
    tried: readonly Family[] | undefined,
  ) {
    const ends = [
      ...[...pods].map(([key, { ports }]) => ({ key, ports, ...known(tried) })),
      ...[...hosts].map(([key, host]) => ({ key, ports: host.ports, ...known(familiesOfHost(host, tried)) })),
    ];
    // Only a host with one address has a family where none is asked for.
    this.#sources = ends.map(({ key, families: [family] = [] }) => ({
      key,
      dials: tried === undefined && family !== undefined ? { family } : {},
    }));
    this.#services = services;
    const ofServices = [...services].map(([key, service]) => ({
      key,
      ports: service.ports.map(({ targetPort: _, nodePort: __, ...port }) => port),
      paths: pathsTo(service),
      ...known(familiesOfService(service, tried)),
    }));
    this.#existing = new Set(existing.map(({ key }) => key));
    this.#targets = [...ends, ...ofServices, ...existing]
      .flatMap(targetsOf)
      .map((target) => ({ ...target, key: targetKey(target) }));
  }

  /**
   * Those between ends that are there, of which something is expected: a Service is there while somebody answers for it. What holds
   * otherwise is about pods alone.
   * @param state what is there
   * @param firstInstants those that are tried from the first instant of their source, by source and then by `targetKey`
   */
  expected(
    { rules, otherwise }: Expectations,
    state: Pick<ClusterState, 'pods'>,
    firstInstants: ConnectionSet = new Map(),
  ): readonly ExpectedConnection[] {
    const connections: ExpectedConnection[] = [];
    const targets = this.#thoseThere(state);
    for (const [index, { key: from, dials }] of this.#sources.entries()) {
      const own = rules.get(from);
      const early = firstInstants.get(from);
      // Thousands of pods have millions of pairs: those of which nothing is said are not looked up one by one.
      if ((own === undefined && otherwise === undefined) || !isThere(from, state)) continue;
      for (const { to, port, reached, key, index: place } of targets) {
        const statement = own?.get(key) ?? (isOfTwoPods({ from, to }) ? otherwise : undefined);
        if (statement === undefined) continue;
        connections.push({
          order: index * this.#targets.length + place,
          from,
          to,
          port,
          ...dials,
          ...reached,
          statement,
          ...(early?.has(key) === true ? { firstInstant: true } : {}),
        });
      }
    }
    return connections;
  }

  #thoseThere(state: Pick<ClusterState, 'pods'>) {
    const throughs = this.#throughs([...state.pods.values()]);
    return this.#targets.flatMap((target, index) => {
      const through = throughs.get(target);
      if (through === undefined && !isThere(target.to, state)) return [];
      const { family } = target;
      const reached: Pick<ExpectedConnection, 'family' | 'through'> = {
        ...(family === undefined ? {} : { family }),
        ...(through === undefined ? {} : { through }),
      };
      return [{ ...target, reached, index }];
    });
  }

  /** Of the Services that somebody answers for: those that are there already have their own. */
  #throughs(pods: readonly PlannedPod[]): ReadonlyMap<ConnectionTarget, Through> {
    return new Map(
      this.#targets.flatMap((target): readonly (readonly [ConnectionTarget, Through])[] => {
        const { to, port, path } = target;
        if (path === undefined) return [];
        if (this.#existing.has(to)) return [[target, { path, headless: false }]];
        const backends = backendsAt(to, port, this.#services, pods);
        if (backends === undefined || backends.length === 0) return [];
        const { headless = false, externalTrafficPolicy } = this.#services.get(to) ?? {};
        const onNodes = path === 'nodePort' ? { externalTrafficPolicy } : {};
        return [[target, { path, backends, headless, ...onNodes }]];
      }),
    );
  }
}

function known(families: readonly Family[] | undefined): Pick<SelectedEnd, 'families'> {
  return families === undefined ? {} : { families };
}

/** The checks of each step. The same connection has the same number in all of them. */
export function numberChecks<Step>(
  steps: readonly (readonly [Step, readonly ExpectedConnection[]])[],
): ReadonlyMap<Step, readonly Check[]> {
  const places = new Set<number>();
  for (const [, connections] of steps) for (const { order } of connections) places.add(order);
  const orders = Float64Array.from(places).sort();
  return new Map(
    steps.map(([step, connections]) => {
      let id = 0;
      const checks = connections.map((connection) => {
        // Both are in order, so that what comes next is never before.
        while (orders[id] !== connection.order) id += 1;
        return asCheck(connection, id);
      });
      return [step, checks];
    }),
  );
}

function asCheck(
  { from, to, port: { name, port, protocol }, family, through, statement, firstInstant }: ExpectedConnection,
  id: number,
): Check {
  const { expected, mark, because, cutBy, held, families } = statement;
  const isOfExisting = through !== undefined && through.backends === undefined;
  return {
    id,
    from,
    to,
    port,
    ...(name === undefined ? {} : { portName: name }),
    ...(through === undefined ? {} : asReached(through)),
    protocol,
    ...(family === undefined ? {} : { family }),
    ...(isOfExisting && families !== undefined ? { meantFamilies: families.value } : {}),
    expected,
    declared: mark.location,
    ...(because === undefined ? {} : { because }),
    ...(cutBy === undefined ? {} : { cutBy }),
    ...(firstInstant === undefined ? {} : { firstInstant }),
    ...(held === undefined ? {} : { held }),
  };
}

function asReached({
  path,
  backends,
  headless,
  externalTrafficPolicy,
}: Through): Pick<Check, 'path' | 'backends' | 'headless' | 'externalTrafficPolicy'> {
  return {
    path,
    ...(backends === undefined ? {} : { backends }),
    ...(headless ? { headless } : {}),
    ...(externalTrafficPolicy === undefined ? {} : { externalTrafficPolicy }),
  };
}
