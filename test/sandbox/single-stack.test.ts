/** A sandbox with IPv4 alone, as on a kernel without IPv6. */
import { expect, test } from 'vitest';
import { ServiceBed } from './dataplane/service-bed.ts';
import { podManifest, startTestbed, statusOf } from './testbed.ts';

test('without IPv6 nothing has an address of it, what needs one says so, and policies are enforced', async () => {
  await using bed = await startTestbed({ nodes: 1, isSingleStack: true });
  await bed.namespace('shop');
  await bed.start(podManifest('shop', 'web'), podManifest('shop', 'db', { app: 'db' }));
  const [node] = await bed.kube.list({ resource: 'nodes' });
  expect(node?.['spec']).toEqual({ podCIDR: '10.244.1.0/24', podCIDRs: ['10.244.1.0/24'] });
  const { podIP: host = '', podIPs, hostIPs } = statusOf(await bed.pod('shop', 'db'));
  expect([podIPs, hostIPs]).toEqual([[{ ip: host }], [{ ip: '172.18.0.2' }]]);

  const service = { ipFamilyPolicy: 'RequireDualStack', ports: [{ port: 80 }] };
  await expect(new ServiceBed(bed).write('both', service)).rejects.toThrow(
    'this cluster is not configured for dual-stack services',
  );
  const { metadata, ...pod } = podManifest('shop', 'bank');
  const annotations = { 'sandbox.podreach.dev/outside': '203.0.113.10,2001:db8::10' };
  await bed.kube.create({ ...pod, metadata: { ...metadata, annotations } });
  const { conditions } = statusOf(await bed.pod('shop', 'bank'));
  expect(conditions).toMatchObject([{ reason: 'Unschedulable', message: 'this sandbox has no IPv6' }]);

  const target = { host, port: 80, protocol: 'TCP' } as const;
  expect(await bed.attempts('shop', 'web', [target])).toEqual(['db']);
  await bed.policy('shop', 'deny', { podSelector: { matchLabels: { app: 'db' } } });
  await bed.inForce();
  expect(await bed.attempts('shop', 'web', [target])).toEqual(['shut']);
});
