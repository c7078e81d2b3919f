/** What a real server fills into NetworkPolicies (D1, D2). */
import type { NetworkPolicy, PolicyPort } from './object.ts';

/** Stored policyTypes stay as they are, so they are not made up again when egress rules are added later. */
export function withPolicyDefaults(policy: NetworkPolicy): NetworkPolicy {
  const { podSelector = {}, ingress, egress, policyTypes = [], ...rest } = policy.spec ?? {};
  const spec: NetworkPolicy['spec'] = { ...rest, podSelector };
  if (ingress !== undefined) spec.ingress = ingress.map(withProtocols);
  if (egress !== undefined) spec.egress = egress.map(withProtocols);
  const implied: NetworkPolicy['spec']['policyTypes'] =
    (egress ?? []).length > 0 ? ['Ingress', 'Egress'] : ['Ingress'];
  spec.policyTypes = policyTypes.length > 0 ? policyTypes : implied;
  return { ...policy, spec };
}

function withProtocols<Rule extends { ports?: PolicyPort[] }>(rule: Rule): Rule {
  if (rule.ports === undefined) return rule;
  return { ...rule, ports: rule.ports.map((port) => ({ protocol: 'TCP' as const, ...port })) };
}
