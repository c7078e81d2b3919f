/** A plan as text, and as data for scripts. */
import { objectKey } from '../keys.ts';
import type { Check } from '../model/check.ts';
import { addressesAt, type HostPlace } from '../model/endpoint.ts';
import type { HeldWish } from '../model/held.ts';
import type { Labels } from '../model/labels.ts';
import type { Action } from '../model/step.ts';
import { greatest } from '../numbers.ts';
import { describeConnection, describePort, describePortName, describeTarget } from '../pair.ts';
import { count, duration } from '../report/text/text.ts';
import type {
  IncludedTopology,
  Plan,
  PlannedHost,
  PlannedPod,
  PlannedPolicy,
  PlannedStep,
  Port,
} from '../scenario/scenario.ts';
import { hostKey } from '../scenario/select.ts';
import { type Cells, describeManifests, originsOfPods } from './describe-manifests.ts';

/** Everything that a run of a scenario creates, does and tries. */
export function describePlan(plan: Plan): string {
  const { scenario } = plan;
  const [first, ...later] = plan.steps;
  const late = lateObjects(plan);
  const origins = originsOfPods(plan);
  const arePlaced = plan.pods.some((pod) => describePlace(pod) !== '');
  const when = (object: string): string => (late.has(object) ? 'created later' : '');
  return [
    `${scenario.name}  (${scenario.location.file}:${scenario.location.line})`,
    ...(plan.included === undefined ? [] : section('included', plan.included.map(describeIncluded))),
    ...section('namespaces', [
      ...plan.namespaces.map(({ name, labels }) => [name, describeLabels(labels), when(`namespace/${name}`)]),
      ...(plan.existingNamespaces ?? []).map(({ name }) => [name, 'there already', '']),
    ]),
    ...section(
      'pods',
      plan.pods.map((pod) => [
        objectKey(pod),
        pod.ports.map(describeDeclared).join(' ') || 'no ports',
        describeLabels(pod.labels),
        ...(arePlaced ? [describePlace(pod)] : []),
        ...(origins.size === 0 ? [] : [origins.get(objectKey(pod)) ?? 'in the scenario']),
        when(objectKey(pod)),
      ]),
    ),
    ...(plan.hosts === undefined ? [] : section('hosts', plan.hosts.map(describeHost))),
    ...section('policies', first.policies.map(describePolicy)),
    ...(plan.manifests === undefined
      ? []
      : describeManifests(plan.manifests).flatMap(([title, rows]) => section(title, rows))),
    ...describeIssues(plan),
    ...section(
      'checks',
      first.checks.map((check) => describeCheck(check, plan)),
    ),
    ...later.flatMap((step, index) => describeStep(step, index + 2, plan)),
    '',
  ].join('\n');
}

/** A step after the first: what it does, and what is tried in it. */
function describeStep(step: PlannedStep, number: number, plan: Plan): readonly string[] {
  const { location, withinMs } = step;
  const before = plan.steps[number - 2] ?? plan.steps[0];
  const known = new Map(before.checks.map((check) => [check.id, check]));
  const own = new Set(step.checks.map(({ id }) => id));
  const gone = before.checks.filter(({ id }) => !own.has(id));
  const budget = withinMs === undefined ? '' : `  within ${duration(withinMs)}`;
  return [
    '',
    `  step ${number}: ${step.name ?? ''}  (${location.file}:${location.line})${budget}`,
    ...section('actions', describeActions(step), '    '),
    ...section(
      'checks',
      step.checks.map((check) => describeCheck(check, plan, changeOf(check, known.get(check.id)))),
      '    ',
    ),
    ...(gone.length === 0
      ? []
      : section(
          'no longer tried',
          gone.map((check) => [describeConnection(check)]),
          '    ',
        )),
  ];
}

/** What is expected of a check otherwise than in the step before. */
function changeOf(check: Check, before: Check | undefined): string {
  if (before === undefined) return 'new';
  if (before.expected !== check.expected) return `was ${before.expected}`;
  return before.cutBy === undefined || before.cutBy === check.cutBy ? '' : `was cut by ${before.cutBy}`;
}

function describeActions({ actions, applied }: PlannedStep): readonly Cells[] {
  const policies = new Map(applied.map((policy) => [`networkpolicy/${objectKey(policy)}`, policy]));
  return actions.map(({ kind, object, labels = {} }) => {
    const policy = kind === 'apply' ? policies.get(object) : undefined;
    return [kind, object, policy === undefined ? describeLabelling(labels) : describePolicy(policy)[1]];
  });
}

/** `app=web, without role` */
function describeLabelling(labels: NonNullable<Action['labels']>): string {
  return Object.entries(labels)
    .map(([key, value]) => (value === null ? `without ${key}` : `${key}=${value}`))
    .join(', ');
}

/** Mismatches that somebody answers for; nothing where there are none. */
function describeIssues({ knownIssues = [] }: Plan): readonly string[] {
  if (knownIssues.length === 0) return [];
  return section(
    'known issues',
    knownIssues.map(({ is, owner, expires, reason, location }) => [
      is,
      `until ${expires}`,
      owner,
      `${location.file}:${location.line}`,
      reason,
    ]),
  );
}

