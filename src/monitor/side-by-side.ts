/** Whether scenarios can stand side by side: all that are watched stand at once. */
import { PodreachError } from '../errors.ts';
import { serviceKey } from '../model/service.ts';
import { refuseClusterWideBeside } from '../run/foreign/served.ts';
import { dialledServices, type Plan } from '../scenario/scenario.ts';

/**
 * @throws PodreachError `usage` for two scenarios that share a namespace, or where a policy of one of them holds for the whole cluster, or
 * a check goes to a Service
 */
export function refuseShared(plans: readonly Plan[]): void {
  refuseClusterWideBeside(plans, 'scenarios that are watched stand side by side');
  for (const plan of plans) refuseServices(plan);
  const owners = new Map<string, Plan>();
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
  }
}

/** A watched check is one connection after the other to one pod: of a Service that would tell of one of its pods at a time. */
function refuseServices(plan: Plan): void {
  const [service] = dialledServices(plan);
  if (service === undefined) return;
  throw new PodreachError(
    'usage',
    `${plan.scenario.name} has checks of ${serviceKey(service)}, and connections to Services are not watched`,
    { hint: 'Watch the pods behind it: choose other checks with --check, or another scenario with --only.' },
  );
}
