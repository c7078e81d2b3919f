/** The sandbox's Node objects. */
import { arch, release } from 'node:os';
import type { NodePlan } from '../../../../dataplane/addresses.ts';
import type { Store } from '../../../store.ts';
import { timestampOf } from '../../../time.ts';
import type { Node, NodeCondition } from '../object.ts';

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

/** A node's object changes no more often than this, however many pods start at once. */
const TELL_EVERY_MS = 50;

/**
 * Tells in the status of Node objects what the nodes enforce, as a condition `PoliciesInForce`.
 * @param now the wall clock
 * @returns a function that takes what a node enforces from now on: all policies, pods and namespaces as they are at a revision
 */
export function tellPoliciesInForce(store: Store, now: () => Date): (node: string, revision: number) => void {
  const told = new Map<string, number>();
  const newest = new Map<string, number>();
  const resting = new Set<string>();

  function tell(node: string): void {
    const revision = newest.get(node);
    if (resting.has(node) || revision === undefined || revision === told.get(node)) return;
    told.set(node, revision);
    store.update('nodes', undefined, node, (object) => withPoliciesInForce(object, revision, now()));
    resting.add(node);
    setTimeout(() => {
      resting.delete(node);
      tell(node);
    }, TELL_EVERY_MS);
  }

  return (node, revision) => {
    newest.set(node, revision);
    tell(node);
  };
}

function withPoliciesInForce(node: Node, revision: number, now: Date): Node {
  const type = 'PoliciesInForce';
  const { conditions } = node.status;
  const before = conditions.find((condition) => condition.type === type);
  const condition: NodeCondition = {
    type,
    status: 'True',
    reason: 'Committed',
    message: `resourceVersion ${revision}`,
    // As of every condition: since when it has this status.
    lastTransitionTime: before?.lastTransitionTime ?? timestampOf(now),
  };
  const others = conditions.filter((other) => other.type !== type);
  return { ...node, status: { ...node.status, conditions: [...others, condition] } };
}
