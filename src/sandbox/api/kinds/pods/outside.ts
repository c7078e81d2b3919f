/** Whether a pod stands outside the cluster, beyond its nodes: read from the annotations of the pod. */
import ipaddr from 'ipaddr.js';
import { OUTSIDE } from '../../../annotations.ts';
import { familyOf } from '../../../ip-family.ts';
import { keptRangeOf } from '../../../kept-ranges.ts';
import type { ObjectMeta } from '../../../objects.ts';
import type { Invalidity } from '../../status.ts';
import type { Store } from '../../store.ts';
import { forbiddenValue, invalidValue } from '../../validate/fields.ts';
import type { AnnotationCheck } from '../../validate/own-annotations.ts';
import type { Pod } from './object.ts';

const FIELD = `metadata.annotations[${OUTSIDE}]`;

/** The addresses that a pod has outside, one of each family at most; undefined for a pod of the cluster. */
export function outsideAddressesOf({ annotations }: ObjectMeta): readonly string[] | undefined {
  return annotations?.[OUTSIDE]?.split(',').map((address) => address.trim());
}

/** Whether somebody runs it: on a node or outside. */
export function isPlaced({ metadata, spec }: Pod): boolean {
  return (spec.nodeName ?? '') !== '' || outsideAddressesOf(metadata) !== undefined;
}

/** A pod's own address may not be one that something inside has, or that no host can have. */
export const checkOutsideAddresses: AnnotationCheck = (field, value) => {
  const addresses = outsideAddressesOf({ name: '', annotations: { [OUTSIDE]: value } }) ?? [];
  const families = new Set(addresses.map(familyOf));
  if (families.size < addresses.length)
    return [
      invalidValue(field, value, 'must be one address, or one of each family: 203.0.113.10,2001:db8::10'),
    ];
  return addresses.flatMap((address) => addressProblems(field, address));
};

function addressProblems(field: string, address: string): Invalidity[] {
  if (!isOfHost(address))
    return [
      invalidValue(
        field,
        address,
        'must be an address that a host can have, such as 203.0.113.10 or 2001:db8::10',
      ),
    ];
  const kept = keptRangeOf(address);
  return kept === undefined
    ? []
    : [invalidValue(field, address, `is in ${kept.cidr}, where the addresses of ${kept.of} are`)];
}

/** Not one of this machine, of a link, of everybody or of a group; written as everybody writes it, so that two of them can be compared. */
function isOfHost(address: string): boolean {
  if (!ipaddr.isValid(address)) return false;
  const parsed = ipaddr.parse(address);
  return parsed.toString() === address && OF_HOSTS.has(parsed.range());
}

/**
 * Among them what is kept for examples (192.0.2.0/24, 198.51.100.0/24, 203.0.113.0/24 and 2001:db8::/32 are `reserved`) and for carriers:
 * hosts of a test have such addresses.
 */
const OF_HOSTS: ReadonlySet<string> = new Set([
  'unicast',
  'private',
  'uniqueLocal',
  'reserved',
  'carrierGradeNat',
  'benchmarking',
]);

export function outsideProblems({ metadata, spec }: Pod): Invalidity[] {
  if (outsideAddressesOf(metadata) === undefined) return [];
  const why = 'a pod outside the cluster is on no node';
  return [
    ...(spec.hostNetwork === true ? [forbiddenValue('spec.hostNetwork', why)] : []),
    ...(spec.nodeName === undefined || spec.nodeName === '' ? [] : [forbiddenValue('spec.nodeName', why)]),
  ];
}

export function outsideUpdateProblems({ metadata }: Pod, before: Pod): Invalidity[] {
  return metadata.annotations?.[OUTSIDE] === before.metadata.annotations?.[OUTSIDE]
    ? []
    : [forbiddenValue(FIELD, 'a pod stays where it is')];
}

/** Nobody else may have the address. */
export function outsideConflicts({ metadata }: Pod, store: Pick<Store, 'list'>): Invalidity[] {
  const addresses = outsideAddressesOf(metadata);
  if (addresses === undefined) return [];
  return store.list('pods').flatMap((other) => {
    const taken = outsideAddressesOf(other.metadata)?.find((address) => addresses.includes(address));
    const { namespace, name } = other.metadata;
    return taken === undefined
      ? []
      : [invalidValue(FIELD, taken, `is the address of pod ${namespace}/${name}`)];
  });
}
