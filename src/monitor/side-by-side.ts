/** Whether scenarios can stand side by side: all that are watched stand at once. */
import { PodreachError } from '../errors.ts';
import { refuseClusterWideBeside } from '../run/foreign/served.ts';
import { placesOf } from '../run/hosts.ts';
import type { RunOptions } from '../run/job.ts';
import { nodePortsOf } from '../run/placement.ts';
import type { Plan } from '../scenario/scenario.ts';

/**
 * @param kind of the cluster: on one of a context hosts are the real ones, and any number of scenarios may meet the same
 * @throws PodreachError `usage` for two scenarios that share a namespace, a port of nodes or the place of a simulated host, and where a
 * policy of one of them holds for the whole cluster
 */
export function refuseShared(plans: readonly Plan[], { kind }: Pick<RunOptions['provider'], 'kind'>): void {
  refuseClusterWideBeside(plans, 'scenarios that are watched stand side by side');
  refuseCommon(plans, {
    keysOf: ({ namespaces }) => namespaces.map(({ name }) => name),
    share: (name) => `share the namespace ${name}`,
    hint: 'Give one of them other namespaces',
  });
  refuseCommon(plans, {
    keysOf: (plan) => [...nodePortsOf(plan)],
    share: (port) => `both take port ${port} of nodes`,
    hint: 'Give one of them another port',
  });
  refuseCommon(plans, {
    keysOf: kind === 'context' ? () => [] : placesOf,
    share: (place) => `both have a host at ${place}`,
    hint: 'Give one of them another address, or put them into one scenario',
  });
}

/** What only one scenario can have at a time. */
interface Exclusive {
  readonly keysOf: (plan: Plan) => readonly string[];
  readonly share: (key: string) => string;
  readonly hint: string;
}

function refuseCommon(plans: readonly Plan[], { keysOf, share, hint }: Exclusive): void {
  const owners = new Map<string, Plan>();
  for (const plan of plans) {
    for (const key of keysOf(plan)) {
      const other = owners.get(key);
      if (other !== undefined && other !== plan)
        throw new PodreachError(
          'usage',
          `${other.scenario.name} and ${plan.scenario.name} ${share(key)}, and scenarios that are watched stand side by side`,
          { hint: `${hint}, or choose one with --only.` },
        );
      owners.set(key, plan);
    }
  }
}
