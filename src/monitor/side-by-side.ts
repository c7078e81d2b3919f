/** Whether scenarios can stand side by side: all that are watched stand at once. */
import { PodreachError } from '../errors.ts';
import { serviceKey } from '../model/service.ts';
import { refuseClusterWideBeside } from '../run/foreign/served.ts';
import { nodePortsOf } from '../run/placement.ts';
import { dialledExisting, dialledServices, type Plan } from '../scenario/scenario.ts';

/**
 * @throws PodreachError `usage` for two scenarios that share a namespace or a port of nodes, where a policy of one of them holds for the
 * whole cluster, or where a check goes to a Service
 */
export function refuseShared(plans: readonly Plan[]): void {
  refuseClusterWideBeside(plans, 'scenarios that are watched stand side by side');
  for (const plan of plans) refuseServices(plan);
  const owners = new Map<string, Plan>();
  const listeners = new Map<string, Plan>();
  for (const plan of plans) {
    for (const { name } of plan.namespaces) {
      const other = owners.get(name);
      if (other !== undefined && other !== plan)
        throw new PodreachError(
          'usage',
          `${other.scenario.name} and ${plan.scenario.name} share the namespace ${name}, and scenarios that are watched stand side by side`,
          { hint: 'Give one of them other namespaces, or choose one with --only.' },
        );
      owners.set(name, plan);
    }
    for (const port of nodePortsOf(plan)) {
      const other = listeners.get(port);
      if (other !== undefined)
        throw new PodreachError(
          'usage',
          `${other.scenario.name} and ${plan.scenario.name} both have pods on the network of their nodes that listen on port ${port}, and scenarios that are watched stand side by side`,
          { hint: 'Give one of them another port, or choose one with --only.' },
        );
      listeners.set(port, plan);
    }
  }
}

/** A watched check is one connection after the other to one pod: of a Service that would tell of one of its pods at a time. */
function refuseServices(plan: Plan): void {
  const [service] = [...dialledServices(plan), ...dialledExisting(plan)];
  if (service === undefined) return;
  throw new PodreachError(
    'usage',
    `${plan.scenario.name} has checks of ${serviceKey(service)}, and connections to Services are not watched`,
    { hint: 'Watch the pods behind it: choose other checks with --check, or another scenario with --only.' },
  );
}
