/** Texts of manifests for tests. */

/** @param spec of the pod, as lines of YAML without indentation */
export function deployment(
  name: string,
  namespace?: string,
  spec = 'containers: [{ name: a, image: a }]',
): string {
  return workload('apps/v1', 'Deployment', name, namespace, spec);
}

export function workload(
  apiVersion: string,
  kind: string,
  name: string,
  namespace: string | undefined,
  spec: string,
): string {
  return `apiVersion: ${apiVersion}
kind: ${kind}
metadata: { name: ${name}${namespace === undefined ? '' : `, namespace: ${namespace}`} }
spec:
  template:
    metadata: { labels: { app: ${name} } }
    spec: { ${spec} }
`;
}

export function policy(name: string, namespace?: string): string {
  return `apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: { name: ${name}${namespace === undefined ? '' : `, namespace: ${namespace}`} }
spec: { podSelector: {} }
`;
}

export function object(apiVersion: string, kind: string, name: string): string {
  return `apiVersion: ${apiVersion}\nkind: ${kind}\nmetadata: { name: ${name} }\n`;
}

/** A scenario of manifests. */
export function scenario(lines: string): string {
  return `apiVersion: podreach/v1\nkind: Scenario\nname: example\n${lines}otherwise: reachable\n`;
}
