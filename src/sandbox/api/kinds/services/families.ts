/** The families of a Service: what a real server fills in, and what it refuses. They decide how many addresses it has. */
import { isDeepStrictEqual } from 'node:util';
import { familyOf, IP_FAMILIES, type IPFamily } from '../../../ip-family.ts';
import type { Invalidity } from '../../status.ts';
import { invalidValue } from '../../validate/fields.ts';
import { isHeadless, type ServiceSpec } from './object.ts';

export type Families =
  | { readonly kind: 'settled'; readonly spec: ServiceSpec }
  | { readonly kind: 'refused'; readonly problems: readonly Invalidity[] };

/**
 * @param spec of a Service of any type but ExternalName
 * @param before the same as it is stored; absent for a new Service
 * @param configured the families of the cluster, its primary first
 */
export function settleFamilies(
  spec: ServiceSpec,
  before: ServiceSpec | undefined,
  configured: readonly IPFamily[],
): Families {
  const ipFamilyPolicy = spec.ipFamilyPolicy ?? (hasNoEndpoints(spec) ? 'RequireDualStack' : 'SingleStack');
  const asked = releasing({ ...spec, ipFamilyPolicy }, before);
  const contradictions = [
    ...(ipFamilyPolicy === 'SingleStack' ? singleProblems(asked) : releaseProblems(asked, before)),
    ...addressProblems(asked, configured),
  ];
  if (contradictions.length > 0) return { kind: 'refused', problems: contradictions };
  const given = [
    ...(asked.ipFamilies ?? []),
    ...addressesOf(asked)
      .slice(asked.ipFamilies?.length ?? 0)
      .map(familyOf),
  ];
  const problems = hasNoEndpoints(asked) ? [] : configurationProblems(asked, given, configured);
  if (problems.length > 0) return { kind: 'refused', problems };
  const ipFamilies = given.length > 0 ? given : configured.slice(0, 1);
  // Endpoints that somebody writes by hand may be of a family that the cluster has not.
  const possible = hasNoEndpoints(asked) ? IP_FAMILIES : configured;
  const others = possible.filter((family) => !ipFamilies.includes(family));
  const all = ipFamilyPolicy === 'SingleStack' ? ipFamilies : [...ipFamilies, ...others];
  return { kind: 'settled', spec: { ...asked, ipFamilies: all } };
}

/** Headless and without a selector: nothing follows from its families. */
function hasNoEndpoints(spec: ServiceSpec): boolean {
  return isHeadless(spec) && Object.keys(spec.selector ?? {}).length === 0;
}

function addressesOf(spec: ServiceSpec): readonly string[] {
  return isHeadless(spec) ? [] : (spec.clusterIPs ?? []);
}

/** Who asks for a single family and says nothing else gives back the second one. */
function releasing(spec: ServiceSpec, before: ServiceSpec | undefined): ServiceSpec {
  if (before === undefined || spec.ipFamilyPolicy !== 'SingleStack') return spec;
  const { clusterIPs, ipFamilies } = spec;
  return {
    ...spec,
    ...(clusterIPs !== undefined && isDeepStrictEqual(clusterIPs, before.clusterIPs)
      ? { clusterIPs: clusterIPs.slice(0, 1) }
      : {}),
    ...(ipFamilies !== undefined && isDeepStrictEqual(ipFamilies, before.ipFamilies)
      ? { ipFamilies: ipFamilies.slice(0, 1) }
      : {}),
  };
}

const POLICY = 'spec.ipFamilyPolicy';

function singleProblems({ ipFamilyPolicy, clusterIPs = [], ipFamilies = [] }: ServiceSpec): Invalidity[] {
  const why = (what: string): Invalidity =>
    invalidValue(
      POLICY,
      ipFamilyPolicy,
      `must be 'RequireDualStack' or 'PreferDualStack' when multiple ${what} are specified`,
    );
  return [
    ...(clusterIPs.length === 2 ? [why('cluster IPs')] : []),
    ...(ipFamilies.length === 2 ? [why('IP families')] : []),
  ];
}

function releaseProblems(
  { ipFamilyPolicy, ...spec }: ServiceSpec,
  before: ServiceSpec | undefined,
): Invalidity[] {
  const isLess = (now: readonly string[] = [], then: readonly string[] = []): boolean =>
    now.length > 0 && now.length < then.length;
  const why = (what: string): Invalidity =>
    invalidValue(POLICY, ipFamilyPolicy, `must be 'SingleStack' to release the secondary ${what}`);
  return [
    ...(isLess(spec.clusterIPs, before?.clusterIPs) ? [why('cluster IP')] : []),
    ...(isLess(spec.ipFamilies, before?.ipFamilies) ? [why('IP family')] : []),
  ];
}

/** Addresses that say by themselves of which family they are. */
function addressProblems(spec: ServiceSpec, configured: readonly IPFamily[]): Invalidity[] {
  return addressesOf(spec).flatMap((address, index) => {
    const family = familyOf(address);
    if (index < (spec.ipFamilies?.length ?? 0) || configured.includes(family)) return [];
    return [
      invalidValue(
        `spec.clusterIPs[${index}]`,
        spec.clusterIPs,
        `${family} is not configured on this cluster`,
      ),
    ];
  });
}

function configurationProblems(
  { ipFamilyPolicy }: ServiceSpec,
  families: readonly IPFamily[],
  configured: readonly IPFamily[],
): Invalidity[] {
  return [
    ...(ipFamilyPolicy === 'RequireDualStack' && configured.length < 2
      ? [invalidValue(POLICY, ipFamilyPolicy, 'this cluster is not configured for dual-stack services')]
      : []),
    ...families.flatMap((family, index) =>
      configured.includes(family)
        ? []
        : [invalidValue(`spec.ipFamilies[${index}]`, family, 'not configured on this cluster')],
    ),
  ];
}
