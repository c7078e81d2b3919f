/** The families of addresses that a scenario tries, held against those that the cluster has: its pods tell, and its nodes of their ports. */
import { PodreachError } from '../errors.ts';
import type { Check } from '../model/check.ts';
import { addressIn, FAMILIES, type Family, familyOf } from '../model/family.ts';
import type { NodePlaces } from '../model/node-port.ts';
import { isOfExisting } from '../model/service.ts';
import { describeConnection } from '../pair.ts';
import type { CheckDraft, ScenarioDraft } from '../record/draft.ts';
import type { Plan } from '../scenario/scenario.ts';
import { OUTSIDE, type RunningPod, type RunningPods } from './provision.ts';

/** All addresses of a pod, that of the cluster's first family first. */
export function addressesOfPod({
  ip,
  otherIps = [],
}: Pick<RunningPod, 'ip' | 'otherIps'>): readonly string[] {
  return [ip, ...otherIps];
}

/**
 * Of a pod the address of a family. Undefined where it has none: its cluster has no such family, which is refused before anything is dialled.
 */
export function addressOfPod(family: Family, pod: Pick<RunningPod, 'ip' | 'otherIps'>): string | undefined {
  return addressIn(family, addressesOfPod(pod));
}

/**
 * Those in which a cluster has to prove that it enforces policies: that scenarios ask for, or that checks are made in without being asked,
 * as to a Service that is there already in its first; as far as pods have them. What they lack is told by the scenario that asks for it.
 * @param own those of pods, the first of the cluster before the other
 */
export function familiesToProve(
  plans: readonly Pick<Plan, 'triedFamilies' | 'steps'>[],
  own: readonly Family[],
): readonly Family[] {
  const asked = new Set(
    plans.flatMap(({ triedFamilies, steps }) => [
      ...(triedFamilies?.listed ?? []),
      ...steps.flatMap(({ checks }) => checks.flatMap(({ family }) => family ?? [])),
    ]),
  );
  const isFirstTried = plans.some(({ triedFamilies }) => triedFamilies === undefined) || asked.size === 0;
  const tried = own.filter((family, index) => asked.has(family) || (index === 0 && isFirstTried));
  return tried.length === 0 ? own.slice(0, 1) : tried;
}

/**
 * Notes in which family checks are tried whose scenario does not say: the first of the cluster.
 * @param nodes that take probe pods, whose ports are connected to
 * @throws PodreachError `not-supported` with the place, where the cluster lacks one that is asked for, or its nodes do
 */
export function meetFamilies(
  plan: Plan,
  { steps }: Pick<ScenarioDraft, 'steps'>,
  running: RunningPods,
  nodes: NodePlaces,
): void {
  const pod = [...running.values()].find(({ node }) => node !== OUTSIDE);
  if (pod === undefined) return;
  const own = addressesOfPod(pod).map(familyOf);
  const [first] = own;
  for (const [index, { checks }] of plan.steps.entries()) {
    for (const [place, planned] of checks.entries()) {
      const { family } = planned;
      const check = steps[index]?.checks[place];
      if (family !== undefined && !own.includes(family)) throw lacking(planned, family, own, plan);
      if (check !== undefined && family === undefined && first !== undefined) check.family = first;
      if (check?.path === 'nodePort') meetNodes(check, running.get(check.from)?.nodes ?? nodes);
    }
  }
}

/** @param nodes where the source of the check reaches them */
function meetNodes(check: CheckDraft, nodes: NodePlaces): void {
  const own = FAMILIES.filter((family) => [...nodes.values()].some((all) => addressIn(family, all)));
  if (!own.includes(check.family)) throw withoutNodes(check, own);
}

function lacking(
  check: Check,
  family: Family,
  own: readonly Family[],
  { triedFamilies, hosts, scenario }: Plan,
): PodreachError {
  const only = own.join(' and ');
  if (triedFamilies === undefined && isOfExisting(check))
    return new PodreachError(
      'not-supported',
      `${describeConnection(check)}: the first family of the Service is ${family}, and the pods of this cluster have only ${only}`,
      { hint: 'Leave it out of the scenario, or run it on another cluster.', location: check.declared },
    );
  if (triedFamilies === undefined)
    return new PodreachError(
      'not-supported',
      `a host has an address of ${family} alone, and the pods of this cluster have only ${only}`,
      {
        hint: `Give the host an address of ${only}, or run it on a cluster that has ${family}.`,
        location: hosts?.[0]?.location ?? scenario.location,
      },
    );
  return new PodreachError(
    'not-supported',
    `"families" asks for ${family}, and the pods of this cluster have only ${only}`,
    {
      hint: `Run it on a cluster that has both families, or write "families: [${only}]".`,
      location: triedFamilies.location,
    },
  );
}

function withoutNodes(check: CheckDraft, own: readonly Family[]): PodreachError {
  const only = own.join(' and ');
  return new PodreachError(
    'not-supported',
    `${describeConnection(check)}: no node of this cluster that takes probe pods has an address of ${check.family}`,
    {
      hint:
        own.length === 0
          ? 'Look at the InternalIP addresses of its nodes (kubectl get nodes -o wide), or leave "via: nodePort" out.'
          : `They have only ${only}: try the rule in that family alone ("families"), or run it on a cluster whose nodes have ${check.family}.`,
      location: check.declared,
    },
  );
}
