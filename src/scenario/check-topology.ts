/** Whether a scenario's namespaces, pods and hosts go together, and can be created as they are. */
import ipaddr from 'ipaddr.js';
import type { Problem } from '../errors.ts';
import { objectKey } from '../keys.ts';
import {
  isOwnNamespace,
  NAMESPACE_NAME_LABEL,
  POD_SECURITY_LABEL,
  RESERVED_PREFIX,
  UNRESTRICTED,
} from '../labels.ts';
import { addressesAt, ENDPOINT_PREFIXES, endpointKey } from '../model/endpoint.ts';
import { type Family, familyOf } from '../model/family.ts';
import { nameObject, OBJECT_PREFIXES } from '../model/step.ts';
import { describePort } from '../pair.ts';
import { namespaceKeysOf } from '../policy/namespace-keys.ts';
import { checkExistingNamespaces, refusePlacing } from './existing-namespaces.ts';
import { problemAt } from './mark.ts';
import type { Mark, Marked, PlannedPolicy, Port, Scenario, ScenarioHost, ScenarioPod } from './scenario.ts';
import { hostKey } from './select.ts';
import { quote, suggest } from './suggest.ts';

/** Everything that is wrong with the namespaces, pods and hosts of a scenario. */
export function* checkTopology(scenario: Scenario): Generator<Problem> {
  const declared = scenario.namespaces.map(({ value }) => value.name);
  const existing = (scenario.existingNamespaces ?? []).map(({ value }) => value);
  for (const { value, mark } of scenario.namespaces) {
    if (isOwnNamespace(value.name)) {
      yield problemAt(
        mark,
        `${quote(value.name)} is a namespace of Kubernetes itself: a run makes the namespaces of a scenario, and deletes them when it ends`,
        {
          hint: `Choose another name, which does not begin with "kube-". Where policies only let it in, write ${value.name}: existing.`,
        },
      );
    }
    yield* checkPrefix(value.name, mark);
    const label = value.labels[NAMESPACE_NAME_LABEL];
    if (label !== undefined && label !== value.name) {
      yield problemAt(
        mark,
        `Kubernetes sets the label ${NAMESPACE_NAME_LABEL} of this namespace to ${quote(value.name)}`,
        {
          hint: 'Leave the label out.',
        },
      );
    }
    yield* checkLabelKeys(Object.keys(value.labels), mark);
  }
  for (const pod of scenario.pods) {
    if (existing.includes(pod.namespace)) {
      yield refusePlacing(`the pod ${quote(pod.name)}`, pod.namespace, pod.mark);
    } else if (!declared.includes(pod.namespace)) {
      yield problemAt(pod.mark, `the namespace ${quote(pod.namespace)} is not declared`, {
        hint: suggest(pod.namespace, declared, 'namespaces'),
      });
    }
    yield* checkLabelKeys(Object.keys(pod.labels), pod.mark);
    yield* checkPorts(objectKey(pod), pod.ports);
  }
  yield* checkExistingNamespaces(scenario);
  yield* checkHosts(scenario.hosts);
  yield* checkExisting(scenario, declared);
  yield* checkSharedPorts(scenario.pods);
  yield* checkAdmission(scenario);
}

/** Before a run makes a namespace, nothing is in it. */
function* checkExisting(
  { existingServices = [] }: Scenario,
  declared: readonly string[],
): Generator<Problem> {
  for (const { value, mark } of existingServices) {
    if (!declared.includes(value.namespace)) continue;
    yield problemAt(
      mark,
      `no Service is there already in the namespace ${quote(value.namespace)}: the run makes it`,
      { hint: 'Give the Service its "selector" and "ports", so that the run makes it too.' },
    );
  }
}

