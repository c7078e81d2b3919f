/**
 * Random clusters with random policies, over an alphabet small enough that they meet: six pods in two namespaces, a few labels,
 * ports, names of ports and blocks. All manifests are valid, so that they can be applied to a real API server as well.
 */
import fc from 'fast-check';
import type { Flow, PodPort, PolicyPod, World, WrittenPolicy } from '../../src/policy/model.ts';
import type { SelectorOperator } from '../../src/policy/selectors.ts';

/** What a test can do with a manifest before it is compiled. */
export interface Manifest {
  readonly apiVersion: 'networking.k8s.io/v1';
  readonly kind: 'NetworkPolicy';
  readonly metadata: { readonly name: string; readonly namespace: string };
  readonly spec: Spec;
}

export interface Spec {
  readonly podSelector?: Selector;
  readonly policyTypes?: readonly ('Ingress' | 'Egress')[];
  readonly ingress?: readonly { readonly from?: readonly Peer[]; readonly ports?: readonly Port[] }[];
  readonly egress?: readonly { readonly to?: readonly Peer[]; readonly ports?: readonly Port[] }[];
}

export interface Selector {
  readonly matchLabels?: Readonly<Record<string, string>>;
  readonly matchExpressions?: readonly {
    readonly key: string;
    readonly operator: SelectorOperator;
    readonly values?: readonly string[];
  }[];
}

export interface Peer {
  readonly podSelector?: Selector;
  readonly namespaceSelector?: Selector;
  readonly ipBlock?: IpBlock;
}

export interface IpBlock {
  readonly cidr: string;
  readonly except?: readonly string[];
}

export interface Port {
  readonly protocol?: 'TCP' | 'UDP' | 'SCTP';
  readonly port?: number | string;
  readonly endPort?: number;
}

export interface Alphabet {
  /** The addresses of the pods, in their order; none where the cluster will give them out. */
  readonly addresses: readonly string[];
  /** The blocks that policies may use: each exception is a strict subset. */
  readonly blocks: readonly IpBlock[];
}

const NAMESPACES = ['red', 'blue'];
const PODS = 6;
const NAME_LABEL = 'kubernetes.io/metadata.name';
const PORT_NAMES = ['http', 'dns'];
const PORT_NUMBERS = [80, 81];

/** Pods of two ranges, and blocks that hold all, some or none of them. */
export const DEFAULT_ALPHABET: Alphabet = {
  addresses: Array.from({ length: PODS }, (_, index) => `10.64.${index % 2}.${index}`),
  blocks: [
    { cidr: '0.0.0.0/0' },
    { cidr: '0.0.0.0/0', except: ['10.64.0.0/24'] },
    { cidr: '10.64.0.0/24' },
    { cidr: '10.64.0.0/16', except: ['10.64.1.0/24', '10.64.0.2/32'] },
    { cidr: '10.64.1.0/24', except: ['10.64.1.0/30'] },
    { cidr: '10.64.1.3/32' },
    { cidr: '203.0.113.0/24' },
    { cidr: '::/0' },
  ],
};

/** A cluster with up to five policies. Every pod listens on one port at least. */
export function worlds(alphabet: Alphabet = DEFAULT_ALPHABET): fc.Arbitrary<World> {
  return fc
    .tuple(
      fc.tuple(...NAMESPACES.map(() => labels('team'))),
      fc.tuple(...Array.from({ length: PODS }, (_, index) => pods(index, alphabet))),
      manifests(alphabet),
    )
    .map(([namespaceLabels, allPods, policies]) => ({
      namespaces: NAMESPACES.map((name, index) => ({ name, labels: namespaceLabels[index] ?? {} })),
      pods: allPods,
      policies: policies.map(toWritten),
    }));
}

/** Policies for both namespaces, with names of their own. */
export function manifests(alphabet: Alphabet = DEFAULT_ALPHABET): fc.Arbitrary<Manifest[]> {
  return fc.array(fc.tuple(fc.constantFrom(...NAMESPACES), specs(alphabet)), { maxLength: 5 }).map((all) =>
    all.map(([namespace, spec], index) => ({
      apiVersion: 'networking.k8s.io/v1',
      kind: 'NetworkPolicy',
      metadata: { name: `policy-${index}`, namespace },
      spec,
    })),
  );
}

export function specs(alphabet: Alphabet = DEFAULT_ALPHABET): fc.Arbitrary<Spec> {
  const lists = { ports: fc.array(ports(), { maxLength: 2 }) };
  const peerList = fc.array(peers(alphabet), { maxLength: 2 });
  return fc.record(
    {
      podSelector: selectors('app'),
      policyTypes: fc.subarray(['Ingress', 'Egress'] as const),
      ingress: fc.array(fc.record({ from: peerList, ...lists }, { requiredKeys: [] }), { maxLength: 2 }),
      egress: fc.array(fc.record({ to: peerList, ...lists }, { requiredKeys: [] }), { maxLength: 2 }),
    },
    { requiredKeys: [] },
  );
}

/** A manifest as a scenario would hand it over. */
export function toWritten(manifest: Manifest): WrittenPolicy {
  const { name, namespace } = manifest.metadata;
  return { namespace, name, object: manifest };
}

