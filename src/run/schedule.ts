/** Which scenarios run side by side. */

/** What is left of an item when the next may take its place. */
export interface Aftermath {
  /** Resolves when its keys are free. */
  readonly cleaned: Promise<void>;
}

/**
 * Runs `work` over all items, in order as far as possible, at most `parallel` at once, and never two at once that share
 * a key: scenarios with a namespace in common must not meet. Cleaning up after an item takes no place.
 * @param stop asked before each start; true leaves the rest undone
 */
export async function runDisjoint<Item>(
  items: readonly Item[],
  options: {
    readonly parallel: number;
    readonly keysOf: (item: Item) => readonly string[];
    readonly stop: () => boolean;
  },
  work: (item: Item) => Promise<Aftermath>,
): Promise<void> {
  const waiting = [...items];
  const running = new Set<Item>();
  const busy = new Set<string>();
  /** Whatever will make room: work that ends, or keys that become free. */
  const pending = new Set<Promise<void>>();

  const startable = (): Item | undefined =>
    running.size < options.parallel && !options.stop()
      ? waiting.find((item) => options.keysOf(item).every((key) => !busy.has(key)))
      : undefined;

  const follow = (change: Promise<void>): void => {
    pending.add(change);
    void change.finally(() => pending.delete(change)).catch(() => {}); // whoever waits for it hears of it
  };

  const start = (item: Item): void => {
    waiting.splice(waiting.indexOf(item), 1);
    running.add(item);
    for (const key of options.keysOf(item)) busy.add(key);
    const free = async (cleaned: Promise<void>): Promise<void> => {
      await cleaned;
      for (const key of options.keysOf(item)) busy.delete(key);
    };
    const run = async (): Promise<void> => {
      const { cleaned } = await work(item);
      running.delete(item);
      follow(free(cleaned));
    };
    follow(run());
  };

  for (;;) {
    for (let next = startable(); next !== undefined; next = startable()) start(next);
    if (pending.size === 0) return;
    await Promise.race(pending);
  }
}
