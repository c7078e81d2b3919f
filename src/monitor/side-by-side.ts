/** Whether scenarios can stand side by side: all that are watched stand at once. */
import { PodreachError } from '../errors.ts';
import { refuseClusterWideBeside } from '../run/foreign/served.ts';
import type { Plan } from '../scenario/scenario.ts';

/** @throws PodreachError `usage` for two scenarios that share a namespace, or where a policy of one of them holds for the whole cluster */
export function refuseShared(plans: readonly Plan[]): void {
  refuseClusterWideBeside(plans, 'scenarios that are watched stand side by side');
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