/** All flows between the pods of a world, to the ports that policies may name and to those that the pods declare. */
export function flowsOf({ pods: all }: World): readonly Flow[] {
  const keys = all.map(({ namespace, name }) => `${namespace}/${name}`);
  return all.flatMap((destination, index) =>
    targetPorts(destination).flatMap(({ port, protocol }) =>
      keys.map((from) => ({
        from: { kind: 'pod' as const, pod: from },
        to: { kind: 'pod' as const, pod: keys[index] ?? '' },
        port,
        protocol,
      })),
    ),
  );
}

function targetPorts({ ports: declared }: PolicyPod): readonly Pick<PodPort, 'port' | 'protocol'>[] {
  const asked = [...PORT_NUMBERS, 82].flatMap((port) => [
    { port, protocol: 'TCP' as const },
    { port, protocol: 'UDP' as const },
  ]);
  const others = declared.filter(
    (one) => !asked.some(({ port, protocol }) => port === one.port && protocol === one.protocol),
  );
  return [...asked, ...others];
}

function pods(index: number, { addresses }: Alphabet): fc.Arbitrary<PolicyPod> {
  const address = addresses[index];
  return fc
    .tuple(
      labels('app', 'tier'),
      fc.subarray(
        PORT_NUMBERS.flatMap((port) => [
          { port, protocol: 'TCP' as const },
          { port, protocol: 'UDP' as const },
        ]),
        { minLength: 1 },
      ),
      fc.array(fc.option(fc.constantFrom(...PORT_NAMES)), { minLength: 4, maxLength: 4 }),
    )
    .map(([own, declared, names]) => ({
      namespace: NAMESPACES[index % NAMESPACES.length] ?? '',
      name: `pod-${index}`,
      labels: own,
      ports: declared.map((port, position): PodPort => {
        const name = names[position] ?? null;
        // A name is given once per pod.
        return name === null || names.indexOf(name) !== position ? port : { ...port, name };
      }),
      ...(address === undefined ? {} : { address }),
    }));
}

export function labels(...keys: readonly string[]): fc.Arbitrary<Record<string, string>> {
  const values = Object.fromEntries(keys.map((key) => [key, fc.constantFrom('a', 'b', '')]));
  return fc.record(values, { requiredKeys: [] }).map((record) =>
    // Values of `fc.record` may be absent, never undefined.
    Object.fromEntries(
      Object.entries(record).flatMap(([key, value]) => (value === undefined ? [] : [[key, value]])),
    ),
  );
}

/** Selectors of pods (`app`) or namespaces (`team`); half of them ask for one thing at most, so that many match. */
function selectors(kind: 'app' | 'team'): fc.Arbitrary<Selector> {
  const keys = kind === 'app' ? ['app', 'tier'] : ['team'];
  const values = fc.uniqueArray(fc.constantFrom('a', 'b', ''), { minLength: 1, maxLength: 2 });
  const key = fc.constantFrom(...keys);
  const expression = fc.oneof(
    fc.record({ key, operator: fc.constantFrom('In' as const, 'NotIn' as const), values }),
    fc.record({ key, operator: fc.constantFrom('Exists' as const, 'DoesNotExist' as const) }),
  );
  const general = fc.record(
    { matchLabels: labels(...keys), matchExpressions: fc.array(expression, { maxLength: 2 }) },
    { requiredKeys: [] },
  );
  const simple = [fc.constant({}), labels(...keys).map((matchLabels) => ({ matchLabels }))];
  const byName = fc.constantFrom(...NAMESPACES).map((name) => ({ matchLabels: { [NAME_LABEL]: name } }));
  return fc.oneof(general, ...simple, ...(kind === 'team' ? [byName] : []));
}

function peers({ blocks }: Alphabet): fc.Arbitrary<Peer> {
  return fc.oneof(
    { weight: 1, arbitrary: fc.record({ podSelector: selectors('app') }) },
    { weight: 1, arbitrary: fc.record({ namespaceSelector: selectors('team') }) },
    {
      weight: 1,
      arbitrary: fc.record({ namespaceSelector: selectors('team'), podSelector: selectors('app') }),
    },
    // There are more blocks than selectors to try.
    { weight: 2, arbitrary: fc.record({ ipBlock: fc.constantFrom(...blocks) }) },
  );
}

function ports(): fc.Arbitrary<Port> {
  const protocol = fc.constantFrom(
    'TCP' as const,
    'TCP' as const,
    'UDP' as const,
    'UDP' as const,
    'SCTP' as const,
  );
  const port = fc.constantFrom(...PORT_NUMBERS, ...PORT_NAMES);
  const range = fc.constantFrom(
    { port: 80, endPort: 81 },
    { port: 81, endPort: 82 },
    { port: 1, endPort: 65535 },
  );
  return fc
    .tuple(
      fc.record({ protocol }, { requiredKeys: [] }),
      fc.oneof(fc.record({ port }, { requiredKeys: [] }), range),
    )
    .map(([left, right]) => ({ ...left, ...right }));
}
