/** What else happened in the cluster while checks were watched: windows are told with what is nearest to them. */
export const INCIDENT_KINDS = [
  'command-started',
  'command-ended',
  'plugin-rollout',
  'plugin-restarted',
  'plugin-image',
  'node-not-ready',
  'node-ready',
  'network-unavailable',
  'network-available',
  'policy-created',
  'policy-changed',
  'policy-deleted',
  'pod-deleted',
  'pod-replaced',
  'pod-moved',
  'pod-restarted',
  'api-lost',
  'api-back',
] as const;
export type IncidentKind = (typeof INCIDENT_KINDS)[number];

export interface Incident {
  readonly kind: IncidentKind;
  /** In milliseconds after the watch began: when it was seen, or when the cluster says that it happened. */
  readonly atMs: number;
  /** So much earlier it may have happened: objects are looked at now and then. Absent: the cluster tells the time itself. */
  readonly withinMs?: number;
  /** `daemonset/kube-system/calico-node`, `node/NAME`, `networkpolicy/NAMESPACE/NAME`, a pod: `NAMESPACE/NAME`; absent for the API server and the command. */
  readonly object?: string;
  /** Where it happened; absent: everywhere, or nowhere. */
  readonly node?: string;
  /** One clause in the past tense: "calico-node on node-2 restarted". */
  readonly text: string;
}
