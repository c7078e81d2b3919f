/** How many pods each ReplicaSet of a Deployment should have next, as a pure function. */

/** A ReplicaSet as far as a rollout looks at it. */
export interface SetSize {
  /** What it is told to have. */
  readonly wanted: number;
  /** How many of its pods can be used. */
  readonly available: number;
}

export interface RolloutSizes {
  readonly replicas: number;
  readonly maxSurge: number;
  readonly maxUnavailable: number;
  /** The set with the Deployment's template. */
  readonly current: SetSize;
  /** The others, the oldest first. */
  readonly old: readonly SetSize[];
}

export interface NextSizes {
  readonly current: number;
  readonly old: readonly number[];
}

/** Never more than `maxSurge` pods too many, never fewer than all but `maxUnavailable` that can be used. */
export function rollingSizes({ replicas, maxSurge, maxUnavailable, current, old }: RolloutSizes): NextSizes {
  const oldWanted = sum(old.map(({ wanted }) => wanted));
  const room = Math.max(0, replicas + maxSurge - oldWanted - current.wanted);
  const next = Math.min(replicas, current.wanted + room);
  const needed = Math.max(0, replicas - maxUnavailable);
  // Pods that cannot be used go first: nobody misses them.
  const broken = old.map(({ wanted, available }) => Math.max(0, wanted - available));
  const usable = current.available + sum(old.map(({ available }) => available));
  const spare = takeFrom(
    old.map(({ wanted, available }) => Math.min(wanted, available)),
    Math.max(0, usable - needed),
  );
  return {
    current: next,
    old: old.map(({ wanted }, index) => wanted - (broken[index] ?? 0) - (spare[index] ?? 0)),
  };
}

/** First all others end, then the current one begins. @param isEmpty whether none of the others' pods is left */
export function recreatingSizes(
  { replicas, current, old }: Pick<RolloutSizes, 'replicas' | 'current' | 'old'>,
  isEmpty: boolean,
): NextSizes {
  return { current: isEmpty ? replicas : current.wanted, old: old.map(() => 0) };
}

/** Takes an amount from counts, from one after the other. @returns what is taken from each */
function takeFrom(counts: readonly number[], amount: number): number[] {
  let left = amount;
  return counts.map((count) => {
    const taken = Math.min(count, left);
    left -= taken;
    return taken;
  });
}

function sum(numbers: readonly number[]): number {
  return numbers.reduce((total, number) => total + number, 0);
}
