/** What a change of manifests opens and closes, in words that all formats share. */
import {
  CONNECTION_CHANGES,
  type ConnectionChange,
  type ManifestComparison,
} from '../../../compare/manifests/schema.ts';
import { describePortName, describeTarget } from '../../../pair.ts';
import { describeLocation } from '../../parts/describe.ts';
import { describeRuling } from '../../parts/ruling.ts';
import type { ResultWord } from '../../parts/summary.ts';
import type { Fact } from '../../text/block.ts';
import { count, formatNumber } from '../../text/text.ts';
import type { View } from '../../view/harmless.ts';
import { type DifferenceRow, policyRows } from '../words.ts';

export type ManifestComparisonView = View<ManifestComparison>;
type ConnectionView = ManifestComparisonView['connections'][number];

const OUTCOMES: Readonly<Record<ManifestComparison['outcome'], ResultWord>> = {
  'opens-and-closes': { word: 'OPENS AND CLOSES', style: 'leaked' },
  opens: { word: 'OPENS', style: 'leaked' },
  closes: { word: 'CLOSES', style: 'broken' },
  same: { word: 'SAME', style: 'passed' },
};

/** What stands before connections that became so. */
export const CONNECTION_WORDS: Readonly<Record<ConnectionChange, ResultWord>> = {
  open: { word: 'newly open', style: 'leaked' },
  'perhaps-open': { word: 'perhaps newly open', style: 'inconclusive' },
  new: { word: 'open with what is new', style: 'late' },
  closed: { word: 'newly closed', style: 'broken' },
  'perhaps-closed': { word: 'perhaps newly closed', style: 'inconclusive' },
  gone: { word: 'closed with what is gone', style: 'faint' },
};

/** What stands before what becomes so between workloads and what no manifest has. */
export const ELSEWHERE_WORDS = {
  open: { word: 'newly open elsewhere', style: 'leaked' },
  closed: { word: 'newly closed elsewhere', style: 'broken' },
} as const satisfies Readonly<Record<ElsewhereChange, ResultWord>>;

export type ElsewhereChange = ManifestComparison['elsewhere'][number]['change'];
export const ELSEWHERE_CHANGES = ['open', 'closed'] as const satisfies readonly ElsewhereChange[];

/** Workloads of which the same is to be said. */
export interface ElsewhereGroup {
  readonly change: ElsewhereChange;
  /** Whether the workloads are what is connected to. */
  readonly isInto: boolean;
  readonly workloads: readonly string[];
  readonly others: string;
  readonly ports: string;
  readonly before: string;
  readonly after: string;
}

export function groupElsewhere({ elsewhere }: ManifestComparisonView): ElsewhereGroup[] {
  const alike = Map.groupBy(elsewhere, ({ workload: _, ...rest }) => JSON.stringify(rest));
  return [...alike.values()].flatMap((all) =>
    all.slice(0, 1).map(({ change, direction, others, ports, responsible }) => {
      const allowed =
        responsible.length === 0
          ? `allowed: nothing isolates the ${direction}`
          : describeRuling({ verdict: 'allowed' }, responsible);
      const other = 'no rule lets all of it through';
      return {
        change,
        isInto: direction === 'ingress',
        workloads: all.map(({ workload }) => workload),
        others,
        ports,
        ...(change === 'open' ? { before: other, after: allowed } : { before: allowed, after: other }),
      };
    }),
  );
}

/** `addresses in 10.0.0.0/8 → shop/web`; of several workloads, how many. */
export function describeElsewhere({ isInto, workloads, others }: ElsewhereGroup): string {
  const own = oneOr(workloads, 'workload');
  return isInto ? `${others} → ${own}` : `${own} → ${others}`;
}

/** @param list puts names into one text */
export function elsewhereFacts(
  { isInto, workloads, ports, before, after }: ElsewhereGroup,
  list: (names: readonly string[]) => string,
): Fact[] {
  return [
    ...(workloads.length === 1 ? [] : [{ label: isInto ? 'to' : 'from', text: list(workloads) }]),
    { label: 'on', text: ports },
    { label: 'before', text: before },
    { label: 'after', text: after },
  ];
}

/** Connections of which the same is to be said: of each source to each target. */
export interface ConnectionGroup {
  readonly change: ConnectionChange;
  readonly sources: readonly string[];
  /** Each with its port. */
  readonly targets: readonly string[];
  readonly before: string;
  readonly after: string;
}

/** A connection with what is said of it in both states. */
interface ToldConnection {
  readonly connection: ConnectionView;
  readonly before: string;
  readonly after: string;
}

