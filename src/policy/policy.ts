/** A NetworkPolicy that has been read: its effective types, its subjects and its rules of both directions. */
import type { Location } from '../errors.ts';
import { objectKey } from '../keys.ts';
import { type Direction, effectivePolicyTypes, type PolicyType } from './isolation.ts';
import { type PolicyRule, readSpec, type Spec } from './manifest.ts';
import type { ManifestPath, WrittenPolicy } from './model.ts';
import { adviseOnRetyped, explainRetyped, findRetyped } from './retyped.ts';
import type { LabelSelector } from './selectors.ts';

export const DIRECTIONS = ['egress', 'ingress'] as const satisfies readonly Direction[];

export interface Policy {
  readonly namespace: string;
  readonly name: string;
  /** The directions that it isolates (D1). */
  readonly types: readonly PolicyType[];
  /** Whether it names no policyTypes, so that its rules say which directions these are (D1). */
  readonly typesByDefault: boolean;
  readonly podSelector: LabelSelector;
  /** As written: those of a direction that the types leave out do nothing. */
  readonly ingress: readonly PolicyRule[];
  readonly egress: readonly PolicyRule[];
  readonly written: WrittenPolicy;
}

/** Something in a manifest that the API server would refuse (D3): such a policy never comes to be. */
export interface PolicyProblem {
  /** `namespace/name` */
  readonly policy: string;
  readonly path: ManifestPath;
  readonly message: string;
  /** What to write instead, where that is known, as sentences in the imperative. */
  readonly advice?: string;
  readonly location?: Location;
}

export interface PolicyReference {
  /** `namespace/name` */
  readonly policy: string;
  readonly location?: Location;
}

/** A policy, or one rule of it. One object for each, however many flows it decides. */
export interface Responsible extends PolicyReference {
  readonly direction: Direction;
  /** Counts from 0; absent where the whole policy is meant. The location is then the policy's. */
  readonly rule?: number;
}

/** Reads policies. One with problems is left out: the cluster will not have it either. Never throws. */
export function readPolicies(written: readonly WrittenPolicy[]): {
  readonly policies: readonly Policy[];
  readonly problems: readonly PolicyProblem[];
} {
  const policies: Policy[] = [];
  const problems: PolicyProblem[] = [];
  for (const one of written) {
    const read = readSpec(one.object.spec);
    if ('spec' in read) policies.push(toPolicy(one, read.spec));
    else {
      problems.push(
        ...read.problems.map(({ path, message }) => {
          const place = locationOf(one, path);
          const retyped = findRetyped(one.retyped, place.location);
          return {
            policy: objectKey(one),
            path,
            message: retyped === undefined ? message : `${message}: ${explainRetyped(retyped)}`,
            ...(retyped === undefined ? {} : { advice: adviseOnRetyped(retyped) }),
            ...place,
          };
        }),
      );
    }
  }
  return { policies, problems };
}

/** The place of a part of a policy, or of the policy where the part's is not known; nothing where neither is. */
export function locationOf(written: WrittenPolicy, path: ManifestPath): { readonly location?: Location } {
  const location = written.locate?.(path) ?? written.location;
  return location === undefined ? {} : { location };
}

/** The rules of a direction that count: none where the policy does not isolate it. */
export function rulesOf(policy: Policy, direction: Direction): readonly PolicyRule[] {
  return isolates(policy, direction) ? policy[direction] : [];
}

/** Whether a policy isolates what it selects in a direction (D1). */
export function isolates({ types }: Policy, direction: Direction): boolean {
  return types.includes(direction === 'ingress' ? 'Ingress' : 'Egress');
}

/** The field of a rule that lists its peers. */
export function peersField(direction: Direction): 'from' | 'to' {
  return direction === 'ingress' ? 'from' : 'to';
}

/** `ingress rule 1 of policy shop/db (db.yaml:7)`, `the egress of policy shop/db` */
export function describeResponsible({ direction, policy, rule, location }: Responsible): string {
  const place = location === undefined ? '' : ` (${location.file}:${location.line})`;
  return `${rule === undefined ? `the ${direction} of` : `${direction} rule ${rule + 1} of`} policy ${policy}${place}`;
}

function toPolicy(written: WrittenPolicy, spec: Spec): Policy {
  const { namespace, name } = written;
  const { podSelector, ingress, egress } = spec;
  return {
    namespace,
    name,
    types: written.keptTypes ?? effectivePolicyTypes(spec),
    typesByDefault: spec.policyTypes.length === 0,
    podSelector,
    ingress,
    egress,
    written,
  };
}
