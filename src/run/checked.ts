/** The third stage of a run: a cluster of which all is known that can be told before anything is created there. */
import type { KubeObject } from '../kube/kube.ts';
import type { Assumptions } from '../policy/peers.ts';
import type { Connected } from './connected.ts';
import { describeNodes, describeServer } from './environment/describe.ts';
import { tryInOwnFamilies } from './existing-families.ts';
import { type MetServices, meetServices } from './existing-services.ts';
import { discoverKinds, refuseClusterWideBeside, refuseExisting } from './foreign/served.ts';
import { refuseHosts, refuseInside } from './hosts.ts';
import type { Job, Planned } from './job.ts';
import { assumptionsFor } from './predict.ts';
import { checkPermissions, refuseForeignNamespaces, refuseMissingNamespaces } from './preflight.ts';
import { meetNetwork } from './prove.ts';

export interface Checked extends Pick<Connected, 'cluster' | 'tools'> {
  readonly nodes: readonly KubeObject[];
  /** As they can be tried there. */
  readonly scenarios: readonly Planned[];
  /** The Services that are there already and that checks go to. */
  readonly met: MetServices;
  /** What is known of how it takes policies. */
  readonly assumptions: Assumptions;
}

/**
 * Asks a cluster what it is and, where podreach is a guest, whether it may do there what a run does.
 * @param askedForMs when the cluster was asked for, on the run's clock
 * @throws PodreachError `kind-not-served`, `permission-denied`, `namespace-foreign`, `policy-exists`; `not-supported` for namespaces, and
 *   with `provision-failed` for Services that are there already; what the API server says
 */
export async function check(
  { cluster, tools }: Connected,
  { scenarios, options, record: { environment } }: Job,
  askedForMs: number,
): Promise<Checked> {
  const { trust } = cluster;
  const plans = scenarios.map(({ plan }) => plan);
  refuseHosts(plans, cluster);
  if (options.keep) refuseClusterWideBeside(plans, 'with --keep it stands while the others run');
  await describeServer(environment, tools);
  tools.progress({
    type: 'cluster-ready',
    cluster: cluster.kind,
    server: tools.kube.server,
    durationMs: tools.clock.now() - askedForMs,
  });
  const served = await discoverKinds(plans, cluster, tools);
  if (trust.kind === 'to-be-proven') {
    const isWatched = options.whileStanding !== undefined;
    await checkPermissions({ plans, isWatched, makesPods: options.makesPods === true }, tools);
    await refuseForeignNamespaces(plans, tools);
  }
  await refuseMissingNamespaces(plans, tools);
  await refuseExisting(plans, served, tools);
  const nodes = await describeNodes(environment, tools);
  refuseInside(plans, nodes);
  const met = await meetServices(plans, nodes, tools);
  if (trust.kind === 'to-be-proven') await meetNetwork(trust, environment, tools);
  return {
    cluster,
    tools: served.length === 0 ? tools : { ...tools, served },
    nodes,
    scenarios: scenarios.map((planned) => tryInOwnFamilies(planned, met)),
    met,
    assumptions: assumptionsFor(trust, environment),
  };
}