/** Pods on the network of one node share its ports. */
function* checkSharedPorts(pods: readonly ScenarioPod[]): Generator<Problem> {
  const taken = new Map<string, ScenarioPod>();
  for (const pod of pods) {
    const { hostNetwork, node } = pod;
    if (hostNetwork === undefined || node === undefined) continue;
    for (const { value: port, mark } of pod.ports) {
      const key = `${node.value} ${describePort(port)}`;
      const first = taken.get(key);
      if (first === undefined) taken.set(key, pod);
      else if (first !== pod) {
        yield problemAt(
          mark,
          `${objectKey(first)} and ${objectKey(pod)} are both on the network of node ${node.value}, and only one of them can listen on port ${describePort(port)} there`,
          {
            hint: 'Put one of them on another node ("node"), or give it another port.',
            related: [{ message: 'the other one is here', mark: first.mark }],
          },
        );
      }
    }
  }
}

/** All that are applied at any time. */
function policiesIn({ policies, steps }: Scenario): readonly Marked<PlannedPolicy>[] {
  const applied = steps.flatMap(({ actions }) =>
    actions.flatMap((action) =>
      action.kind === 'apply' ? [{ value: action.policy, mark: action.mark }] : [],
    ),
  );
  return [...policies, ...applied];
}

/** A policy goes by a label that only the run would give. */
function unsaidLevel(
  namespace: Mark,
  pod: ScenarioPod,
  { value: policy, mark }: Marked<PlannedPolicy>,
): Problem {
  return problemAt(
    namespace,
    `the run gives this namespace the label ${POD_SECURITY_LABEL}, by which the policy ${quote(objectKey(policy))} selects namespaces`,
    {
      hint: `Say it here, where it is meant: labels: { ${POD_SECURITY_LABEL}: ${UNRESTRICTED} }.`,
      related: [
        { message: `no other level lets ${objectKey(pod)} in`, mark: pod.mark },
        { message: 'the policy is this one', mark },
      ],
    },
  );
}

/** Kubernetes lets such pods into namespaces without a Pod Security Standard alone. */
function* checkAdmission(scenario: Scenario): Generator<Problem> {
  const { namespaces, pods } = scenario;
  const selecting = policiesIn(scenario).find(({ value }) =>
    namespaceKeysOf(value.object.spec).has(POD_SECURITY_LABEL),
  );
  for (const { value, mark } of namespaces) {
    const level = value.labels[POD_SECURITY_LABEL];
    const refused = pods.find(
      ({ namespace, hostNetwork }) => hostNetwork === true && namespace === value.name,
    );
    if (refused === undefined || level === UNRESTRICTED) continue;
    if (level === undefined) {
      if (selecting !== undefined) yield unsaidLevel(mark, refused, selecting);
      continue;
    }
    yield problemAt(
      mark,
      `Kubernetes lets no pod on the network of its node into this namespace: its label ${POD_SECURITY_LABEL} is ${quote(level)}`,
      {
        hint: `Set it to ${quote(UNRESTRICTED)}, as the run does where the label is not there.`,
        related: [{ message: `${objectKey(refused)} is such a pod`, mark: refused.mark }],
      },
    );
  }
}

/** What is to be created later, and what needs it before. */
export function* checkCreated({ namespaces, pods, steps }: Scenario): Generator<Problem> {
  const created = new Set(
    steps.flatMap(({ actions }) =>
      actions.flatMap((action) => (action.kind === 'create' ? [action.object] : [])),
    ),
  );
  const late = [
    ...namespaces.map(({ value, mark }) => ({
      ...value,
      mark,
      object: `namespace/${value.name}`,
      word: 'namespace',
    })),
    ...pods.map((pod) => ({ ...pod, object: objectKey(pod), word: 'pod' })),
  ].filter((one) => one.created !== undefined);
  for (const { object, word, mark } of late) {
    if (created.has(object)) continue;
    yield problemAt(mark, `this ${word} is created later, and no step creates it`, {
      hint: `Name ${quote(object)} under "create" in a step, or leave "created" out.`,
    });
  }
  const lateNamespaces = new Set(late.map(({ object }) => object));
  for (const { namespace, created: when, mark } of pods) {
    if (when !== undefined || !lateNamespaces.has(`namespace/${namespace}`)) continue;
    yield problemAt(mark, `the namespace ${quote(namespace)} is created later, and this pod is not`, {
      hint: 'Write "created: later" for the pod, too, and create it with its namespace.',
    });
  }
}

