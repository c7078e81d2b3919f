/** The sandbox's Node objects. */
import { arch, release } from 'node:os';
import type { Store } from '../api/store.ts';
import { timestampOf } from '../api/time.ts';
import type { NodePlan } from '../network/addresses.ts';
import type { Node } from '../objects.ts';

/** Node.js names of processor architectures that Go, and so Kubernetes, names otherwise. */
const GO_ARCHITECTURES: Readonly<Record<string, string>> = { x64: 'amd64', ia32: '386', ppc64: 'ppc64le' };

/**
 * Stores a Node object for each node.
 * @param version the API server's, such as `v1.36.0-podreach`
 */
export function createNodes(store: Store, nodes: readonly NodePlan[], version: string, now: Date): void {
  for (const node of nodes) store.create('nodes', nodeObject(node, version, timestampOf(now)));
}

function nodeObject({ name, address, podCidr }: NodePlan, version: string, time: string): Node {
  const architecture = GO_ARCHITECTURES[arch()] ?? arch();
  return {
    apiVersion: 'v1',
    kind: 'Node',
    metadata: {
      name,
      labels: {
        'kubernetes.io/arch': architecture,
        'kubernetes.io/hostname': name,
        'kubernetes.io/os': 'linux',
      },
    },
    spec: { podCIDR: podCidr, podCIDRs: [podCidr] },
    status: {
      addresses: [
        { type: 'InternalIP', address },
        { type: 'Hostname', address: name },
      ],
      conditions: [{ type: 'Ready', status: 'True', reason: 'KubeletReady', lastTransitionTime: time }],
      nodeInfo: {
        architecture,
        containerRuntimeVersion: `podreach://${process.versions.node}`,
        kernelVersion: release(),
        kubeletVersion: version,
        operatingSystem: 'linux',
        osImage: 'podreach sandbox',
      },
    },
  };
}
