/** Checks that a run did not make, because a Service that is there already lacks their family. */
import { serviceKey } from '../model/service.ts';
import type { CheckRecord, ScenarioRecord } from '../record/schema.ts';

type Leaving = Pick<ScenarioRecord, 'existingServices'>;

/** Whether a scenario, as it was run, left this check out. */
export function isLeftOut({ to, family }: CheckRecord, { existingServices = [] }: Leaving = {}): boolean {
  return existingServices.some(
    ({ untried, ...service }) => untried?.family === family && serviceKey(service) === to,
  );
}

/** `service/default/both (IPv6: 2 checks)`; undefined where all were made. */
export function describeLeftOut({ existingServices = [] }: Leaving): string | undefined {
  const services = existingServices.flatMap(({ untried, ...service }) =>
    untried === undefined
      ? []
      : [
          `${serviceKey(service)} (${untried.family}: ${untried.checks} ${untried.checks === 1 ? 'check' : 'checks'})`,
        ],
  );
  return services.length === 0 ? undefined : services.toSorted().join(', ');
}
