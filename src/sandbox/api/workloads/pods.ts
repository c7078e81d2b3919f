/** The pods of a workload: made from its template, counted, and taken away. */
import { selectorMatches } from '../../selectors.ts';
import { deleteFrom } from '../deletion.ts';
import { pods as podKind } from '../kinds/pods/definition.ts';
import { hasEnded } from '../kinds/pods/ending.ts';
import type { Pod } from '../kinds/pods/object.ts';
import { isPodReady } from '../kinds/pods/readiness.ts';
import type { Store } from '../store.ts';
import { newSuffix } from '../suffix.ts';
import { isOwnedBy, ownedBy } from './owners.ts';
import type { PodOwner, PodTemplate } from './template.ts';

/** A generated name leaves room for its suffix. */
const LONGEST_BASE = 58;

/** What a pod has beside its template. */
interface BesideTemplate {
  /** None: the owner's, with a suffix. */
  readonly name?: string;
  readonly labels?: Readonly<Record<string, string>>;
  readonly spec?: Partial<Pod['spec']>;
}

/** Makes a pod, unless there is one of its name: whoever has it goes first. */
export function createPod(
  store: Store,
  owner: PodOwner,
  template: PodTemplate,
  own: BesideTemplate = {},
): void {
  const { namespace, name: ownerName } = owner.metadata;
  const generateName = `${ownerName.slice(0, LONGEST_BASE - 1)}-`;
  const { name = `${generateName}${newSuffix()}` } = own;
  if (store.get('pods', namespace, name) !== undefined) return;
  const { labels, annotations } = template.metadata ?? {};
  const pod: Pod = {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: {
      name,
      ...(own.name === undefined ? { generateName } : {}),
      ...(namespace === undefined ? {} : { namespace }),
      generation: 1,
      labels: { ...labels, ...own.labels },
      ...(annotations === undefined ? {} : { annotations }),
      ownerReferences: ownedBy(owner),
    },
    spec: { ...template.spec, ...own.spec },
  };
  store.create('pods', podKind.initial(podKind.withDefaults(pod)));
}

export function deletePod(store: Store, pod: Pod, now: Date): void {
  const kind = store.kinds.find(({ resource }) => resource === 'pods');
  if (kind !== undefined && pod.metadata.deletionTimestamp === undefined)
    deleteFrom(store, kind, pod, undefined, now);
}

/** The pods of an owner. One whose labels its selector has left is let go, and lives on by itself. */
export function podsOf(store: Store, owner: PodOwner): Pod[] {
  const { selector = {} } = owner.spec;
  return store
    .list('pods', owner.metadata.namespace)
    .filter(isOwnedBy(owner))
    .filter((pod) => {
      if (selectorMatches(selector, pod.metadata.labels ?? {})) return true;
      release(store, pod);
      return false;
    });
}

function release(store: Store, { metadata: { namespace, name } }: Pod): void {
  store.update('pods', namespace, name, (pod) => {
    const { ownerReferences = [], ...metadata } = pod.metadata;
    const others = ownerReferences.filter(({ controller }) => controller !== true);
    return {
      ...pod,
      metadata: { ...metadata, ...(others.length === 0 ? {} : { ownerReferences: others }) },
    };
  });
}

/** Neither ended nor leaving. */
export function isActive(pod: Pod): boolean {
  return pod.metadata.deletionTimestamp === undefined && !hasEnded(pod.status);
}

/** The ones that go first: without a node, not running, not ready, and then the youngest. */
export function leavingFirst(a: Pod, b: Pod): number {
  return worthOf(a) - worthOf(b) || ageOf(b) - ageOf(a);
}

function worthOf(pod: Pod): number {
  if (pod.spec.nodeName === undefined) return 0;
  if (pod.status?.phase !== 'Running') return 1;
  return isPodReady(pod) ? 3 : 2;
}

/** The revision of its newest change would tell how it is, not how old it is. */
function ageOf({ metadata }: Pod): number {
  return Date.parse(metadata.creationTimestamp ?? '');
}
