/** The schema of NetworkPolicies, complete. */
import { labelSelector, typeMeta } from '../../schema/meta.ts';
import { any, int32, intOrString, listOf, named, string, struct } from '../../schema/schema.ts';

const port = struct('NetworkPolicyPort', {
  protocol: named('v1.Protocol'),
  port: intOrString,
  endPort: int32,
});

const ipBlock = struct('IPBlock', { cidr: string, except: listOf(string) });

const peer = struct('NetworkPolicyPeer', {
  podSelector: labelSelector,
  namespaceSelector: labelSelector,
  ipBlock,
});

export const networkPolicySchema = struct('NetworkPolicy', {
  ...typeMeta,
  spec: struct('NetworkPolicySpec', {
    podSelector: labelSelector,
    ingress: listOf(struct('NetworkPolicyIngressRule', { ports: listOf(port), from: listOf(peer) })),
    egress: listOf(struct('NetworkPolicyEgressRule', { ports: listOf(port), to: listOf(peer) })),
    policyTypes: listOf(named('v1.PolicyType')),
  }),
  status: any,
});
