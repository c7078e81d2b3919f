/** Secrets for pulling images, copied into the namespaces of a run: those are new, and nobody else has put them there. */
import { PodreachError } from '../errors.ts';
import { ApiStatusError, isAlreadyExists } from '../kube/errors.ts';
import type { KubeObject } from '../kube/kube.ts';
import { RUN_LABEL } from '../probe/manifest.ts';
import type { Owning, Probing, Requesting } from './context.ts';
import { refusalError } from './refusal.ts';

/** What a kubelet takes for pulling. Anything else would be of no use there, and is nobody's to copy. */
const PULL_TYPES: readonly unknown[] = ['kubernetes.io/dockerconfigjson', 'kubernetes.io/dockercfg'];

/**
 * Copies every Secret of the probe settings that names where it is to be copied from.
 * @throws PodreachError `provision-failed` where there is none, or none for pulling; `permission-denied`
 */
export async function copyPullSecrets(
  namespace: string,
  context: Requesting<'create' | 'get'> & Owning & Probing,
): Promise<void> {
  const { kube, probe, runId } = context;
  for (const { name, copyFrom } of probe.pullSecrets) {
    if (copyFrom === undefined) continue;
    const secret = await kube.get({ resource: 'secrets', namespace: copyFrom, name }, context);
    if (secret === undefined) {
      throw new PodreachError(
        'provision-failed',
        `there is no Secret ${copyFrom}/${name}, which --image-pull-secret names`,
        { hint: `See which there are: kubectl get secrets --namespace ${copyFrom}` },
      );
    }
    if (!PULL_TYPES.includes(secret['type'])) {
      throw new PodreachError(
        'provision-failed',
        `the Secret ${copyFrom}/${name} is of the type ${secret['type']}, which is not for pulling images`,
        { hint: 'Name one that was made with kubectl create secret docker-registry.' },
      );
    }
    await createCopy(copyOf(secret, namespace, runId), context);
  }
}

async function createCopy(copy: KubeObject, context: Requesting<'create'>): Promise<void> {
  try {
    await context.kube.create(copy, context);
  } catch (thrown) {
    // A controller of the cluster that does the same has been faster.
    if (isAlreadyExists(thrown)) return;
    if (!(thrown instanceof ApiStatusError) || thrown.code !== 'api-error') throw thrown;
    throw refusalError(`the copy of the Secret ${copy.metadata.name} in ${copy.metadata.namespace}`, thrown);
  }
}

function copyOf(secret: KubeObject, namespace: string, runId: string): KubeObject {
  return {
    apiVersion: 'v1',
    kind: 'Secret',
    metadata: { name: secret.metadata.name, namespace, labels: { [RUN_LABEL]: runId } },
    type: secret['type'],
    data: secret['data'],
  };
}
