/** Calico's custom resource definitions: are they served? As a pure function of what the API shows. */
import { type ReadinessRequirement, type Snapshot, words } from './readiness.ts';

/** @param names of the definitions, such as `ippools.crd.projectcalico.org` */
export function definitionsRequirement(names: readonly string[]): ReadinessRequirement {
  return {
    name: 'the custom resource definitions',
    kinds: 'customresourcedefinitions',
    lacks: (snapshot) => names.flatMap((name) => lackOf(snapshot, name)),
    pods: () => [],
  };
}

function lackOf(snapshot: Snapshot, name: string): string[] {
  const definition = snapshot.find(
    ({ kind, metadata }) => kind === 'CustomResourceDefinition' && metadata.name === name,
  );
  if (definition === undefined) return [`there is no ${name}`];
  const conditionOf = (wanted: string) => definition.status?.conditions?.find(({ type }) => type === wanted);
  const accepted = conditionOf('NamesAccepted');
  if (accepted?.status === 'False')
    return [`the names of ${name} are not accepted${words(accepted.message)}`];
  return conditionOf('Established')?.status === 'True' ? [] : [`${name} is not served yet`];
}
