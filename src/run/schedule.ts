/** Which scenarios run side by side. */

/**
 * Runs `work` over all items, in order as far as possible, at most `parallel` at once, and never two at once that share
 * a key: scenarios with a namespace in common must not meet.
 * @param stop asked before each start; true leaves the rest undone
 */
export async function runDisjoint<Item>(
  items: readonly Item[],
  options: {
    readonly parallel: number;
    readonly keysOf: (item: Item) => readonly string[];
    readonly stop: () => boolean;
  },
  work: (item: Item) => Promise<void>,
): Promise<void> {
  const waiting = [...items];
  const running = new Map<Item, Promise<void>>();
  const busy = new Set<string>();

  const startable = (): Item | undefined =>
    running.size < options.parallel && !options.stop()
      ? waiting.find((item) => options.keysOf(item).every((key) => !busy.has(key)))
      : undefined;

  const start = (item: Item): void => {
    waiting.splice(waiting.indexOf(item), 1);
    for (const key of options.keysOf(item)) busy.add(key);
    const ended = work(item).finally(() => {
      running.delete(item);
      for (const key of options.keysOf(item)) busy.delete(key);
    });
    running.set(item, ended);
  };

  for (;;) {
    for (let next = startable(); next !== undefined; next = startable()) start(next);
    if (running.size === 0) return;
    await Promise.race(running.values());
  }
}
