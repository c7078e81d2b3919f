/**
 * When nodes lead to those who stand behind Services now. That the EndpointSlices say so shows nothing of the nodes: each takes them up by
 * itself, kube-proxy at most once a second or once in ten, and until then leads to a pod that is gone, or nowhere, which looks like a policy. So
 * after its own changes a step puts one more Service in front of the open outposts. Its EndpointSlice comes on the same watch, after those of
 * the step, and kube-proxy carries out in one go all that has come: a node that leads there has taken up what came before.
 */
import { FAMILIES } from '../model/family.ts';
import { backendsOf, type PlannedService, serviceKey } from '../model/service.ts';
import { type ActionKind, nameObject } from '../model/step.ts';
import type { CheckDraft, ScenarioDraft, StepDraft } from '../record/draft.ts';
import type { Plan, PlannedStep } from '../scenario/scenario.ts';
import type { Bounded, Owning, Requesting } from './context.ts';
import { type AwaitingMarkers, awaitService, type Outpost, openService, turnOf } from './outposts.ts';
import { leadingNodes, type PlacedEnds } from './ways.ts';

type Leading = NonNullable<StepDraft['leading']>[number];

/** A Service of podreach's own, and the nodes that are to lead there. */
export interface ServiceMarker {
  /** Of the Service. */
  readonly addresses: readonly string[];
  readonly outposts: readonly Outpost[];
  readonly nodes: readonly Omit<Leading, 'turnedMs'>[];
}

/**
 * The nodes that lead checks of a step to Services behind which others stand than when the node was last seen to have taken that up, with these
 * Services. In the first step there are none: no check is judged that has not reached each pod without policies.
 */
export function outdatedAt(
  index: number,
  { steps, services = [] }: Pick<Plan, 'steps' | 'services'>,
  { steps: drafts }: Pick<ScenarioDraft, 'steps'>,
  ends: PlacedEnds,
): ServiceMarker['nodes'] {
  const changed = steps.map((step, number) => changedServices(step, steps[number - 1], services));
  if (changed.slice(0, index + 1).every(({ size }) => size === 0)) return [];
  const byNode = new Map<string, Set<string>>();
  for (const check of drafts[index]?.checks ?? [])
    for (const node of nodesLeading(check, ends)) {
      const last = drafts.slice(0, index).findLastIndex(({ leading = [] }) => hasTurned(node, leading));
      if (!changed.slice(last + 1, index + 1).some((keys) => keys.has(check.to))) continue;
      byNode.set(node, (byNode.get(node) ?? new Set()).add(check.to));
    }
  return [...byNode]
    .map(([node, keys]) => ({ node, services: [...keys].toSorted() }))
    .toSorted((one, other) => (one.node < other.node ? -1 : 1));
}

function hasTurned(node: string, leading: readonly Leading[]): boolean {
  return leading.some((one) => one.node === node && one.turnedMs !== undefined);
}

/** After which there are others, by the same names or by new ones. */
const BRINGING: readonly ActionKind[] = ['create', 'replace'];

/** Those that a step makes, or behind which it has other pods stand, or others of the same names. */
function changedServices(
  { actions, pods }: PlannedStep,
  before: PlannedStep | undefined,
  services: readonly PlannedService[],
): ReadonlySet<string> {
  if (before === undefined) return new Set();
  const made = new Set(actions.flatMap(({ kind, object }) => (BRINGING.includes(kind) ? [object] : [])));
  const behind = (service: PlannedService, all: PlannedStep['pods']) =>
    service.ports.flatMap((port) => backendsOf(service, port, all));
  const isChanged = (service: PlannedService): boolean => {
    if (made.has(nameObject({ kind: 'namespace', name: service.namespace }))) return true;
    const now = behind(service, pods);
    const isOther = JSON.stringify(now) !== JSON.stringify(behind(service, before.pods));
    return isOther || now.some(({ pod }) => made.has(pod));
  };
  return new Set(services.filter(isChanged).map(serviceKey));
}

/** The nodes that lead a check to the pods of a Service. */
function nodesLeading(check: CheckDraft, ends: PlacedEnds): readonly string[] {
  const from = ends.pods.get(check.from);
  return from === undefined || check.backends === undefined ? [] : leadingNodes(check, from, ends);
}

/**
 * Makes the Service of a step: to be called when its last action is done and the EndpointSlices of its Services say so.
 * @param number of the marker of the step
 * @throws PodreachError `provision-failed`
 */
export async function placeServiceMarker(
  number: number,
  nodes: ServiceMarker['nodes'],
  outposts: readonly Outpost[],
  context: Requesting<'create'> & Owning,
): Promise<ServiceMarker> {
  const addresses = await openService(context, `marker-${number}`);
  return { addresses, outposts, nodes };
}

/**
 * Waits until each node leads to the Service of the step, or `within` is over, and notes when it was seen to. Those that do not are not
 * waited for any more: see {@link misled}.
 * @param sinceActed how long ago the last action was done, in milliseconds
 */
export async function awaitLeading(
  step: StepDraft,
  { addresses, outposts, nodes }: ServiceMarker,
  sinceActed: () => number,
  context: AwaitingMarkers,
): Promise<void> {
  const open = outposts.map((outpost) => outpost.open);
  const awaitNode = async (outdated: ServiceMarker['nodes'][number]): Promise<Leading> => {
    const { node } = outdated;
    const guarded = outposts.find((outpost) => outpost.node === node)?.guarded;
    const own = step.checks.filter(({ to }) => outdated.services.includes(to));
    const families = FAMILIES.filter((family) => own.some((check) => check.family === family));
    if (guarded === undefined) return outdated;
    const turn = turnOf(await awaitService(guarded, addresses, open, families, context));
    return turn.kind === 'turned' ? { ...outdated, turnedMs: Math.round(sinceActed()) } : outdated;
  };
  step.leading = await Promise.all(nodes.map(awaitNode));
  context.signal.throwIfAborted();
}

/** Whether others stand behind the Service of a check now, and a node that leads there is still to show that it knows. */
export function isOutdated(check: Pick<CheckDraft, 'to'>, marker: ServiceMarker | undefined): boolean {
  return marker?.nodes.some(({ services }) => services.includes(check.to)) === true;
}

/** Why a check may not have gone to those who stand behind its Service now. Undefined where it has. */
export function misled(
  check: CheckDraft,
  { leading = [] }: Pick<StepDraft, 'leading'>,
  ends: PlacedEnds,
  { timing }: Bounded<'withinMs'>,
): string | undefined {
  const late = leading.filter(
    ({ turnedMs, services }) => turnedMs === undefined && services.includes(check.to),
  );
  if (late.length === 0) return undefined;
  const through = nodesLeading(check, ends);
  const node = late.find((one) => through.includes(one.node))?.node;
  if (node === undefined) return undefined;
  return `${node} was not seen for ${timing.withinMs / 1000} s to have taken up who stands behind ${check.to} now`;
}
