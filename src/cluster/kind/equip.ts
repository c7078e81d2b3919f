/** The stages that turn bare nodes into a cluster that a run can use. A kept cluster goes through those again that change nothing there. */
import { readFile, writeFile } from 'node:fs/promises';
import { Interruption, messageOf } from '../../errors.ts';
import { adviseLook, adviseWait } from './advice.ts';
import { applyManifest } from './apply.ts';
import type { CalicoManifest } from './calico.ts';
import { reachableKubeconfig } from './config.ts';
import { KIND_ENVIRONMENT } from './context.ts';
import { loadImages } from './images.ts';
import { controlPlaneOf, listNodes } from './nodes.ts';
import { REQUIREMENTS } from './readiness.ts';
import { waitFor } from './wait.ts';
import type { KindWork } from './work.ts';

const KUBECONFIG_TIMEOUT_MS = 60_000;

/** The nodes of the cluster and a kubeconfig for it: a new cluster's, or one that may have moved to another port since. */
export async function findNodes(work: KindWork): Promise<{
  readonly controlPlane: string;
  readonly kubeconfig: string;
}> {
  const { options, context, sequence, ledger, docker } = work;
  const { runner, signal } = context;
  return sequence.perform({
    name: 'reading the kubeconfig',
    async run() {
      const nodes = await listNodes(runner, options.name, signal);
      const controlPlane = controlPlaneOf(nodes);
      if (controlPlane === undefined) throw new Error('the cluster has no control plane');
      await runner.run(
        'kind',
        ['export', 'kubeconfig', '--name', options.name, '--kubeconfig', ledger.kubeconfigFile],
        {
          processMs: KUBECONFIG_TIMEOUT_MS,
          signal,
          env: KIND_ENVIRONMENT,
        },
      );
      const kubeconfig = reachableKubeconfig(await readFile(ledger.kubeconfigFile, 'utf8'), docker.host);
      await writeFile(ledger.kubeconfigFile, kubeconfig, { mode: 0o600 });
      return { controlPlane: controlPlane.name, kubeconfig };
    },
    advise: () => adviseLook(work),
  });
}

/** All images that the cluster will need, where the user asked for that. @throws PodreachError where one cannot be had */
export async function loadAllImages(work: KindWork, calico: readonly string[]): Promise<void> {
  if (work.options.loadImages !== true) return;
  await performLoading(work, 'loading images', [...calico, work.options.probeImage]);
}

/** The probe's image, pulled once and not by every node. Where the local Docker cannot have it, the nodes may. */
export async function loadProbeImage(work: KindWork): Promise<void> {
  const { options, context } = work;
  if (options.loadImages === true) return;
  try {
    await performLoading(work, "loading the probe's image", [options.probeImage]);
  } catch (thrown) {
    if (thrown instanceof Interruption || context.signal.aborted) throw thrown;
    context.tell({ type: 'warning', text: `${messageOf(thrown)}; the nodes will pull it themselves` });
  }
}

interface LoadingWork extends Pick<KindWork, 'context' | 'sequence' | 'docker'> {
  readonly options: Pick<KindWork['options'], 'name'>;
}

/** The stage that puts images into the nodes. */
export async function performLoading(
  { options, context, sequence, docker }: LoadingWork,
  name: string,
  images: readonly string[],
): Promise<void> {
  const { runner, signal } = context;
  await sequence.perform({
    name,
    run: (progress) =>
      loadImages({
        runner,
        cluster: options.name,
        images: [...new Set(images)],
        platform: docker.platform,
        signal,
        progress,
      }),
    advise: () => 'Check that the local Docker has the images or can pull them, or leave --load-images out.',
  });
}

export async function installCalico(
  work: KindWork,
  manifest: CalicoManifest,
  controlPlane: string,
): Promise<void> {
  const { options, context, sequence } = work;
  const { runner, clock, signal } = context;
  await sequence.perform({
    name: 'installing Calico',
    run: (progress) =>
      applyManifest(manifest.text, [], {
        access: { runner, node: controlPlane, signal },
        clock,
        progress,
      }),
    advise: () =>
      options.calico?.type === 'manifest'
        ? `Correct ${options.calico.from}: the API server did not take it.`
        : adviseLook(work),
  });
}

/** Waits for all that Kubernetes and Calico need, one thing after the other. */
export async function waitForAll(work: KindWork, controlPlane: string): Promise<void> {
  const { context, sequence } = work;
  const { runner, clock, signal } = context;
  for (const requirement of REQUIREMENTS) {
    await sequence.perform({
      name: `waiting for ${requirement.name}`,
      run: (progress) =>
        waitFor(requirement, { access: { runner, node: controlPlane, signal }, clock, progress }),
      advise: (thrown) => adviseWait(thrown, adviseLook(work)),
    });
  }
}
