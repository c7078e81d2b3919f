/** Does work for many at once: what arrives while a batch is being worked on waits for the next. */

/**
 * @param limit how many a batch may hold
 * @param work does the work for one batch; batches never overlap
 * @returns a function that adds one item, and resolves or rejects with the batch that it ends up in
 */
export function createBatcher<Item>(
  limit: number,
  work: (batch: readonly Item[]) => Promise<void>,
): (item: Item) => Promise<void> {
  let waiting: Entry<Item>[] = [];
  let isWorking = false;

  async function drain(): Promise<void> {
    isWorking = true;
    while (waiting.length > 0) {
      const batch = waiting.slice(0, limit);
      waiting = waiting.slice(limit);
      try {
        await work(batch.map(({ item }) => item));
        for (const { resolve } of batch) resolve();
      } catch (thrown) {
        for (const { reject } of batch) reject(thrown);
      }
    }
    isWorking = false;
  }

  return (item) =>
    new Promise((resolve, reject) => {
      waiting.push({ item, resolve, reject });
      if (!isWorking) void drain();
    });
}

interface Entry<Item> {
  readonly item: Item;
  readonly resolve: () => void;
  readonly reject: (reason: unknown) => void;
}
