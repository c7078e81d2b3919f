/** Policies of other kinds on the cluster: created under their own names, with the label of the run, and taken away by it. */
import type { Clock } from '../../clock.ts';
import { PodreachError } from '../../errors.ts';
import { ApiStatusError, isAlreadyExists } from '../../kube/errors.ts';
import type { Kube, KubeObject } from '../../kube/kube.ts';
import { RUN_LABEL } from '../../probe/manifest.ts';
import type { FoundForeignPolicy } from '../../scenario/manifests/inventory.ts';
import { isMapping } from '../../scenario/source.ts';
import { allEnded } from '../all-ended.ts';
import type { Owning, Requesting } from '../context.ts';
import { pollPauseMs } from '../poll.ts';
import { findServed, type ServedPolicyKind, type Serving } from './kinds.ts';

/** A policy that somebody has to take notice of before it goes may take a moment. */
const GONE_WITHIN_MS = 60_000;
const POLL_MS = 50;

/**
 * Creates the policies. One that is there already is never changed.
 * @throws PodreachError `policy-rejected`, `policy-exists`
 */
export async function createForeign(
  policies: readonly FoundForeignPolicy[],
  context: Requesting<'create'> & Owning & Serving,
): Promise<void> {
  // One that is still on its way when the run cleans up would come after that, and stay.
  await allEnded(policies.map((policy) => create(policy, context)));
}

async function create(
  policy: FoundForeignPolicy,
  { kube, signal, runId, served = [] }: Requesting<'create'> & Owning & Serving,
): Promise<void> {
  const { title, location } = policy;
  const as = findServed(policy, served);
  if (as === undefined) throw new RangeError(`nobody has asked whether ${title} is served`);
  try {
    await kube.create(asCreated(policy, runId), { signal, as });
  } catch (thrown) {
    if (!(thrown instanceof ApiStatusError) || thrown.code !== 'api-error') throw thrown;
    if (isAlreadyExists(thrown)) {
      throw new PodreachError('policy-exists', `${title} exists already, and this run did not create it`, {
        hint: 'podreach changes no policy that is there: give the one in the manifests another name.',
        location,
        cause: thrown,
      });
    }
    throw new PodreachError('policy-rejected', `the API server refused ${title}: ${thrown.words}`, {
      hint: `Correct the policy at ${location.file}:${location.line}.`,
      location,
      cause: thrown,
    });
  }
}

function asCreated(
  { apiVersion, kind, namespace, name, object }: FoundForeignPolicy,
  runId: string,
): KubeObject {
  const metadata = isMapping(object['metadata']) ? object['metadata'] : {};
  const labels = isMapping(metadata['labels']) ? metadata['labels'] : {};
  return {
    ...object,
    apiVersion,
    kind,
    metadata: {
      ...metadata,
      name,
      ...(namespace === undefined ? {} : { namespace }),
      labels: { ...labels, [RUN_LABEL]: runId },
    },
  };
}

export interface ForeignRemoval extends Owning {
  readonly kube: Pick<Kube, 'list' | 'delete'>;
  readonly clock: Clock;
  readonly signal?: AbortSignal;
  readonly served: readonly ServedPolicyKind[];
  /** Those of these namespaces, beside those of the whole cluster. */
  readonly namespaces: ReadonlySet<string>;
}

/**
 * Takes away what a run has created of these kinds, known by its label, and waits until it is gone.
 * @throws PodreachError `api-error` naming what is left
 */
export async function removeForeign(removal: ForeignRemoval): Promise<void> {
  const { kube, clock, served, signal } = removal;
  const options = signal === undefined ? {} : { signal };
  if (served.length === 0) return;
  const beganMs = clock.now();
  for (;;) {
    const left = (await Promise.all(served.map((kind) => ownOf(kind, removal)))).flat();
    if (left.length === 0) return;
    await Promise.all(
      left
        .filter(({ metadata }) => metadata.deletionTimestamp === undefined)
        .map(({ resource, metadata: { namespace, name } }) =>
          kube.delete({ resource, name, ...(namespace === undefined ? {} : { namespace }) }, options),
        ),
    );
    const soFarMs = clock.now() - beganMs;
    if (soFarMs > GONE_WITHIN_MS) {
      const names = left.map(({ resource: { kind }, metadata: { name } }) => `${kind} ${name}`);
      throw new PodreachError(
        'api-error',
        `policies are still there after ${GONE_WITHIN_MS / 1000} s: ${names.join(', ')}`,
        { hint: 'Look for finalizers: kubectl get KIND NAME --output yaml' },
      );
    }
    await clock.sleep(pollPauseMs(soFarMs, POLL_MS), signal);
  }
}

interface OwnPolicy extends Pick<KubeObject, 'metadata'> {
  readonly resource: ServedPolicyKind;
}

async function ownOf(
  resource: ServedPolicyKind,
  { kube, signal, runId, namespaces }: ForeignRemoval,
): Promise<readonly OwnPolicy[]> {
  const found = await kube.list(
    { resource, labelSelector: `${RUN_LABEL}=${runId}` },
    signal === undefined ? {} : { signal },
  );
  return found
    .filter(({ metadata: { namespace } }) => namespace === undefined || namespaces.has(namespace))
    .map(({ metadata }) => ({ resource, metadata }));
}
