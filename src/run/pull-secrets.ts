/** Secrets for pulling images, copied into the namespaces of a run: those are new, and nobody else has put them there. */
import { PodreachError } from '../errors.ts';
import type { KubeObject } from '../kube/kube.ts';
import { RUN_LABEL } from '../probe/manifest.ts';
import type { RunContext } from './context.ts';

/**
 * Copies every Secret of the probe settings that names where it is to be copied from.
 * @throws PodreachError `provision-failed` where there is none; `permission-denied`
 */
export async function copyPullSecrets(namespace: string, context: RunContext): Promise<void> {
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
    await kube.create(copyOf(secret, namespace, runId), context);
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
