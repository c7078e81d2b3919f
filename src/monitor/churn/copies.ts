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

/** Of a source with more, each copy tries others. */
const CHECKS_TRIED = 500;
/**
 * A new pod is told of its targets in an environment variable, of which Linux takes 131,072 bytes (`MAX_ARG_STRLEN`): so long may they be
 * in JSON, and the rest is for what else is in it. One at a Service names every pod and node that may answer.
 */
const TARGETS_LENGTH = 96 * 1_024;
/** More than the id of a target takes. */
const ID_LENGTH = 20;
/** A name of a pod is at most 63 characters long where it is to be a host name. */
const NAME_LENGTH = 40;

/** Gives out copies, one after the other, without an end. */
export class Copies {
  readonly #sources: readonly [CheckedSource, ...CheckedSource[]];
  readonly #nodes: readonly [ProbeNode, ...ProbeNode[]];
  readonly #context: Owning & Bounded<'timeoutMs'>;
  readonly #taken: Set<string>;
  /** Where the checks of the next copy begin. */
  readonly #from = new Map<CheckedSource, number>();
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
    const checks = this.#checksOf(source).map(
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

  /** As many as fit, from where those of the last copy ended, and on from the first where the list is over. */
  #checksOf(source: CheckedSource): readonly WatchedCheck[] {
    const { checks } = source;
    const from = this.#from.get(source) ?? 0;
    const fitting = fittingOf([...checks.slice(from), ...checks.slice(0, from)]);
    this.#from.set(source, (from + fitting.length) % checks.length);
    return fitting;
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

/** Whether a new pod can be told of one at all. */
export function fits({ dial }: Pick<WatchedCheck, 'dial'>): boolean {
  return lengthOf(dial) <= TARGETS_LENGTH;
}

/** The first of them that one new pod can be told of. */
function fittingOf(checks: readonly WatchedCheck[]): readonly WatchedCheck[] {
  let length = 0;
  const tooMany = checks.findIndex(({ dial }, index) => {
    length += lengthOf(dial);
    return index >= CHECKS_TRIED || length > TARGETS_LENGTH;
  });
  return tooMany === -1 ? checks : checks.slice(0, tooMany);
}

function lengthOf(dial: WatchedCheck['dial']): number {
  return JSON.stringify(dial).length + ID_LENGTH;
}

/** The first of each, then the second of each, … */
function inTurn<Item>(lists: readonly (readonly Item[])[]): readonly Item[] {
  const longest = greatest([0, ...lists.map(({ length }) => length)]);
  return Array.from({ length: longest }, (_, index) =>
    lists.flatMap((list) => list.slice(index, index + 1)),
  ).flat();
}
