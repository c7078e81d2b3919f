/** Validation of what a pod says about names. */
import { isIP } from 'node:net';
import type { Invalidity } from '../../status.ts';
import { invalidFor, invalidValue, notSupported, required } from '../../validate/fields.ts';
import { dnsSubdomainProblems } from '../../validate/names.ts';
import type { Pod } from './object.ts';

const POLICIES = ['ClusterFirstWithHostNet', 'ClusterFirst', 'Default', 'None'];
const NAMESERVERS_LIMIT = 3;
const SEARCHES_LIMIT = 32;

export function dnsProblems({ dnsPolicy, dnsConfig }: Pod['spec']): Invalidity[] {
  if (dnsPolicy !== undefined && !POLICIES.includes(dnsPolicy))
    return [notSupported('spec.dnsPolicy', dnsPolicy, POLICIES)];
  const isNone = dnsPolicy === 'None';
  if (dnsConfig === undefined)
    return isNone ? [required('spec.dnsConfig', 'must provide `dnsConfig` when `dnsPolicy` is None')] : [];
  const field = 'spec.dnsConfig';
  const { nameservers = [], searches = [], options = [] } = dnsConfig;
  return [
    ...(isNone && nameservers.length === 0
      ? [
          required(
            `${field}.nameservers`,
            'must provide at least one DNS nameserver when `dnsPolicy` is None',
          ),
        ]
      : []),
    ...(nameservers.length > NAMESERVERS_LIMIT
      ? [
          invalidValue(
            `${field}.nameservers`,
            nameservers,
            `must not have more than ${NAMESERVERS_LIMIT} nameservers`,
          ),
        ]
      : []),
    ...nameservers.flatMap((address, index) =>
      isIP(address) === 0
        ? [
            invalidValue(
              `${field}.nameservers[${index}]`,
              address,
              'must be a valid IP address, (e.g. 10.9.8.7 or 2001:db8::ffff)',
            ),
          ]
        : [],
    ),
    ...(searches.length > SEARCHES_LIMIT
      ? [
          invalidValue(
            `${field}.searches`,
            searches,
            `must not have more than ${SEARCHES_LIMIT} search paths`,
          ),
        ]
      : []),
    ...searches.flatMap((search, index) =>
      search === '.'
        ? []
        : invalidFor(`${field}.searches[${index}]`, search, dnsSubdomainProblems(search.replace(/\.$/, ''))),
    ),
    ...options.flatMap(({ name = '' }, index) =>
      name === '' ? [required(`${field}.options[${index}]`, 'must not be empty')] : [],
    ),
  ];
}
