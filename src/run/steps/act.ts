/** The actions of a step, on the cluster, in their order. */
import { PodreachError } from '../../errors.ts';
import { namespaceOf, objectKey } from '../../keys.ts';
import type { ObjectAddress } from '../../kube/kube.ts';
import { ACTION_KINDS, type Action, nameObject, parseObject } from '../../model/step.ts';
import { RUN_LABEL } from '../../probe/manifest.ts';
import type { WatchRequest } from '../../probe/watch-protocol.ts';
import type { PlannedStep } from '../../scenario/scenario.ts';
import { applyPolicies } from '../apply.ts';
import type { Asking, Requesting } from '../context.ts';
import { removeLeftOver } from '../leftovers.ts';
import type { PodPlacement } from '../placement.ts';
import { pollPauseMs } from '../poll.ts';
import { type Provisioning, provision, type RunningPods } from '../provision.ts';

/** What actions are performed with. */
export type Acting = Provisioning & Requesting<'apply' | 'patch' | 'delete'> & Asking;

/** What pods watch from their process's beginning, by their keys. */
export type FirstInstantRequests = ReadonlyMap<string, WatchRequest>;

const POLL_MS = 100;

/**
 * Performs the actions of a step.
 * @param placement where pods that are created come
 * @param firstInstants what pods that are created watch from their process's beginning
 * @returns the pods that run then. Those that stay are the same objects
 * @throws PodreachError for what the cluster refuses, and for pods that do not come or do not go
 */
export async function act(
  step: PlannedStep,
  pods: RunningPods,
  placement: Pick<PodPlacement, 'wanted'>,
  context: Acting,
  firstInstants: FirstInstantRequests = new Map(),
): Promise<RunningPods> {
  let running = pods;
  if (step.actions.length === 0) await applyPolicies(step.applied, context);
  for (const kind of ACTION_KINDS) {
    const actions = step.actions.filter((action) => action.kind === kind);
    if (actions.length > 0)
      running = await perform(kind, actions, { step, running, placement, firstInstants }, context);
  }
  return running;
}

interface Scene {
  readonly step: PlannedStep;
  readonly running: RunningPods;
  readonly placement: Pick<PodPlacement, 'wanted'>;
  readonly firstInstants: FirstInstantRequests;
}

async function perform(
  kind: Action['kind'],
  actions: readonly Action[],
  { running, ...scene }: Scene,
  context: Acting,
): Promise<RunningPods> {
  const objects = new Set(actions.map(({ object }) => object));
  const { step } = scene;
  switch (kind) {
    case 'apply':
      await applyPolicies(step.applied, context);
      return running;
    case 'delete':
      await Promise.all([...objects].map((object) => context.kube.delete(addressOf(object), context)));
      return running;
    case 'label':
      await Promise.all(
        actions.map(({ object, labels = {} }) =>
          context.kube.patch(addressOf(object), { metadata: { labels } }, context),
        ),
      );
      return running;
    case 'create':
      return new Map([...running, ...(await create(objects, scene, context))]);
    case 'remove':
      return await remove(objects, running, context);
    case 'replace': {
      const others = await remove(objects, running, context);
      return new Map([...others, ...(await create(objects, scene, context))]);
    }
  }
}

/** Where what an action is done to is found in the API. */
function addressOf(object: string): ObjectAddress {
  const parsed = parseObject(object);
  switch (parsed.kind) {
    case 'namespace':
      return { resource: 'namespaces', name: parsed.name };
    case 'networkpolicy':
      return { resource: 'networkpolicies', namespace: parsed.namespace, name: parsed.name };
    case 'pod':
      return { resource: 'pods', namespace: parsed.namespace, name: parsed.name };
  }
}

/** Creates what the state of a step has by these names, and waits until it runs. */
async function create(
  objects: ReadonlySet<string>,
  { step: { namespaces, pods }, placement, firstInstants }: Omit<Scene, 'running'>,
  context: Provisioning,
): Promise<RunningPods> {
  const wanted = placement.wanted({
    namespaces: namespaces.filter(({ name }) => objects.has(nameObject({ kind: 'namespace', name }))),
    pods: pods.filter((pod) => objects.has(nameObject({ kind: 'pod', ...pod }))),
  });
  const watching = wanted.pods.map((pod) => {
    const firstInstant = firstInstants.get(objectKey(pod));
    return firstInstant === undefined ? pod : { ...pod, firstInstant };
  });
  return await provision({ ...wanted, pods: watching }, context);
}

/** Takes pods and namespaces away, and waits until they are gone. @returns the pods that are left */
async function remove(
  objects: ReadonlySet<string>,
  running: RunningPods,
  context: Acting,
): Promise<RunningPods> {
  const { kube, clock, runId, signal } = context;
  const namespaces = [...objects]
    .map(parseObject)
    .flatMap(({ kind, name }) => (kind === 'namespace' ? name : []));
  const isGoing = (key: string): boolean => objects.has(key) || namespaces.includes(namespaceOf(key));
  const going = [...running.keys()].filter(isGoing);
  context.sessions.leave(going);
  await removePods(
    going.filter((key) => objects.has(key)),
    context,
  );
  if (namespaces.length > 0) await removeLeftOver({ kube, clock, runId, signal, only: new Set(namespaces) });
  return new Map([...running].filter(([key]) => !isGoing(key)));
}

async function removePods(keys: readonly string[], context: Acting): Promise<void> {
  const { kube, clock, timing, runId, signal } = context;
  await Promise.all(keys.map((key) => kube.delete(addressOf(key), context)));
  const beganMs = clock.now();
  const labelSelector = `${RUN_LABEL}=${runId}`;
  const namespaces = [...new Set(keys.map(namespaceOf))];
  for (;;) {
    const lists = await Promise.all(
      namespaces.map((namespace) => kube.list({ resource: 'pods', namespace, labelSelector }, context)),
    );
    const there = new Set(
      lists.flat().map(({ metadata: { namespace = '', name } }) => objectKey({ namespace, name })),
    );
    const left = keys.filter((key) => there.has(key));
    if (left.length === 0) return;
    const soFarMs = clock.now() - beganMs;
    if (soFarMs > timing.readyWithinMs) {
      throw new PodreachError(
        'provision-failed',
        `${left.join(', ')} ${left.length === 1 ? 'is' : 'are'} still there ${timing.readyWithinMs / 1000} s after being deleted`,
        { hint: 'Look at the kubelet of the node, and for finalizers: kubectl get pod NAME --output yaml' },
      );
    }
    await clock.sleep(pollPauseMs(soFarMs, POLL_MS), signal);
  }
}
