/** From what is expected to checks, in the order of sources, destinations and ports, each in the order of the file. */
import type { Check } from '../model/check.ts';
import type { ServicePath } from '../model/path.ts';
import { pathsTo, type ServiceBackend } from '../model/service.ts';
import { type Expectations, isOfTwoPods, type StatedRule } from './expectations.ts';
import type { ConnectionSet } from './first-instant.ts';
import type { PlannedPod, Port } from './scenario.ts';
import { targetKey, targetsOf } from './select.ts';
import type { SelectedTarget } from './selected.ts';
import { backendsAt, type Services } from './services.ts';
import { type ClusterState, type Declared, isThere } from './state.ts';

/** A connection of which something is expected. */
export interface ExpectedConnection {
  /** Its place among all connections that the ends of a scenario could open. */
  readonly order: number;
  readonly from: string;
  readonly to: string;
  readonly port: Port;
  /** Of a Service: the way to it, and who answers there. */
  readonly through?: Through;
  readonly statement: StatedRule;
  /** See `Check`. */
  readonly firstInstant?: true;
}

interface Through {
  readonly path: ServicePath;
  readonly backends: readonly ServiceBackend[];
  readonly headless: boolean;
  /** See `Check`. */
  readonly externalTrafficPolicy?: 'Local' | undefined;
}

interface ConnectionTarget extends SelectedTarget {
  readonly key: string;
}

/** All connections that the pods and hosts of a scenario could open. */
export class Connections {
  readonly #sources: readonly string[];
  readonly #targets: readonly ConnectionTarget[];
  readonly #services: Services;

  /** @param declared all that there are at any time */
  constructor({ pods, hosts }: Pick<Declared, 'pods' | 'hosts'>, services: Services) {
    const ends = [...pods, ...hosts].map(([key, { ports }]) => ({ key, ports }));
    this.#sources = ends.map(({ key }) => key);
    this.#services = services;
    const ofServices = [...services].map(([key, service]) => ({
      key,
      ports: service.ports.map(({ targetPort: _, nodePort: __, ...port }) => port),
      paths: pathsTo(service),
    }));
    this.#targets = [...ends, ...ofServices]
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
    for (const [index, from] of this.#sources.entries()) {
      const own = rules.get(from);
      const early = firstInstants.get(from);
      // Thousands of pods have millions of pairs: those of which nothing is said are not looked up one by one.
      if ((own === undefined && otherwise === undefined) || !isThere(from, state)) continue;
      for (const { to, port, through, key, index: place } of targets) {
        const statement = own?.get(key) ?? (isOfTwoPods({ from, to }) ? otherwise : undefined);
        if (statement === undefined) continue;
        connections.push({
          order: index * this.#targets.length + place,
          from,
          to,
          port,
          ...through,
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
      return through !== undefined || isThere(target.to, state)
        ? [{ ...target, through: through && { through }, index }]
        : [];
    });
  }

  /** Of the Services that somebody answers for. */
  #throughs(pods: readonly PlannedPod[]): ReadonlyMap<ConnectionTarget, Through> {
    return new Map(
      this.#targets.flatMap((target) => {
        const { to, port, path } = target;
        const backends = path === undefined ? undefined : backendsAt(to, port, this.#services, pods);
        if (path === undefined || backends === undefined || backends.length === 0) return [];
        const { headless = false, externalTrafficPolicy } = this.#services.get(to) ?? {};
        const onNodes = path === 'nodePort' ? { externalTrafficPolicy } : {};
        return [[target, { path, backends, headless, ...onNodes }] as const];
      }),
    );
  }
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
  { from, to, port: { name, port, protocol }, through, statement, firstInstant }: ExpectedConnection,
  id: number,
): Check {
  const { expected, mark, because, cutBy, held } = statement;
  return {
    id,
    from,
    to,
    port,
    ...(name === undefined ? {} : { portName: name }),
    ...(through === undefined ? {} : asReached(through)),
    protocol,
    family: 'IPv4',
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
    backends,
    ...(headless ? { headless } : {}),
    ...(externalTrafficPolicy === undefined ? {} : { externalTrafficPolicy }),
  };
}
