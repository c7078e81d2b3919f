/** The life of one new pod: made, asked for what it saw from its first instant on, and taken away. */
import { messageOf } from '../../errors.ts';
import { agreesAtLast } from '../../judge/judge.ts';
import { objectKey } from '../../keys.ts';
import type { Requesting, Telling } from '../../run/context.ts';
import { createAll, type Provisioning, type RunningPod, waitForPods } from '../../run/provision.ts';
import type { Heard } from '../../run/watching/heard.ts';
import { type Collecting, PodWatch } from '../../run/watching/pod-watch.ts';
import type { NewPod, NewPodTarget } from './copies.ts';

/** What a new pod is made, asked and taken away with. */
export type MakingPods = Provisioning &
  Requesting<'delete'> &
  Telling &
  Collecting & { readonly timing: { readonly withinMs: number } };

/** A new pod that has told what it saw. */
export interface SeenNewPod {
  /** `namespace/name` */
  readonly key: string;
  readonly copyOf: string;
  readonly node: string;
  readonly everyMs: number;
  readonly heard: Heard;
  readonly checks: readonly NewPodTarget[];
}

/** How old a new pod becomes. What must be reachable and is not yet has all the time that it may take. */
const AGE_MS = 5_000;
/** Longer than it may take by so much: two attempts that fail after it make it late for certain. */
const GRACE_MS = 1_000;
const ASK_EVERY_MS = 1_000;
/** One that does not come, such as on a node that is drained, must not keep the place of others for long. */
const COMES_WITHIN_MS = 30_000;

/**
 * @param stop aborted when the watch ends: a pod that runs tells what it has seen until then
 * @param onMade called when the cluster has taken it
 * @returns undefined where the watch ended before it ran
 * @throws PodreachError where it could not be made, or told nothing. In every ending it is taken away
 */
export async function liveOnce(
  wanted: NewPod,
  context: MakingPods,
  stop: AbortSignal,
  onMade: () => void,
): Promise<SeenNewPod | undefined> {
  const { pod, copyOf, request, checks } = wanted;
  const key = objectKey(pod);
  const { signal, timing } = context;
  const coming = {
    ...context,
    progress: () => {},
    signal: AbortSignal.any([signal, stop]),
    timing: { ...timing, readyWithinMs: Math.min(timing.readyWithinMs, COMES_WITHIN_MS) },
  };
  const one = { name: key, namespaces: [], pods: [pod] };
  try {
    let running: RunningPod | undefined;
    try {
      await createAll(one, coming);
      onMade();
      running = (await waitForPods(one, coming)).get(key);
    } catch (thrown) {
      if (coming.signal.aborted) return undefined;
      throw thrown;
    }
    if (running === undefined) return undefined;
    const heard = await hear(new PodWatch(running, request), wanted, context, stop);
    return { key, copyOf, node: running.node, everyMs: request.everyMs, heard, checks };
  } finally {
    context.sessions.leave([key]);
    // Where the run is over already, it goes with its namespace.
    if (!signal.aborted) await takeAway(pod, context);
  }
}

/** What it has told counts also where it cannot be deleted. */
async function takeAway({ namespace, name }: NewPod['pod'], context: MakingPods): Promise<void> {
  const { kube, progress, signal } = context;
  try {
    await kube.delete({ resource: 'pods', namespace, name }, context);
  } catch (thrown) {
    if (signal.aborted) return;
    const text = `the new pod ${namespace}/${name} was not deleted: ${messageOf(thrown)}`;
    progress({ type: 'note', text });
  }
}

/** Asks now and then, until it is old enough. @throws Error with the reason where nothing was heard */
async function hear(
  watch: PodWatch,
  { checks }: NewPod,
  context: MakingPods,
  stop: AbortSignal,
): Promise<Heard> {
  const { clock, signal, timing } = context;
  const oldestMs = Math.max(AGE_MS, timing.withinMs + GRACE_MS);
  const lastMs = clock.now() + oldestMs;
  // What the pod that it copies could not reach either is not waited for.
  const awaited = checks.filter(
    ({ watched: { check } }) => check.expected === 'reachable' && agreesAtLast(check),
  );
  const isAllowed = (heard: Heard): boolean =>
    awaited.every(({ target }) => heard.stretchesOf(target).some(({ outcome }) => outcome === 'connected'));
  for (;;) {
    const [before] = watch.agents;
    const ageMs = before === undefined ? 0 : before.span.toMs - before.processMs;
    const isOld = before !== undefined && ageMs >= AGE_MS - ASK_EVERY_MS / 2 && isAllowed(before);
    const ends = isOld || stop.aborted || ageMs >= oldestMs || clock.now() >= lastMs;
    const failure = await watch.collect(ends, context);
    const [heard] = watch.agents;
    signal.throwIfAborted();
    if (ends && heard !== undefined) return heard;
    if (ends) throw new Error(failure ?? 'it told nothing');
    await clock.sleep(ASK_EVERY_MS, AbortSignal.any([signal, stop])).catch(() => undefined);
  }
}
