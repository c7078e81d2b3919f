/** From what is expected to checks, in the order of sources, destinations and ports, each in the order of the file. */
import type { Check } from '../model/check.ts';
import { type Expectations, isOfTwoPods, type StatedRule } from './expectations.ts';
import type { ConnectionSet } from './first-instant.ts';
import type { Port } from './scenario.ts';
import { targetKey } from './select.ts';
import type { Declared } from './state.ts';

/** A connection of which something is expected. */
export interface ExpectedConnection {
  /** Its place among all connections that the ends of a scenario could open. */
  readonly order: number;
  readonly from: string;
  readonly to: string;
  readonly port: Port;
  readonly statement: StatedRule;
  /** See `Check`. */
  readonly firstInstant?: true;
}

/** All connections that the pods and hosts of a scenario could open. */
export class Connections {
  readonly #sources: readonly string[];
  readonly #targets: readonly { readonly to: string; readonly port: Port; readonly key: string }[];

  constructor({ pods, hosts }: Pick<Declared, 'pods' | 'hosts'>) {
    const ends = [...pods, ...hosts];
    this.#sources = ends.map(([key]) => key);
    this.#targets = ends.flatMap(([to, { ports }]) =>
      ports.map((port) => ({ to, port, key: targetKey(to, port) })),
    );
  }

  /**
   * Those between ends that are there, of which something is expected. What holds otherwise is about pods alone.
   * @param firstInstants those that are tried from the first instant of their source, by source and then by `targetKey`
   */
  expected(
    { rules, otherwise }: Expectations,
    isThere: (end: string) => boolean,
    firstInstants: ConnectionSet = new Map(),
  ): readonly ExpectedConnection[] {
    const connections: ExpectedConnection[] = [];
    const targets = this.#targets.flatMap((target, index) =>
      isThere(target.to) ? [{ ...target, index }] : [],
    );
    for (const [index, from] of this.#sources.entries()) {
      const own = rules.get(from);
      const early = firstInstants.get(from);
      // Thousands of pods have millions of pairs: those of which nothing is said are not looked up one by one.
      if ((own === undefined && otherwise === undefined) || !isThere(from)) continue;
      for (const { to, port, key, index: place } of targets) {
        const statement = own?.get(key) ?? (isOfTwoPods({ from, to }) ? otherwise : undefined);
        if (statement === undefined) continue;
        connections.push({
          order: index * this.#targets.length + place,
          from,
          to,
          port,
          statement,
          ...(early?.has(key) === true ? { firstInstant: true } : {}),
        });
      }
    }
    return connections;
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
  { from, to, port: { name, port, protocol }, statement, firstInstant }: ExpectedConnection,
  id: number,
): Check {
  const { expected, mark, because, cutBy, held } = statement;
  return {
    id,
    from,
    to,
    port,
    ...(name === undefined ? {} : { portName: name }),
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
