/**
 * What is tried from the first instant of its source: the step must make that pod, under policies that stand, and must know the address
 * of the destination by then.
 */
import type { Problem } from '../errors.ts';
import { isService } from '../model/endpoint.ts';
import type { DeclaredConnection, DeclaredRule } from './declarations.ts';
import { problemAt } from './mark.ts';
import type { Mark, ScenarioStep, WrittenAction } from './scenario.ts';
import { targetKey } from './select.ts';
import { podsAnswering, type Services } from './services.ts';
import { type ClusterState, isThere } from './state.ts';

/** Connections: by source, then by `targetKey`. */
export type ConnectionSet = ReadonlyMap<string, ReadonlySet<string>>;

/** One rule that says so is enough, however many speak of a connection. */
export function firstInstantsOf(declared: readonly DeclaredRule[]): ConnectionSet {
  const found = new Map<string, Set<string>>();
  for (const { rule, connections } of declared) {
    if (rule.firstInstant === undefined) continue;
    for (const connection of connections) {
      const own = found.get(connection.from) ?? new Set();
      found.set(connection.from, own.add(targetKey(connection)));
    }
  }
  return found;
}

/** A step, with what there is before its actions and after them. */
export interface Transition {
  readonly step: ScenarioStep;
  readonly before: ClusterState;
  readonly state: ClusterState;
  /** Of the scenario. */
  readonly services: Services;
}

/** As many targets fit into the manifest of a pod with room to spare. One at a Service names each pod behind it. */
const MOST_TARGETS = 500;
/** Of more pods only these are named. */
const PODS_NAMED = 3;

/** What keeps pairs from being tried from the first instant of their sources. */
export function* checkFirstInstants(
  declared: readonly DeclaredRule[],
  transition: Transition,
): Generator<Problem> {
  for (const { rule, connections } of declared) {
    const { firstInstant: mark } = rule;
    if (mark === undefined || connections.length === 0) continue;
    yield* checkActions(mark, transition.step);
    yield* checkSources(mark, new Set(connections.map(({ from }) => from)), transition);
    const destinations = new Set(connections.flatMap(({ to }) => (isService(to) ? [] : to)));
    yield* checkDestinations(mark, destinations, transition);
    const toServices = connections.filter(({ to }) => isService(to));
    yield* checkServices(mark, toServices, transition);
  }
  yield* checkNumbers(declared, transition);
}

/** All that the rules of a step ask of one pod. */
function* checkNumbers(
  declared: readonly DeclaredRule[],
  { state, services }: Transition,
): Generator<Problem> {
  const early = declared.filter(({ rule }) => rule.firstInstant !== undefined);
  const [mark] = early.flatMap(({ rule }) => rule.firstInstant ?? []);
  if (mark === undefined) return;
  const all = new Map(
    early.flatMap(({ connections }) => connections).map((one) => [`${one.from} ${targetKey(one)}`, one]),
  );
  for (const [pod, own] of Map.groupBy(all.values(), ({ from }) => from)) {
    const targets = own.reduce((sum, one) => sum + podsAnswering(one, state, services).length, 0);
    if (targets <= MOST_TARGETS) continue;
    const counted = own.some(({ to }) => isService(to)) ? ' (of a Service, of each pod behind it)' : '';
    yield problemAt(
      mark,
      `${pod} is to try ${targets} ports${counted} from its first instant, and may try ${MOST_TARGETS}`,
      { hint: 'Name fewer destinations, or only some of their ports.' },
    );
  }
}

/** What would be told is how fast nodes take that up, and not what they do with a new pod. */
function* checkActions(mark: Mark, { actions }: ScenarioStep): Generator<Problem> {
  const unsettling = actions.find(({ kind }) => kind === 'apply' || kind === 'delete' || kind === 'label');
  if (unsettling === undefined) return;
  yield problemAt(mark, 'the first instant of a pod is told under policies and labels that stand', {
    hint: 'Change them in a step before, which settles by itself; then make the pod.',
    related: [{ message: 'this step changes them here', mark: unsettling.mark }],
  });
}

