/** Which policies a check tests. */
import type { CheckRecord, ScenarioRecord } from '../../record.ts';

/**
 * The policies, as `namespace/name`, that decide about a check as far as is known: what its prediction rests on, and, where it did
 * not pass, those that isolate its ends.
 */
export function policiesOf({ predicted, isolatedBy }: CheckRecord, { grounds }: ScenarioRecord): string[] {
  const deciding =
    predicted === undefined ? [] : (grounds[predicted.grounds] ?? []).map(({ policy }) => policy);
  return [...new Set([...deciding, ...(isolatedBy?.egress ?? []), ...(isolatedBy?.ingress ?? [])])];
}