/** Each connection is in one group, in the order of the comparison. */
export function groupConnections({ connections, workloads }: ManifestComparisonView): ConnectionGroup[] {
  const changed = new Map<string, 'new' | 'gone' | 'changed'>(
    workloads.map(({ workload, change }) => [workload, change]),
  );
  const told = connections.map((connection): ToldConnection => {
    const { before, after } = connection;
    const missing = (change: 'new' | 'gone'): string =>
      describeMissing(connection, (workload) => changed.get(workload) === change);
    return {
      connection,
      before: before === undefined ? missing('new') : describeSide(before, after),
      after: after === undefined ? missing('gone') : describeSide(after, before),
    };
  });
  const alike = Map.groupBy(told, ({ connection: { change }, before, after }) =>
    JSON.stringify([change, before, after]),
  );
  return [...alike.values()].flatMap(groupAlike);
}

type PredictionView = NonNullable<ConnectionView['before']>;

/** Beside a side that denies, what lets the connection through at the end that denied it: at the other, both let it through. */
function describeSide(side: PredictionView, other: PredictionView | undefined): string {
  if (side.verdict !== 'allowed' || other?.verdict !== 'denied')
    return describeRuling(side, side.responsible);
  const deniedAt = new Set(other.responsible.map(({ direction }) => direction));
  const deciding = side.responsible.filter(({ direction }) => deniedAt.has(direction));
  return deciding.length > 0 || side.responsible.length === 0
    ? describeRuling(side, deciding)
    : `allowed: no policy has a say in its ${[...deniedAt].join(' and its ')}`;
}

/** Which end of a connection is not there. */
function describeMissing({ from, to }: ConnectionView, isMissing: (workload: string) => boolean): string {
  const ends = [from, to].filter(isMissing);
  return ends.length === 0 ? 'there is no such port' : `there is no ${ends.join(' and no ')}`;
}

/** Targets with the same sources are one group. */
function groupAlike(connections: readonly ToldConnection[]): ConnectionGroup[] {
  const byTarget = Map.groupBy(connections, ({ connection }) => targetOf(connection));
  const bySources = Map.groupBy(byTarget, ([, all]) =>
    JSON.stringify(all.map(({ connection: { from } }) => from)),
  );
  return [...bySources.values()].flatMap((targets) =>
    targets.slice(0, 1).flatMap(([, all]) =>
      all.slice(0, 1).map(({ connection: { change }, before, after }) => ({
        change,
        sources: all.map(({ connection: { from } }) => from),
        targets: targets.map(([target]) => target),
        before,
        after,
      })),
    ),
  );
}

function targetOf(connection: ConnectionView): string {
  return describeTarget(connection) + describePortName(connection.portName);
}

/** `shop/web → shop/db:5432/TCP`; with several at an end, how many. */
export function describeGroup({ sources, targets }: ConnectionGroup): string {
  return `${oneOr(sources, 'workload')} → ${oneOr(targets, 'port')}`;
}

export function sizeOf({ sources, targets }: ConnectionGroup): number {
  return sources.length * targets.length;
}

function oneOr(all: readonly string[], noun: string): string {
  const [only = ''] = all;
  return all.length === 1 ? only : count(all.length, noun);
}

/** What is said of a group at length. @param list puts names into one text */
export function groupFacts(group: ConnectionGroup, list: (names: readonly string[]) => string): Fact[] {
  const { sources, targets, before, after } = group;
  return [
    ...(sources.length === 1 ? [] : [{ label: 'from', text: list(sources) }]),
    ...(targets.length === 1 ? [] : [{ label: 'to', text: list(targets) }]),
    { label: 'before', text: before },
    { label: 'after', text: after },
  ];
}

export function manifestOutcomeWord({ outcome }: ManifestComparisonView): ResultWord {
  return OUTCOMES[outcome];
}

/** The last line: what opens and closes, and how much does not. */
export function describeManifestOutcome(view: ManifestComparisonView): string {
  const { connections, elsewhere, workloads, namespaces, policies } = view;
  const numbers = Map.groupBy(connections, ({ change }) => change);
  const changed = CONNECTION_CHANGES.flatMap((change) => {
    const number = numbers.get(change)?.length ?? 0;
    return number === 0 ? [] : [`${formatNumber(number)} ${CONNECTION_WORDS[change].word}`];
  });
  const changedElsewhere = ELSEWHERE_CHANGES.flatMap((change) => {
    const number = elsewhere.filter((one) => one.change === change).length;
    return number === 0 ? [] : [`${formatNumber(number)} ${ELSEWHERE_WORDS[change].word}`];
  });
  const others = [
    ...counted(workloads.length, 'workload', 'workloads'),
    ...counted(namespaces.length, 'namespace', 'namespaces'),
    ...counted(policies.length, 'policy', 'policies'),
  ];
  return [
    [...changed, ...changedElsewhere].join(', ') || 'nothing opens or closes',
    ...(others.length === 0 ? [] : [`changed: ${others.join(', ')}`]),
    describeSame(view),
  ].join('; ');
}