function* checkSources(mark: Mark, sources: ReadonlySet<string>, { step }: Transition): Generator<Problem> {
  const made = madeBy(step);
  const others = [...sources].filter((pod) => !made.has(pod));
  if (others.length === 0) return;
  const own = [...sources].filter((pod) => made.has(pod));
  yield problemAt(mark, `this step does not make ${named(others)}, so there is no first instant to tell of`, {
    hint:
      own.length === 0
        ? 'Make it in this step with "create" or "replace", or leave "firstInstant" out.'
        : `Of this rule, only ${named(own)} ${own.length === 1 ? 'is' : 'are'} made in this step: write another rule for the rest.`,
  });
}

function* checkDestinations(
  mark: Mark,
  destinations: ReadonlySet<string>,
  { step, before, state }: Transition,
): Generator<Problem> {
  const made = madeBy(step);
  const missing = [...destinations].filter((end) => !isThere(end, state));
  const young = [...destinations].filter(
    (pod) => state.pods.has(pod) && (made.has(pod) || !before.pods.has(pod)),
  );
  if (young.length > 0) {
    yield problemAt(
      mark,
      `${named(young)} ${young.length === 1 ? 'is' : 'are'} made in this step too: ${young.length === 1 ? 'its address is' : 'their addresses are'} not known when the first instant of another pod begins`,
      { hint: 'Make the destinations in a step before, or take them out with "except: { to: … }".' },
    );
  }
  if (missing.length > 0) {
    yield problemAt(mark, `${named(missing)} ${missing.length === 1 ? 'is' : 'are'} not there in this step`, {
      hint: 'Move the rule to a step that has both ends, or take them out with "except: { to: … }".',
    });
  }
}

/** A Service must lead to the same pods all the time, in a way that does not depend on where the new pod comes. */
function* checkServices(
  mark: Mark,
  connections: readonly DeclaredConnection[],
  { step, before, state, services }: Transition,
): Generator<Problem> {
  const existing = keysOf(connections.filter(({ to }) => !services.has(to)));
  if (existing.length > 0) {
    yield problemAt(
      mark,
      `${named(existing)} ${existing.length === 1 ? 'is' : 'are'} there already, and only podreach's own probes tell at each moment whether they listen`,
      { hint: 'Write a rule of its own for that, without "firstInstant".' },
    );
  }
  const own = connections.filter(({ to }) => services.has(to));
  const onNodes = keysOf(own.filter(({ path }) => path === 'nodePort'));
  if (onNodes.length > 0) {
    yield problemAt(
      mark,
      `by ports of nodes a pod comes to ${named(onNodes)} in a way that depends on its own node, and that of a new pod is not known before`,
      { hint: 'Leave "nodePort" out of "via", or write a rule of its own for it, without "firstInstant".' },
    );
  }
  const made = madeBy(step);
  const changed = keysOf(
    own.filter((connection) => {
      const [old, now] = [before, state].map((at) => podsAnswering(connection, at, services));
      return old?.join() !== now?.join() || now?.some((pod) => made.has(pod)) === true;
    }),
  );
  if (changed.length > 0) {
    yield problemAt(
      mark,
      `this step changes who stands behind ${named(changed)}: the first instant of a pod is told of Services that stand`,
      {
        hint: 'Make, replace or remove their pods in a step before, which settles by itself; or take them out with "except: { to: … }".',
      },
    );
  }
  const deserted = keysOf(
    own.filter((connection) => podsAnswering(connection, state, services).length === 0),
  ).filter((key) => !changed.includes(key));
  if (deserted.length > 0) {
    yield problemAt(mark, `nobody stands behind ${named(deserted)} in this step`, {
      hint: 'Move the rule to a step in which somebody does, or take them out with "except: { to: … }".',
    });
  }
}

function keysOf(connections: readonly DeclaredConnection[]): readonly string[] {
  return [...new Set(connections.map(({ to }) => to))];
}

/** The pods that come to be in a step. */
function madeBy({ actions }: ScenarioStep): ReadonlySet<string> {
  const isMaking = (action: WrittenAction): action is WrittenAction & { readonly object: string } =>
    action.kind === 'create' || action.kind === 'replace';
  return new Set(actions.filter(isMaking).map(({ object }) => object));
}

/** `shop/web, shop/api and 3 more` */
function named(pods: readonly string[]): string {
  const more = pods.length - PODS_NAMED;
  if (more > 1) return `${pods.slice(0, PODS_NAMED).join(', ')} and ${more} more`;
  return pods.length === 1 ? String(pods[0]) : `${pods.slice(0, -1).join(', ')} and ${pods.at(-1)}`;
}
