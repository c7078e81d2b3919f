/** Families on a cluster that has only one; what a cluster with both does is in services.test.ts. */
import { expect, test } from 'vitest';
import { settleFamilies } from '../../../../../src/sandbox/api/kinds/services/families.ts';
import type { ServiceSpec } from '../../../../../src/sandbox/api/kinds/services/object.ts';

test.each<[string, ServiceSpec, string[]]>([
  ['nothing is said', {}, ['IPv4']],
  ['both would be preferred', { ipFamilyPolicy: 'PreferDualStack' }, ['IPv4']],
  ['nobody knows its endpoints', { clusterIP: 'None', clusterIPs: ['None'] }, ['IPv4', 'IPv6']],
])('a Service has what there is where %s', (_where, spec, ipFamilies) => {
  expect(settleFamilies(spec, undefined, ['IPv4'])).toMatchObject({ kind: 'settled', spec: { ipFamilies } });
});

test.each<[string, ServiceSpec, string, string]>([
  [
    'both',
    { ipFamilyPolicy: 'RequireDualStack' },
    'spec.ipFamilyPolicy',
    'this cluster is not configured for dual-stack services',
  ],
  ['the other', { ipFamilies: ['IPv6'] }, 'spec.ipFamilies[0]', 'not configured on this cluster'],
  [
    'an address of the other',
    { clusterIP: 'fd00::1', clusterIPs: ['fd00::1'] },
    'spec.clusterIPs[0]',
    'IPv6 is not configured on this cluster',
  ],
])('%s is refused where there is one family', (_what, spec, field, why) => {
  expect(settleFamilies(spec, undefined, ['IPv4'])).toEqual({
    kind: 'refused',
    problems: [{ type: 'FieldValueInvalid', field, body: expect.stringContaining(why) }],
  });
});
