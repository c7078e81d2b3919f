/** Upgrades the Calico of a cluster that podreach made: the stages in their order, and what is said where one of them ends it. */
import { hostname } from 'node:os';
import { PodreachError } from '../../errors.ts';
import { shellCommand } from '../../shell.ts';
import { adviseTools, adviseWait } from './advice.ts';
import { applyManifest } from './apply.ts';
import { CALICO_CONTROLLERS, CALICO_NODE, type CalicoManifest, isOlder, releaseOf } from './calico.ts';
import type { CalicoSource } from './choices.ts';
import type { KindContext } from './context.ts';
import { definitionsRequirement } from './definitions.ts';
import { performLoading } from './equip.ts';
import type { Ledger, LedgerEntry } from './ledger.ts';
import { fetchCalico } from './manifest.ts';
import { controlPlaneOf, type NodeContainer } from './nodes.ts';
import { isRunning, type NotedProcess, noteProcess } from './process.ts';
import { findWorkload, NODES, type ReadinessRequirement } from './readiness.ts';
import { clusterInUse, foreignCluster, refuseStopped, retainedCluster } from './refusals.ts';
import { rolloutOf } from './rollout.ts';
import { type Sequence, startSequence } from './stages.ts';
import { type FoundCluster, lookUp } from './standing.ts';
import { askDocker, askKind } from './tools.ts';
import { READY_TIMEOUT_MS, takeSnapshot, waitFor } from './wait.ts';
import { calicoKey } from './work.ts';

/**
 * As Calico's own instructions have it. A field that somebody else has set is set back, and one that only the old manifest set is taken
 * away; no definition is too large for it.
 */
const APPLY_OPTIONS = ['--server-side', '--force-conflicts'];

export interface CalicoUpgradeOptions {
  readonly name: string;
  readonly calico: CalicoSource;
  /** Load Calico's images from the local Docker, and fail where one of them cannot be had. */
  readonly loadImages?: boolean | undefined;
  /** Whether a run that uses the cluster has started this, as its command: the cluster is the one of its kubeconfig. */
  readonly isFromWithin: boolean;
}

export interface CalicoUpgrade {
  /** Releases such as `v3.31.7`; a file, where its images do not say which. */
  readonly from: string;
  readonly to: string;
  /** False where the cluster had it already, and nothing was done. */
  readonly isChanged: boolean;
}

/** What one upgrade works with. */
interface UpgradeWork {
  readonly options: CalicoUpgradeOptions;
  readonly context: KindContext;
  readonly sequence: Sequence;
  readonly ledger: Ledger;
  readonly nodes: readonly NodeContainer[];
  readonly controlPlane: string;
}

/** How far it has come, for whoever has to be told when it ends before its end. */
type Reached = 'untouched' | 'applying' | 'rolling-out';

/**
 * Brings a cluster's Calico to another release, and waits until it has been rolled out. Where it is interrupted or fails the cluster
 * stays as it is, and the same call goes on.
 * @throws PodreachError `cluster-unavailable`, `tool-missing`, `usage`, `interrupted`
 */
export async function upgradeCalico(
  options: CalicoUpgradeOptions,
  context: KindContext,
): Promise<CalicoUpgrade> {
  const { name, calico } = options;
  const { runner, env, signal, tell, clock } = context;
  const sequence = startSequence(tell, clock);
  const reach: { reached: Reached } = { reached: 'untouched' };
  try {
    const docker = await sequence.perform({
      name: 'checking Docker and kind',
      async run() {
        await askKind(runner, signal);
        return askDocker(runner, env, signal);
      },
      advise: adviseTools,
    });
    const found = await sequence.perform({
      name: `looking for the cluster "${name}"`,
      run: () => lookUp(name, context),
      advise: () => 'Check that Docker answers: docker ps',
    });
    const entry = upgradableEntry(found, options);
    const { ledger, nodes } = found;
    const controlPlane = nameControlPlane(name, nodes);
    const work: UpgradeWork = { options, context, sequence, ledger, nodes, controlPlane };
    await heedOthers(work, entry);

    const manifest = await fetchCalico(calico, entry.recipe.encapsulation, work);
    const runningImage = await askRunningImage(work);
    const from = (runningImage && releaseOf(runningImage)) ?? entry.recipe.calico;
    const to = releaseOf(manifest.nodeImage) ?? calicoKey(calico);
    if (runningImage === manifest.nodeImage && isNoted(entry, calico, manifest)) {
      return { from, to, isChanged: false };
    }
    if (isOlder(to, from)) {
      const text = `${to} is older than ${from}, which runs: what only the newer release knows stays on the cluster`;
      tell({ type: 'warning', text });
    }
    if (options.loadImages === true) {
      await performLoading({ options, context, sequence, docker }, 'loading images', manifest.images);
    }
    await withNote(work, entry, manifest, async () => {
      reach.reached = 'applying';
      await apply(work, manifest, to);
      reach.reached = 'rolling-out';
      await waitForRollouts(work);
    });
    return { from, to, isChanged: true };
  } catch (thrown) {
    const text = describeEnd(reach.reached, options);
    if (reach.reached !== 'untouched' || signal.aborted) tell({ type: 'warning', text });
    throw thrown;
  }
}

