/** Whether a pod stands outside the cluster, beyond its nodes: read from the annotations of the pod. */
import ipaddr from 'ipaddr.js';
import { OUTSIDE, OUTSIDE_NAME } from '../../../annotations.ts';
import { DOMAIN, isInCluster } from '../../../dns/records.ts';
import { keptRangeOf } from '../../../kept-ranges.ts';
import type { ObjectMeta } from '../../../objects.ts';
import type { Invalidity } from '../../status.ts';
import type { Store } from '../../store.ts';
import { forbiddenValue, invalidValue } from '../../validate/fields.ts';
import { dnsSubdomainProblems } from '../../validate/names.ts';
import type { AnnotationCheck } from '../../validate/own-annotations.ts';
import type { Pod } from './object.ts';

const FIELD = `metadata.annotations[${OUTSIDE}]`;
const NAME_FIELD = `metadata.annotations[${OUTSIDE_NAME}]`;

/** The address that a pod has outside; undefined for a pod of the cluster. */
export function outsideAddressOf({ annotations }: ObjectMeta): string | undefined {
  return annotations?.[OUTSIDE];
}

/** The name that such a pod has in DNS; undefined for one that has none. */
export function outsideNameOf({ annotations }: ObjectMeta): string | undefined {
  return annotations?.[OUTSIDE_NAME];
}

/** Whether somebody runs it: on a node or outside. */
export function isPlaced({ metadata, spec }: Pod): boolean {
  return (spec.nodeName ?? '') !== '' || outsideAddressOf(metadata) !== undefined;
}

/** A pod's own address may not be one that something inside has, or that no host can have. */
export const checkOutsideAddress: AnnotationCheck = (field, value) => {
  if (!ipaddr.IPv4.isValidFourPartDecimal(value) || !isOfHost(value))
    return [invalidValue(field, value, 'must be an IPv4 address that a host can have, such as 203.0.113.10')];
  const kept = keptRangeOf(value);
  return kept === undefined
    ? []
    : [invalidValue(field, value, `is in ${kept.cidr}, where the addresses of ${kept.of} are`)];
};

/** Names of the cluster's own domain are those of Services and pods. */
export const checkOutsideName: AnnotationCheck = (field, value) => {
  const [problem] = dnsSubdomainProblems(value);
  if (problem !== undefined) return [invalidValue(field, value, problem)];
  return isInCluster(value)
    ? [invalidValue(field, value, `is in ${DOMAIN}, where the names of Services and pods are`)]
    : [];
};

/** Not one of this machine, of a link, of everybody or of a group. */
function isOfHost(address: string): boolean {
  const parsed = ipaddr.IPv4.parse(address);
  const range = parsed.range();
  return (
    parsed.toString() === address && (range === 'unicast' || range === 'private' || isForExamples(range))
  );
}

/** 192.0.2.0/24, 198.51.100.0/24 and 203.0.113.0/24 are kept for examples, 100.64.0.0/10 for carriers: hosts of a test have such addresses. */
function isForExamples(range: string): boolean {
  return ['reserved', 'carrierGradeNat', 'benchmarking'].includes(range);
}

export function outsideProblems({ metadata, spec }: Pod): Invalidity[] {
  if (outsideAddressOf(metadata) === undefined)
    return outsideNameOf(metadata) === undefined
      ? []
      : [forbiddenValue(NAME_FIELD, 'a pod of the cluster has its name by its Service')];
  const why = 'a pod outside the cluster is on no node';
  return [
    ...(spec.hostNetwork === true ? [forbiddenValue('spec.hostNetwork', why)] : []),
    ...(spec.nodeName === undefined || spec.nodeName === '' ? [] : [forbiddenValue('spec.nodeName', why)]),
  ];
}

export function outsideUpdateProblems({ metadata }: Pod, before: Pod): Invalidity[] {
  return [
    ...(outsideAddressOf(metadata) === outsideAddressOf(before.metadata)
      ? []
      : [forbiddenValue(FIELD, 'a pod stays where it is')]),
    ...(outsideNameOf(metadata) === outsideNameOf(before.metadata)
      ? []
      : [forbiddenValue(NAME_FIELD, 'a pod keeps its name')]),
  ];
}

/** Nobody else may have the address. */
export function outsideConflicts({ metadata }: Pod, store: Pick<Store, 'list'>): Invalidity[] {
  const address = outsideAddressOf(metadata);
  const other = address && store.list('pods').find((pod) => outsideAddressOf(pod.metadata) === address);
  return other === undefined || other === ''
    ? []
    : [
        invalidValue(
          FIELD,
          address,
          `is the address of pod ${other.metadata.namespace}/${other.metadata.name}`,
        ),
      ];
}
