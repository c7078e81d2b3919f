/** The ends of a rule as a person would write them: `shop/*` in place of all pods of `shop`. */
import { objectKey } from '../../keys.ts';
import type { PlannedPod, Port } from '../scenario.ts';
import { targetKey } from '../select.ts';
import type { PairGroup } from './group-pairs.ts';

/** Some of the things that there are, under one name. */
interface Collective {
  readonly name: string;
  readonly members: readonly string[];
  /** Of what it takes more than one, so that the name says more than those would. */
  readonly several: 'pods' | 'ports';
}

/** Names the pods of a scenario and their ports, alone and together. */
export class EndNames {
  readonly #podsTogether: readonly Collective[];
  readonly #targetsTogether: readonly Collective[];
  readonly #targets: ReadonlyMap<string, { readonly pod: string; readonly name: string }>;

  constructor(pods: readonly PlannedPod[]) {
    const namespaces = [...Map.groupBy(pods, ({ namespace }) => namespace)];
    const ranges = [['*', pods] as const, ...namespaces.map(([name, own]) => [`${name}/*`, own] as const)];
    this.#podsTogether = ranges.map(([name, own]) => ({
      name,
      members: own.map(objectKey),
      several: 'pods',
    }));
    this.#targetsTogether = [
      ...ranges.flatMap(([name, own]) => targetsTogether(name, own)),
      // A pod alone stands for all of its ports; of one, its port says more.
      ...pods
        .filter(({ ports }) => ports.length > 1)
        .map(
          (pod): Collective => ({
            name: objectKey(pod),
            members: targetsOf(pod).map(({ key }) => key),
            several: 'ports',
          }),
        ),
    ];
    this.#targets = new Map(
      pods.flatMap((pod) =>
        targetsOf(pod).map(({ key, port }) => [
          key,
          { pod: objectKey(pod), name: `${objectKey(pod)}:${port.name ?? numberOf(port)}` },
        ]),
      ),
    );
  }

  /** The ends of a rule that stands for the pairs of a group. */
  write({ sources, targets }: PairGroup): {
    readonly from: readonly string[];
    readonly to: readonly string[];
  } {
    const podOf = (target: string): string => this.#targets.get(target)?.pod ?? '';
    const destinations = new Set(targets.map(podOf));
    const [source, ...otherSources] = sources;
    // A pod is not paired with itself, so the only destination may be among the sources, and the other way round.
    const ownTargets =
      otherSources.length > 0 ? [] : [...this.#targets].filter(([, { pod }]) => pod === source);
    const from = shorten(
      sources,
      destinations.size > 1 ? [] : [...destinations],
      this.#podsTogether,
      (pod) => pod,
    );
    const to = shorten(
      targets,
      ownTargets.map(([key]) => key),
      this.#targetsTogether,
      podOf,
    );
    return { from, to: to.map((one) => this.#targets.get(one)?.name ?? one) };
  }
}

function targetsTogether(range: string, pods: readonly PlannedPod[]): readonly Collective[] {
  const all = pods.flatMap(targetsOf);
  const byNumber = Map.groupBy(all, ({ port }) => numberOf(port));
  return [
    { name: range, members: all.map(({ key }) => key), several: 'pods' },
    ...[...byNumber].map(
      ([number, some]): Collective => ({
        name: `${range}:${number}`,
        members: some.map(({ key }) => key),
        several: 'pods',
      }),
    ),
  ];
}

function targetsOf(pod: PlannedPod): readonly { readonly key: string; readonly port: Port }[] {
  return pod.ports.map((port) => ({ key: targetKey({ to: objectKey(pod), port }), port }));
}

/** As a rule names it: `8080`, `53/UDP` */
function numberOf({ port, protocol }: Port): string {
  return protocol === 'TCP' ? String(port) : `${port}/${protocol}`;
}

/**
 * What is listed, with the names of what is there as a whole in place of its members.
 * @param spare what may be among them without making a difference
 */
function shorten(
  listed: readonly string[],
  spare: readonly string[],
  together: readonly Collective[],
  podOf: (one: string) => string,
): readonly string[] {
  const left = new Set(listed);
  const may = new Set([...listed, ...spare]);
  const names = together.flatMap(({ name, members, several }) => {
    if (members.length > may.size || !members.every((one) => may.has(one))) return [];
    const covered = members.filter((one) => left.has(one));
    if (new Set(several === 'pods' ? covered.map(podOf) : covered).size < 2) return [];
    for (const one of covered) left.delete(one);
    return [name];
  });
  return [...names, ...left].toSorted();
}