function counted(number: number, one: string, many: string): string[] {
  return number === 0 ? [] : [`${formatNumber(number)} ${number === 1 ? one : many}`];
}

function describeSame({ same }: ManifestComparisonView): string {
  const { allowed, denied, undefined: open } = same;
  const all = allowed + denied + open;
  if (all === 0) return 'no connection is the same';
  const parts = [
    ...(allowed === 0 ? [] : [`${formatNumber(allowed)} allowed`]),
    ...(denied === 0 ? [] : [`${formatNumber(denied)} denied`]),
    ...(open === 0 ? [] : [`${formatNumber(open)} left open`]),
  ];
  return `the same: ${count(all, 'connection')} (${parts.join(', ')})`;
}

/** Which states these are. */
export function stateFacts({ before, after }: ManifestComparisonView): Fact[] {
  return [
    { label: 'before', text: describeState(before) },
    { label: 'after', text: describeState(after) },
  ];
}

function describeState({ name, commit, workloads, policies }: ManifestComparisonView['before']): string {
  const which = commit === undefined ? '' : ` (${commit.slice(0, 12)})`;
  return `${name}${which}: ${count(workloads, 'workload')}, ${formatNumber(policies)} ${policies === 1 ? 'policy' : 'policies'}`;
}

/** What is not taken into account, or is not as it seems. What both states have is said once. */
export function manifestWarnings({ warnings }: ManifestComparisonView): string[] {
  const sides = Map.groupBy(warnings, ({ message }) => message);
  return [...sides.values()].flatMap((all) => {
    const last = all.at(-1);
    if (last === undefined) return [];
    const { message, location, advice, side } = last;
    const isBoth = new Set(all.map((one) => one.side)).size > 1;
    const place = location === undefined ? '' : ` (${describeLocation(location)})`;
    return [`${isBoth ? '' : `${side}: `}${message}${place}${advice === undefined ? '' : `. ${advice}`}`];
  });
}

/** Workloads, namespaces and policies that are not the same. */
export function manifestRows({ workloads, namespaces, policies }: ManifestComparisonView): DifferenceRow[] {
  return [
    ...workloads.map(({ workload, before, after }) => ({
      what: `workload ${workload}`,
      where: '',
      before: describeWorkload(before, after),
      after: describeWorkload(after, before),
    })),
    ...namespaces.map(({ namespace, before, after }) => ({
      what: `namespace ${namespace}`,
      where: '',
      before: before === undefined ? 'none' : describeLabels(before.labels),
      after: after === undefined ? 'none' : describeLabels(after.labels),
    })),
    ...policyRows(policies),
  ];
}

type WorkloadView = NonNullable<ManifestComparisonView['workloads'][number]['before']>;

/** What of it the other side does not have alike. */
function describeWorkload(side: WorkloadView | undefined, other: WorkloadView | undefined): string {
  if (side === undefined) return 'none';
  const { kind, labels, ports, hostNetwork, location } = side;
  const parts = [
    ...told(kind, other?.kind),
    ...told(describeLabels(labels), other && describeLabels(other.labels)),
    ...told(describePorts(ports), other && describePorts(other.ports)),
    ...told(networkOf(hostNetwork), other === undefined ? networkOf(false) : networkOf(other.hostNetwork)),
  ];
  return `${parts.join(', ')} (${describeLocation(location)})`;
}

function told(text: string, other: string | undefined): string[] {
  return text === other ? [] : [text];
}

function networkOf(hostNetwork: boolean): string {
  return hostNetwork ? 'on the network of its node' : 'with addresses of its own';
}

function describePorts(ports: WorkloadView['ports']): string {
  const texts = ports.map(({ name, port, protocol }) => `${port}/${protocol}${describePortName(name)}`);
  return texts.length === 0 ? 'no ports' : texts.join(' ');
}

function describeLabels(labels: WorkloadView['labels']): string {
  const texts = Object.entries(labels).map(([key, value]) => `${key}=${value}`);
  return texts.length === 0 ? 'no labels' : texts.join(' ');
}