function describeIncluded({ location, namespaces, pods }: IncludedTopology): Cells {
  return [location.file, count(namespaces.length, 'namespace'), count(pods.length, 'pod')];
}

function describeHost(host: PlannedHost): Cells {
  const { place, ports } = host;
  return [hostKey(host), describeHostPlace(place), ports.map(describeDeclared).join(' ') || 'no ports'];
}

/** `203.0.113.11, 2001:db8::11`, `registry.example.com`, `registry.example.com at 203.0.113.11` */
function describeHostPlace(place: HostPlace): string {
  const addresses = addressesAt(place).join(', ');
  if (place.kind === 'address') return addresses;
  return addresses === '' ? place.name : `${place.name} at ${addresses}`;
}

function describePolicy({ namespace, name, location }: PlannedPolicy): readonly [string, string] {
  return [`${namespace}/${name}`, `${location.file}:${location.line}`];
}

const HELD: Readonly<Record<HeldWish, string>> = {
  kept: 'an open connection must be kept',
  cut: 'an open connection must be cut',
  either: 'an open connection may be kept or cut',
};

function describeCheck(check: Check, { knownIssues = [] }: Plan, change = ''): Cells {
  const known = (check.knownIssues ?? []).flatMap((place) => knownIssues[place] ?? []);
  const notes = [
    check.cutBy === undefined ? '' : `cut by ${check.cutBy}`,
    check.held === undefined ? '' : HELD[check.held],
    describeAnswerers(check),
    change,
    check.firstInstant === undefined ? '' : 'from the first instant',
    ...known.map(({ is, expires }) => `known to be ${is} until ${expires}`),
  ];
  return [
    check.expected,
    check.from,
    `→ ${describeTarget(check)}${describePortName(check.portName)}`,
    `${check.declared.file}:${check.declared.line}`,
    notes.filter((note) => note !== '').join(', '),
  ];
}

function describeAnswerers({ path, backends }: Check): string {
  if (path === undefined) return '';
  if (backends === undefined) return 'answered by whoever is behind it already';
  return `answered by ${backends.map(({ pod, port }) => `${pod}:${port}`).join(' and ')}`;
}

function section(title: string, rows: readonly Cells[], indent = '  '): string[] {
  const widths = rows[0]?.map((_, column) => greatest(rows.map((row) => row[column]?.length ?? 0))) ?? [];
  const lines = rows.map((row) =>
    `${indent}  ${row.map((cell, column) => cell.padEnd(widths[column] ?? 0)).join('  ')}`.trimEnd(),
  );
  return [`${indent}${title} (${rows.length})`, ...lines];
}

function describeLabels(labels: Labels): string {
  return Object.entries(labels)
    .map(([key, value]) => `${key}=${value}`)
    .join(',');
}

/** `node 1, host network` */
function describePlace({ placement, hostNetwork }: PlannedPod): string {
  return [
    ...(placement === undefined ? [] : [`node ${placement}`]),
    ...(hostNetwork === undefined ? [] : ['host network']),
  ].join(', ');
}

function describeDeclared(port: Port): string {
  return `${port.name === undefined ? '' : `${port.name}:`}${describePort(port)}`;
}

/** What a step creates first, as actions name it. */
function lateObjects({ namespaces, pods, steps: [first] }: Plan): ReadonlySet<string> {
  const objects = [...namespaces.map(({ name }) => `namespace/${name}`), ...pods.map(objectKey)];
  const there = new Set([
    ...first.namespaces.map(({ name }) => `namespace/${name}`),
    ...first.pods.map(objectKey),
  ]);
  return new Set(objects.filter((object) => !there.has(object)));
}

/** As in a scenario: what is there and tried first stands at the top, and `steps` are those after it. */
export function planAsData(plan: Plan): object {
  const { scenario, included, namespaces, existingNamespaces, pods, hosts } = plan;
  const { services, existingServices, steps } = plan;
  const { idleExceptions, accepted, knownIssues, manifests } = plan;
  const [first, ...later] = steps;
  const late = lateObjects(plan);
  const marked = <T extends object>(object: string, value: T): object =>
    late.has(object) ? { ...value, created: 'later' } : value;
  return {
    scenario,
    ...(included === undefined ? {} : { included }),
    namespaces: namespaces.map((one) => marked(`namespace/${one.name}`, one)),
    ...(existingNamespaces === undefined ? {} : { existingNamespaces }),
    pods: pods.map((pod) => marked(objectKey(pod), pod)),
    ...(hosts === undefined ? {} : { hosts }),
    ...(services === undefined ? {} : { services }),
    ...(existingServices === undefined ? {} : { existingServices }),
    policies: first.policies,
    ...(manifests === undefined ? {} : { manifests }),
    checks: first.checks,
    idleExceptions,
    accepted,
    ...(knownIssues === undefined ? {} : { knownIssues }),
    ...(later.length === 0 ? {} : { steps: later.map(({ applied: _, ...step }) => step) }),
  };
}
