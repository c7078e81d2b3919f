/** States of manifests for tests, written shortly. */
import type { DeployedPolicy, DeployedState, DeployedWorkload } from '../../../src/policy/deployed.ts';
import { pod, policy } from '../../policy/world.ts';

const PLACE = { file: 'deploy.yaml', line: 1, column: 1 };

/** @param ports as of `pod` */
export function workload(
  key: string,
  ports: readonly (number | string)[] = [],
  more: Partial<DeployedWorkload> = {},
): DeployedWorkload {
  const { namespace, name, ports: read } = pod(key, {}, ports);
  return {
    kind: 'Deployment',
    namespace,
    name,
    labels: { app: name },
    ports: read,
    hostNetwork: false,
    location: PLACE,
    ...more,
  };
}

export function deployed(key: string, spec: unknown, line = 1): DeployedPolicy {
  const location = { ...PLACE, line };
  return { ...policy(key, spec), text: JSON.stringify(spec), location };
}

/** What lets in only workloads of the same namespace with this label. */
export function admitting(app: string, ...from: readonly string[]): unknown {
  return {
    podSelector: { matchLabels: { app } },
    policyTypes: ['Ingress'],
    ingress: from.map((one) => ({ from: [{ podSelector: { matchLabels: { app: one } } }] })),
  };
}

export function state(
  workloads: readonly DeployedWorkload[],
  policies: readonly DeployedPolicy[],
  more: Partial<DeployedState> = {},
): DeployedState {
  return { name: 'deploy', namespaces: [], workloads, policies, doubts: [], ...more };
}
