/** Pairs as rules: each rule stands for every source with every target, but for a pod with itself. */

/** A source, and a port of another pod. */
export interface SourceAndTarget {
  /** `namespace/name` */
  readonly from: string;
  /** `namespace/name` of the pod that it is a port of. */
  readonly to: string;
  /** `namespace/name:port/protocol` */
  readonly target: string;
}

/** Every source with every target, but for the targets of the source itself. */
export interface PairGroup {
  readonly sources: readonly string[];
  readonly targets: readonly string[];
}

/** As few groups as do without much search: by target or by source, whichever needs fewer. They stand for these pairs and no others. */
export function groupPairs(pairs: readonly SourceAndTarget[]): readonly PairGroup[] {
  const owners = new Map(pairs.map(({ target, to }) => [target, to]));
  const byTarget = mergeAlike(collect(pairs.map(({ from, target }) => [target, from])), (target) => [
    owners.get(target) ?? '',
  ]).map(({ keys, values }) => ({ sources: values, targets: keys }));
  const owned = collect([...owners].map(([target, to]) => [to, target]));
  const bySource = mergeAlike(collect(pairs.map(({ from, target }) => [from, target])), (source) => [
    ...(owned.get(source) ?? []),
  ]).map(({ keys, values }) => ({ sources: keys, targets: values }));
  return (bySource.length < byTarget.length ? bySource : byTarget).map(({ sources, targets }) => ({
    sources: sources.toSorted(),
    targets: targets.toSorted(),
  }));
}

function collect(entries: readonly (readonly [string, string])[]): ReadonlyMap<string, ReadonlySet<string>> {
  const sets = new Map<string, Set<string>>();
  for (const [key, value] of entries) {
    const set = sets.get(key);
    if (set === undefined) sets.set(key, new Set([value]));
    else set.add(value);
  }
  return sets;
}

/**
 * Puts keys together that have the same values. A key is never paired with its own values, so these make no difference: of pods that
 * all reach each other, each has all others, and still they are alike.
 */
function mergeAlike(
  sets: ReadonlyMap<string, ReadonlySet<string>>,
  ownOf: (key: string) => readonly string[],
): readonly { readonly keys: readonly string[]; readonly values: readonly string[] }[] {
  const entries = [...sets].map(([key, values]) => {
    const own = ownOf(key);
    const full = new Set([...values, ...own]);
    return { key, values, full, own: textOf(own), plain: textOf(values), all: textOf(full) };
  });
  const plain = new Set(entries.map((entry) => entry.plain));
  const withAll = Map.groupBy(entries, ({ all }) => all);
  const isShared = ({ all }: (typeof entries)[number]): boolean =>
    plain.has(all) || new Set(withAll.get(all)?.map(({ own }) => own)).size > 1;
  const chosen = entries.map((entry) => ({ ...entry, chosen: isShared(entry) ? entry.full : entry.values }));
  return [...Map.groupBy(chosen, (entry) => textOf(entry.chosen)).values()].map((group) => {
    // Where all have the very same values, their own need not be among them.
    const isAlike = new Set(group.map((entry) => entry.plain)).size === 1;
    return {
      keys: group.map(({ key }) => key),
      values: group.slice(0, 1).flatMap((entry) => [...(isAlike ? entry.values : entry.chosen)]),
    };
  });
}

function textOf(values: Iterable<string>): string {
  return [...new Set(values)].sort().join(' ');
}
