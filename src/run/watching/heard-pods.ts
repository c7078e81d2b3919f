/** From the watches of pods to what was heard of each, of what checks rest on. Pure. */
import { endKeyOf, OUTSIDE, type RunningPod } from '../provision.ts';
import type { WatchedListener, WatchedWay } from './plan-watches.ts';
import type { PodWatch } from './pod-watch.ts';
import type { HeardListener, HeardPod, HeardWay } from './tracks.ts';

type PodWatches = ReadonlyMap<RunningPod, Pick<PodWatch, 'agents'>>;
export type HeardPods = ReadonlyMap<RunningPod, HeardPod>;

export function heardPods(watches: PodWatches): HeardPods {
  return new Map([...watches].map(([pod, { agents }]) => [pod, heardPod(pod, agents)]));
}

/** One of which nothing was heard is among them all the same. */
export function heardListeners(
  listeners: readonly WatchedListener[],
  pods: HeardPods,
): readonly HeardListener[] {
  return listeners.map(({ to, listener }) => ({ to: pods.get(to) ?? heardPod(to, []), listener }));
}

export function heardWays(
  ways: readonly WatchedWay[],
  watches: PodWatches,
): ReadonlyMap<WatchedWay, HeardWay> {
  return new Map(
    ways.map((way) => {
      const { name, watcher, target } = way;
      return [way, { name, agents: watches.get(watcher)?.agents ?? [], target }];
    }),
  );
}

function heardPod(pod: RunningPod, agents: HeardPod['agents']): HeardPod {
  return { key: endKeyOf(pod), agents, ...(pod.node === OUTSIDE ? { isOutside: true } : {}) };
}