/** Examples of names that begin like no pod's may. */
const KEPT_NAMES: readonly string[] = [
  ...ENDPOINT_PREFIXES.map((kind) =>
    endpointKey(kind === 'host' ? { kind, name: 'bank' } : { kind, namespace: 'shop', name: 'api' }),
  ),
  ...OBJECT_PREFIXES.map((kind) =>
    nameObject(
      kind === 'namespace' ? { kind, name: 'shop' } : { kind, namespace: 'shop', name: 'default-deny' },
    ),
  ),
];

/** A pod of such a namespace could not be told from something else. */
function* checkPrefix(namespace: string, mark: Mark): Generator<Problem> {
  const example = KEPT_NAMES.find((name) => name.startsWith(`${namespace}/`));
  if (example === undefined) return;
  yield problemAt(
    mark,
    `a namespace may not be called ${quote(namespace)}: names such as ${quote(example)} are kept for what is not a pod`,
    { hint: `Choose another name, such as ${quote(`${namespace.replace(/y$/, 'ie')}s`)}.` },
  );
}

export function* checkLabelKeys(keys: readonly string[], mark: Mark): Generator<Problem> {
  for (const key of keys.filter((name) => name.startsWith(RESERVED_PREFIX))) {
    yield problemAt(mark, `the label ${key} is for podreach's own use`, { hint: 'Choose another label.' });
  }
}

function* checkPorts(owner: string, ports: readonly Marked<Port>[]): Generator<Problem> {
  const seen = new Map<string, Mark>();
  for (const { value: port, mark } of ports) {
    const names = port.name === undefined ? [] : [`the port name ${quote(port.name)}`];
    for (const name of [`the port ${describePort(port)}`, ...names]) {
      const first = seen.get(name);
      if (first === undefined) seen.set(name, mark);
      else {
        yield problemAt(mark, `${name} of ${owner} is there twice`, {
          related: [{ message: 'first here', mark: first }],
        });
      }
    }
  }
}

/** Each has a name and an address of its own, and one that a host can have. */
function* checkHosts(hosts: readonly ScenarioHost[]): Generator<Problem> {
  const first = new Map<string, Mark>();
  const isFirst = (what: string, mark: Mark): boolean => {
    const earlier = first.get(what);
    if (earlier === undefined) first.set(what, mark);
    return earlier === undefined;
  };
  const twice = (what: string, mark: Mark, hint: string): Problem => {
    const earlier = first.get(what);
    const related = earlier === undefined ? [] : [{ message: 'first here', mark: earlier }];
    return problemAt(mark, `${what} is there twice`, { hint, related });
  };
  for (const { place, ports, mark, ...host } of hosts) {
    const key = hostKey(host);
    const named = `the host ${quote(key)}`;
    if (!isFirst(named, mark)) yield twice(named, mark, 'Say all of it in one of the two files.');
    yield* checkPorts(key, ports);
    for (const address of addressesAt(place.value)) {
      const at = `the address ${address}`;
      if (!isFirst(at, place.mark)) yield twice(at, place.mark, 'Give each host an address of its own.');
      if (!isOfHost(address))
        yield problemAt(place.mark, `${address} is the address of no single host elsewhere`, {
          hint: `Choose another, such as one of ${EXAMPLES[familyOf(address)]}, which is kept for examples.`,
        });
    }
  }
}

const EXAMPLES: Readonly<Record<Family, string>> = { IPv4: '203.0.113.0/24', IPv6: '2001:db8::/32' };

/** Not one of the own machine, of a link, of everybody or of a group. */
function isOfHost(address: string): boolean {
  return !['unspecified', 'loopback', 'linkLocal', 'multicast', 'broadcast', 'ipv4Mapped'].includes(
    ipaddr.parse(address).range(),
  );
}