/** @throws PodreachError where there is no cluster of podreach's that stays as it is meanwhile */
function upgradableEntry(
  { standing, ledger, known, nodes }: FoundCluster,
  { name, isFromWithin }: CalicoUpgradeOptions,
): LedgerEntry {
  switch (standing.type) {
    case 'foreign':
      throw foreignCluster(name);
    case 'retained':
      throw retainedCluster(name, ledger, standing.entry);
    case 'in-use':
      if (!isFromWithin || known?.phase !== 'ready') throw clusterInUse(name, standing.owner);
      refuseStopped(name, nodes);
      return known;
    case 'kept':
      refuseStopped(name, nodes);
      return standing.entry;
    case 'free':
    case 'left-over':
      throw new PodreachError('cluster-unavailable', `there is no kind cluster "${name}" of podreach's`, {
        hint: `Make one first: podreach cluster create ${name}`,
      });
  }
}

function nameControlPlane(name: string, nodes: readonly NodeContainer[]): string {
  const controlPlane = controlPlaneOf(nodes);
  if (controlPlane !== undefined) return controlPlane.name;
  throw new PodreachError('cluster-unavailable', `the kind cluster "${name}" has no control plane`, {
    hint: `Delete what is left of it: podreach cluster delete ${name}`,
  });
}

/** What a process does with a kept cluster is its own matter, unless it upgrades it as well. */
async function heedOthers(
  { options, context, ledger }: UpgradeWork,
  { upgrade }: LedgerEntry,
): Promise<void> {
  const { name, isFromWithin } = options;
  const isOther = (noted: NotedProcess): boolean =>
    isRunning(noted) === true && !(noted.pid === context.pid && noted.host === hostname());
  if (upgrade !== undefined && isOther(upgrade.by)) {
    throw new PodreachError(
      'cluster-unavailable',
      `the kind cluster "${name}" is being upgraded to ${upgrade.calico} by another podreach (process ${upgrade.by.pid})`,
      { hint: `Wait until it has ended: podreach cluster status ${name}` },
    );
  }
  const user = (await ledger.users()).find(isOther);
  if (user === undefined || isFromWithin) return;
  const text = `a run of podreach uses the kind cluster "${name}" (process ${user.pid}): its network plugin changes meanwhile`;
  context.tell({ type: 'warning', text });
}

/** The image of calico-node, as its DaemonSet has it; undefined where there is none. */
function askRunningImage({
  options: { name },
  context: { runner, signal },
  sequence,
  controlPlane,
}: UpgradeWork): Promise<string | undefined> {
  return sequence.perform({
    name: 'asking which Calico runs',
    async run() {
      const snapshot = await takeSnapshot({ runner, node: controlPlane, signal });
      const daemonSet = findWorkload(snapshot, 'DaemonSet', CALICO_NODE);
      const containers = daemonSet?.spec?.template?.spec.containers ?? [];
      return containers.find((container) => container.name === CALICO_NODE)?.image;
    },
    advise: () => `See how it is: podreach cluster status ${name}`,
  });
}

/** Whether the last thing that was done to the cluster's Calico was to apply this manifest, to the end. */
function isNoted(
  { recipe, upgrade }: LedgerEntry,
  source: CalicoSource,
  { digest }: CalicoManifest,
): boolean {
  if (upgrade !== undefined) return false;
  // What an older podreach has noted has no digest; a release has one manifest.
  return recipe.manifest === undefined
    ? source.type === 'version' && recipe.calico === source.version
    : recipe.manifest === digest;
}

