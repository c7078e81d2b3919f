/** Which policies have a say in a check, and which of them no check depends on. */
import type { CheckView, LocationView, ScenarioView } from '../../view/view.ts';

/**
 * The policies, as `namespace/name`, that have a say in a check as far as is known: what its prediction rests on, and, where it did
 * not pass, those that isolate its ends. It may depend on none of them: two that deny the same stand in for each other.
 */
export function policiesOf({ predicted, isolatedBy, scenario }: CheckView): string[] {
  const deciding =
    predicted === undefined ? [] : (scenario.grounds[predicted.grounds] ?? []).map(({ policy }) => policy);
  return [...new Set([...deciding, ...(isolatedBy?.egress ?? []), ...(isolatedBy?.ingress ?? [])])];
}

/** The policies, as `namespace/name`, of which the lints found that without them every check would be predicted the same. */
export function untestedPolicies({ policies, warnings }: ScenarioView): ReadonlySet<string> {
  const places = new Set(
    warnings.filter(({ code }) => code === 'untested-policy').map(({ location }) => placeOf(location)),
  );
  return new Set(policies.filter(({ location }) => places.has(placeOf(location))).map(({ key }) => key));
}

function placeOf({ file, line, column }: LocationView): string {
  return `${file}:${line}:${column}`;
}
