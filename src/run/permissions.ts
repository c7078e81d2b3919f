/**
 * What a run asks of a cluster. The one list: the preflight asks for it, `manifests/rbac.yaml` grants it, `docs/rbac.md` explains it,
 * and a test holds all of them to what a run really does.
 */
import type { ProbeSettings } from '../probe/settings.ts';
import {
  dialledExisting,
  dialledServices,
  foreignPoliciesOf,
  type Plan,
  type PlannedStep,
} from '../scenario/scenario.ts';
import { CLUSTER_POLICIES } from './environment/cluster-policies.ts';
import { PROXY_CONFIGS, PROXY_NAMESPACE } from './environment/kube-proxy.ts';
import { type Changes, changesOf } from './steps/changes.ts';

export interface Permission {
  /** Empty: the core group. */
  readonly group: string;
  /** The plural name, with its subresource: `pods/exec`. */
  readonly resource: string;
  readonly verbs: readonly string[];
  /** Absent: the whole cluster. */
  readonly namespace?: string;
  /** Absent: every object. */
  readonly name?: string;
  /** What goes missing without it. Absent: the run cannot do without. */
  readonly without?: string;
}

/** Namespaces are the scenarios' to name, and do not exist yet: what is needed in them is needed everywhere. */
const REQUIRED: readonly Permission[] = [
  { group: '', resource: 'namespaces', verbs: ['create', 'list', 'delete'] },
  { group: '', resource: 'pods', verbs: ['create', 'list'] },
  // A WebSocket begins with a GET, which asks for `get`; from Kubernetes 1.35 on it asks for `create` as well.
  { group: '', resource: 'pods/exec', verbs: ['create', 'get'] },
  { group: 'networking.k8s.io', resource: 'networkpolicies', verbs: ['create', 'patch', 'delete'] },
  { group: '', resource: 'nodes', verbs: ['list'] },
];

/** What a run that watches makes use of beside that. */
const FOR_WATCHES: readonly Permission[] = [
  {
    group: 'networking.k8s.io',
    resource: 'networkpolicies',
    verbs: ['list'],
    without: 'policies that others change meanwhile are not told',
  },
];

/** What a run needs that makes new pods while it watches: they would pile up. */
const FOR_NEW_PODS: readonly Permission[] = [{ group: '', resource: 'pods', verbs: ['delete'] }];

const OPTIONAL: readonly Permission[] = [
  { group: '', resource: 'pods', verbs: ['delete'], without: 'cleaning up takes longer' },
  {
    group: '',
    resource: 'events',
    verbs: ['list'],
    without: 'why a pod does not start is only told by its status',
  },
  { group: 'apps', resource: 'daemonsets', verbs: ['list'], without: 'the network plugin is not told' },
  ...PROXY_CONFIGS.map(
    ({ name }): Permission => ({
      group: '',
      resource: 'configmaps',
      verbs: ['get'],
      namespace: PROXY_NAMESPACE,
      name,
      without: "kube-proxy's mode is not told",
    }),
  ),
  ...CLUSTER_POLICIES.map(
    ({ group, resource }): Permission => ({
      group,
      resource,
      verbs: ['list'],
      without: 'whether policies of the whole cluster may decide over the scenarios is not told',
    }),
  ),
];

/** What a step that does so needs beside that. Where it changes pods or namespaces, its marker is made of their labels. */
const FOR_STEPS: readonly (readonly [Permission, (doing: Doing) => boolean])[] = [
  [{ group: '', resource: 'namespaces', verbs: ['patch'] }, ({ changes }) => changes.namespaces],
  [{ group: '', resource: 'pods', verbs: ['patch'] }, ({ changes }) => changes.pods],
  [
    { group: '', resource: 'pods', verbs: ['delete'] },
    ({ step }) => step.actions.some(({ kind }) => kind === 'remove' || kind === 'replace'),
  ],
];

/** For policies of other kinds: those of the whole cluster are looked for before a run, all are found by its label. */
export function permissionsForKinds(plans: readonly Plan[]): readonly Permission[] {
  const kinds = new Set(plans.flatMap(foreignPoliciesOf).map(({ policyKind }) => policyKind));
  return [...kinds].map(({ group, resource }) => ({ group, resource, verbs: ['create', 'list', 'delete'] }));
}

/** Their endpoints are waited for. */
const FOR_SERVICES: readonly Permission[] = [
  { group: '', resource: 'services', verbs: ['create'] },
  { group: 'discovery.k8s.io', resource: 'endpointslices', verbs: ['list'] },
];

/** Those that are there already are looked at. */
const FOR_EXISTING_SERVICES: readonly Permission[] = [
  { group: '', resource: 'services', verbs: ['get'] },
  { group: 'discovery.k8s.io', resource: 'endpointslices', verbs: ['list'] },
];

interface Doing {
  readonly step: PlannedStep;
  readonly changes: Changes;
}

function permissionsOfSteps(plans: readonly Plan[]): readonly Permission[] {
  const all = plans.flatMap(({ steps }) =>
    steps.map((step, index): Doing => ({ step, changes: changesOf(step, steps[index - 1]) })),
  );
  return FOR_STEPS.flatMap(([permission, isNeeded]) => (all.some(isNeeded) ? [permission] : []));
}

/**
 * What a run with these settings needs, and what it makes use of.
 * @param what is to be run, whether it is watched, and whether new pods are made meanwhile. Absent: whatever a scenario may ask for, watched
 *   or not
 */
export function permissionsFor(
  { pullSecrets }: ProbeSettings,
  what?: { readonly plans: readonly Plan[]; readonly isWatched: boolean; readonly makesPods?: boolean },
): readonly Permission[] {
  const copied = pullSecrets.flatMap(({ name, copyFrom }) =>
    copyFrom === undefined
      ? []
      : [{ group: '', resource: 'secrets', verbs: ['get'], namespace: copyFrom, name }],
  );
  return [
    ...REQUIRED,
    ...(what === undefined ? FOR_STEPS.map(([permission]) => permission) : permissionsOfSteps(what.plans)),
    ...(what?.plans.every((plan) => dialledServices(plan).length === 0) ? [] : FOR_SERVICES),
    ...(what?.plans.every((plan) => dialledExisting(plan).length === 0) ? [] : FOR_EXISTING_SERVICES),
    ...permissionsForKinds(what?.plans ?? []),
    ...(copied.length === 0 ? [] : [{ group: '', resource: 'secrets', verbs: ['create'] }]),
    ...copied,
    ...(what?.isWatched === false ? [] : FOR_WATCHES),
    ...(what?.makesPods === true ? FOR_NEW_PODS : []),
    ...OPTIONAL,
  ];
}
