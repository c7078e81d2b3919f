/** Which new pods are to be made: copies of the pods that checks start at, one after the other, on the nodes in turn. Pure. */
import { objectKey } from '../../keys.ts';
import { greatest } from '../../numbers.ts';
import type { WatchRequest, WatchTarget } from '../../probe/watch-protocol.ts';
import type { Bounded, Owning } from '../../run/context.ts';
import { firstInstantRequest } from '../../run/first-instant/request.ts';
import type { WantedPod } from '../../run/provision.ts';
import type { ProbeNode } from '../../run/schedulable.ts';
import type { WatchedCheck } from '../../run/watching/plan-watches.ts';
import type { PlannedPod } from '../../scenario/scenario.ts';

/** A new pod that is to be made. */
export interface NewPod {
  readonly pod: WantedPod;
  /** `namespace/name` of the pod that it is a copy of. */
  readonly copyOf: string;
  readonly node: string;
  /** What it watches from its first instant on. */
  readonly request: WatchRequest;
  /** Each with its id among the targets of the request. */
  readonly checks: readonly NewPodTarget[];
}

export interface NewPodTarget {
  readonly watched: WatchedCheck;
  readonly target: number;
}

/** A pod that checks start at. */
export interface CheckedSource {
  readonly pod: PlannedPod;
  readonly checks: readonly WatchedCheck[];
}

export type CopyContext = Owning &
  Bounded<'timeoutMs'> & {
    /** Names that are given: `namespace/name`. */
    readonly taken: Iterable<string>;
  };

/** As many fit into an environment variable with room to spare. Of a source with more, each copy tries others. */
const CHECKS_TRIED = 500;
/** A name of a pod is at most 63 characters long where it is to be a host name. */
const NAME_LENGTH = 40;

/** Gives out copies, one after the other, without an end. */
export class Copies {
  readonly #sources: readonly [CheckedSource, ...CheckedSource[]];
  readonly #nodes: readonly [ProbeNode, ...ProbeNode[]];
  readonly #context: Owning & Bounded<'timeoutMs'>;
  readonly #taken: Set<string>;
  #number = 0;

  private constructor(
    sources: readonly [CheckedSource, ...CheckedSource[]],
    nodes: readonly [ProbeNode, ...ProbeNode[]],
    { taken, ...context }: CopyContext,
  ) {
    this.#sources = sources;
    this.#nodes = nodes;
    this.#taken = new Set(taken);
    this.#context = context;
  }

  /**
   * @param scenarios the pods that checks start at, by scenario
   * @returns undefined where no check starts anywhere, or there is no node
   */
  static of(
    scenarios: readonly (readonly CheckedSource[])[],
    nodes: readonly ProbeNode[],
    context: CopyContext,
  ): Copies | undefined {
    const [source, ...sources] = inTurn(scenarios);
    const [node, ...others] = nodes;
    if (source === undefined || node === undefined) return undefined;
    return new Copies([source, ...sources], [node, ...others], context);
  }

  next(): NewPod {
    const place = this.#number % this.#sources.length;
    const lap = Math.floor(this.#number / this.#sources.length);
    const [firstSource] = this.#sources;
    const [firstNode] = this.#nodes;
    const source = this.#sources[place] ?? firstSource;
    // Each source comes to each node: it is one further in each lap.
    const node = this.#nodes[(place + lap) % this.#nodes.length] ?? firstNode;
    this.#number += 1;
    const { pod } = source;
    const name = this.#nameFor(pod);
    const key = objectKey({ namespace: pod.namespace, name });
    const checks = slice(source.checks, lap * CHECKS_TRIED).map(
      (watched, index): NewPodTarget => ({ watched, target: index + 1 }),
    );
    const targets = checks.map(({ watched, target }): WatchTarget => ({ id: target, ...watched.dial }));
    const request = firstInstantRequest(key, targets, this.#context);
    return {
      pod: { ...pod, name, hostname: node.hostname, firstInstant: request },
      copyOf: objectKey(pod),
      node: node.name,
      request,
      checks,
    };
  }

  #nameFor({ namespace, name }: PlannedPod): string {
    const stem = name.slice(0, NAME_LENGTH).replace(/[-.]+$/, '');
    for (let number = this.#number; ; number += 1) {
      const own = `${stem}-new-${number}`;
      const key = objectKey({ namespace, name: own });
      if (this.#taken.has(key)) continue;
      this.#taken.add(key);
      return own;
    }
  }
}

/** So many from a place on, and on from the first where the list is over. */
function slice<Item>(list: readonly Item[], from: number): readonly Item[] {
  if (list.length <= CHECKS_TRIED) return list;
  const start = from % list.length;
  return [...list.slice(start), ...list.slice(0, start)].slice(0, CHECKS_TRIED);
}

/** The first of each, then the second of each, … */
function inTurn<Item>(lists: readonly (readonly Item[])[]): readonly Item[] {
  const longest = greatest([0, ...lists.map(({ length }) => length)]);
  return Array.from({ length: longest }, (_, index) =>
    lists.flatMap((list) => list.slice(index, index + 1)),
  ).flat();
}