/** Notes what is being done for as long as it is, and what has been done when it is. */
async function withNote(
  { options, context, ledger }: UpgradeWork,
  entry: LedgerEntry,
  manifest: CalicoManifest,
  work: () => Promise<void>,
): Promise<void> {
  const calico = calicoKey(options.calico);
  const self = noteProcess(context.pid);
  await ledger.addUser(self);
  try {
    await ledger.update({ ...entry, upgrade: { calico, by: self } });
    await work();
    // Whoever made the cluster may have noted something else of it since, or have deleted it.
    const current = await ledger.read();
    if (current === undefined) return;
    const { upgrade: _, ...rest } = current;
    await ledger.update({ ...rest, recipe: { ...rest.recipe, calico, manifest: manifest.digest } });
  } finally {
    await ledger.removeUser(self);
  }
}

async function apply(work: UpgradeWork, manifest: CalicoManifest, to: string): Promise<void> {
  const { options, context, sequence, controlPlane } = work;
  const { runner, clock, signal } = context;
  const access = { runner, node: controlPlane, signal };
  const perform = (name: string, text: string): Promise<void> =>
    sequence.perform({
      name,
      run: (progress) => applyManifest(text, APPLY_OPTIONS, { access, clock, progress }),
      advise: () =>
        options.calico.type === 'manifest'
          ? `Correct ${options.calico.from}: the API server did not take it.`
          : adviseStatus(work),
    });
  const { names, text } = manifest.definitions;
  if (names.length > 0) {
    await perform('applying the custom resource definitions', text);
    await waitForOne(work, definitionsRequirement(names));
  }
  await perform(`applying the manifest of Calico ${to}`, manifest.text);
}

async function waitForRollouts(work: UpgradeWork): Promise<void> {
  const nodes = work.nodes.filter(({ role }) => role !== 'external-load-balancer').length;
  // Its nodes come one after the other.
  await waitForOne(work, rolloutOf('DaemonSet', CALICO_NODE), READY_TIMEOUT_MS * nodes);
  await waitForOne(work, rolloutOf('Deployment', CALICO_CONTROLLERS));
  await waitForOne(work, NODES);
}

async function waitForOne(
  work: UpgradeWork,
  requirement: ReadinessRequirement,
  withinMs: number = READY_TIMEOUT_MS,
): Promise<void> {
  const { context, sequence, controlPlane } = work;
  const { runner, clock, signal } = context;
  const access = { runner, node: controlPlane, signal };
  await sequence.perform({
    name: `waiting for ${requirement.name}`,
    run: (progress) => waitFor(requirement, { access, clock, progress }, withinMs),
    advise: (thrown) => adviseWait(thrown, adviseStatus(work)),
  });
}

function adviseStatus({ options: { name }, ledger }: UpgradeWork): string {
  const pods = [
    'kubectl',
    '--kubeconfig',
    ledger.kubeconfigFile,
    '--namespace',
    'kube-system',
    'get',
    'pods',
  ];
  return `See what it lacks (podreach cluster status ${name}), and look at the pods: ${shellCommand(pods)}`;
}

/** In which state the cluster is where an upgrade ends before its end, and how to go on. */
function describeEnd(reached: Reached, { name, calico, loadImages }: CalicoUpgradeOptions): string {
  const source =
    calico.type === 'version' ? ['--calico-version', calico.version] : ['--calico-manifest', calico.from];
  const images = loadImages === true ? ['--load-images'] : [];
  const again = shellCommand(['podreach', 'cluster', 'upgrade', name, ...source, ...images]);
  const unfinished = `the upgrade of the kind cluster "${name}" has not ended`;
  switch (reached) {
    case 'untouched':
      return `the upgrade of the kind cluster "${name}" had not begun: nothing has changed there`;
    case 'applying':
      return `${unfinished}: a part of the manifest may be applied; the same command goes on with it: ${again}`;
    case 'rolling-out':
      return `${unfinished}: the manifest is applied, and Kubernetes goes on with the rollout; the same command waits for it: ${again}`;
  }
}
