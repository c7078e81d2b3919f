/** From a document that fits the grammar to the scenario's nouns, each with its place. Names are not looked up yet. */
import { fingerprintOf } from '../fingerprint.ts';
import { objectKey } from '../keys.ts';
import type { HostPlace } from '../model/endpoint.ts';
import { FAMILIES, type Family } from '../model/family.ts';
import type { ExistingService } from '../model/service.ts';
import { canonicalAddress } from '../policy/addresses.ts';
import type { Acceptance } from '../policy/review.ts';
import type { ManifestsText } from './grammar/manifests.ts';
import type { DeclaredPort } from './grammar/topology.ts';
import type { TopologyPart } from './include/include.ts';
import { readKnownIssues } from './known-issues/read.ts';
import type { ManifestEntry, ManifestSource } from './manifests/find.ts';
import type { FoundForeignPolicy, ManifestInventory } from './manifests/inventory.ts';
import type { WrittenPod } from './manifests/pods.ts';
import { readExpectations, readNumberedPort } from './read-rules.ts';
import { readSteps } from './read-steps.ts';
import type {
  Hole,
  IncludedTopology,
  Marked,
  PlannedPolicy,
  Port,
  Scenario,
  ScenarioHost,
  ScenarioNamespace,
  ScenarioPod,
  ScenarioService,
} from './scenario.ts';
import type { ScenarioDocument, TopologyText } from './schema.ts';
import type { SourceDocument } from './source.ts';

/** The policies that a document names. */
export interface NamedPolicies {
  readonly first: readonly Marked<PlannedPolicy>[];
  /** By each of the steps. */
  readonly applied: readonly (readonly Marked<PlannedPolicy>[])[];
}

export interface ReadContext {
  readonly policies: NamedPolicies;
  readonly foreignPolicies: readonly Marked<FoundForeignPolicy>[];
  /** Declared, or found in manifests. */
  readonly namespaces: readonly Marked<ScenarioNamespace>[];
  /** Their names. */
  readonly existingNamespaces: readonly Marked<string>[];
  readonly pods: readonly ScenarioPod[];
  readonly hosts: readonly ScenarioHost[];
  readonly services: readonly ScenarioService[];
  readonly existingServices: readonly Marked<ExistingService>[];
  readonly manifests: ManifestInventory | undefined;
  /** The topologies that it includes, in their order. */
  readonly included: readonly TopologyPart[];
  /** Whether the document is there as a whole. */
  readonly complete: boolean;
  /** What of the rest would change the cluster. */
  readonly holes: readonly Hole[];
}

/** Reads a scenario from its document. */
export function readScenario(
  document: ScenarioDocument,
  source: SourceDocument,
  {
    policies,
    foreignPolicies,
    namespaces,
    existingNamespaces,
    pods,
    hosts,
    services,
    existingServices,
    manifests,
    included,
    complete,
    holes,
  }: ReadContext,
): Scenario {
  const { name, description, owner, purpose, runbook, reviewBy, tags = [] } = document;
  const mark = source.at([]);
  return {
    head: {
      name,
      ...(description === undefined ? {} : { description: description.trim() }),
      ...(owner === undefined ? {} : { owner }),
      ...(purpose === undefined ? {} : { purpose }),
      ...(runbook === undefined ? {} : { runbook }),
      ...(reviewBy === undefined ? {} : { reviewBy }),
      tags,
      location: mark.location,
      fingerprint: fingerprintOf([...included.map((part) => part.source.text), source.text].join('')),
    },
    mark,
    complete,
    namespaces,
    ...(existingNamespaces.length === 0 ? {} : { existingNamespaces }),
    pods,
    hosts,
    ...(document.families === undefined
      ? {}
      : { families: { value: inOrder(document.families), mark: source.at(['families']) } }),
    ...(services.length === 0 ? {} : { services }),
    ...(existingServices.length === 0 ? {} : { existingServices }),
    policies: policies.first,
    foreignPolicies,
    accepted: readAccepted(document, source),
    knownIssues: readKnownIssues(document, source),
    ...readExpectations(document, [], source),
    holes,
    steps: readSteps(document, source, policies.applied),
    ...(manifests === undefined ? {} : { manifests }),
    ...(included.length === 0 ? {} : { included: included.map(readIncluded) }),
  };
}

/** However they are written, so that checks have the same order. */
function inOrder(families: readonly Family[]): readonly Family[] {
  return FAMILIES.filter((family) => families.includes(family));
}

/** What a topology declares itself, and where. */
function readIncluded({ document, source }: TopologyPart): IncludedTopology {
  return {
    location: source.at([]).location,
    namespaces: readNamespaces(document, source).map(({ value: { name }, mark: { location } }) => ({
      name,
      location,
    })),
    pods: readPods(document, source).map((pod) => ({ pod: objectKey(pod), location: pod.mark.location })),
  };
}

/** The namespaces that a document would have made. */
export function readNamespaces(
  document: TopologyText,
  source: SourceDocument,
): readonly Marked<ScenarioNamespace>[] {
  return Object.entries(document.namespaces ?? {}).flatMap(([name, namespace]) =>
    typeof namespace === 'string'
      ? []
      : [
          {
            value: {
              name,
              labels: namespace?.labels ?? {},
              ...(namespace?.created === undefined ? {} : { created: namespace.created }),
            },
            mark: source.keyAt(['namespaces', name]),
          },
        ],
  );
}

/** The names of the namespaces of which a document says that they are there already. */
export function readExistingNamespaces(
  document: TopologyText,
  source: SourceDocument,
): readonly Marked<string>[] {
  return Object.entries(document.namespaces ?? {}).flatMap(([name, namespace]) =>
    typeof namespace === 'string' ? [{ value: name, mark: source.keyAt(['namespaces', name]) }] : [],
  );
}

/** The pods that a document declares, and what it says of workloads. */
export function readPods(document: TopologyText, source: SourceDocument): readonly WrittenPod[] {
  return Object.entries(document.pods ?? {}).map(([key, written]) => {
    const [namespace = '', name = ''] = key.split('/');
    const pod = typeof written === 'string' ? null : written;
    return {
      namespace,
      name,
      labels: pod?.labels ?? {},
      hasLabels: pod?.labels !== undefined,
      ports: (pod?.ports ?? []).map((port, index) => ({
        value: readDeclaredPort(port),
        mark: source.at(['pods', key, 'ports', index]),
      })),
      ...(pod?.node === undefined
        ? {}
        : { node: { value: pod.node, mark: source.at(['pods', key, 'node']) } }),
      ...(pod?.hostNetwork === undefined ? {} : { hostNetwork: pod.hostNetwork }),
      ...(pod?.created === undefined ? {} : { created: pod.created }),
      ...(pod?.workload === undefined
        ? {}
        : { workload: { value: pod.workload, mark: source.at(['pods', key, 'workload']) } }),
      absent: typeof written === 'string',
      mark: source.keyAt(['pods', key]),
    };
  });
}

/** The hosts that a document declares. */
export function readHosts(document: TopologyText, source: SourceDocument): readonly ScenarioHost[] {
  return Object.entries(document.hosts ?? {}).map(([name, host]) => {
    const { ports = [] } = host;
    return {
      name,
      place: {
        value: readPlace(host),
        mark: source.at(['hosts', name, host.address === undefined ? 'name' : 'address']),
      },
      ports: ports.map((port, index) => ({
        value: readDeclaredPort(port),
        mark: source.at(['hosts', name, 'ports', index]),
      })),
      mark: source.keyAt(['hosts', name]),
    };
  });
}

type HostText = NonNullable<TopologyText['hosts']>[string];

/** One of the two is there. */
function readPlace({ address: written = [], name }: HostText): HostPlace {
  const [first, ...others] = [written].flat().map(canonicalAddress);
  if (first === undefined) return { kind: 'name', name: name ?? '' };
  const addresses: HostPlace['addresses'] = [first, ...others];
  return name === undefined ? { kind: 'address', addresses } : { kind: 'name', name, addresses };
}

/**
 * The Services that a document declares.
 * @param tried the families that their scenario asks for: a Service that says nothing of its own has these
 */
export function readServices(
  document: TopologyText,
  source: SourceDocument,
  tried: readonly Family[] | undefined,
): readonly ScenarioService[] {
  return Object.entries(document.services ?? {}).flatMap(([key, written]) => {
    if (typeof written === 'string') return [];
    const { selector, ports, clusterIP, ipFamilies, ipFamilyPolicy, type, externalTrafficPolicy } = written;
    return [
      {
        ...readServiceName(key),
        selector,
        ports: ports.map(({ port, protocol = 'TCP', targetPort = port, ...rest }) => ({
          ...rest,
          port,
          protocol,
          targetPort,
        })),
        ...(clusterIP === undefined ? {} : { headless: true }),
        ...(ipFamilies === undefined && ipFamilyPolicy === undefined ? familiesFor(tried) : {}),
        ...(ipFamilies === undefined ? {} : { ipFamilies }),
        ...(ipFamilyPolicy === undefined ? {} : { ipFamilyPolicy }),
        ...(type === undefined ? {} : { type }),
        ...(externalTrafficPolicy === 'Local' ? { externalTrafficPolicy } : {}),
        mark: source.keyAt(['services', key]),
      },
    ];
  });
}

/** The Services of which a document says that they are there already. */
export function readExistingServices(
  document: TopologyText,
  source: SourceDocument,
): readonly Marked<ExistingService>[] {
  return Object.entries(document.services ?? {}).flatMap(([key, written]) =>
    typeof written === 'string'
      ? [{ value: readServiceName(key), mark: source.keyAt(['services', key]) }]
      : [],
  );
}

function readServiceName(key: string): ExistingService {
  const [namespace = '', name = ''] = key.split('/');
  return { namespace, name };
}

function familiesFor(
  tried: readonly Family[] | undefined,
): Pick<ScenarioService, 'ipFamilies' | 'ipFamilyPolicy'> {
  if (tried === undefined) return {};
  return tried.length > 1 ? { ipFamilyPolicy: 'PreferDualStack' } : { ipFamilies: tried };
}

/** What a document names under `manifests`. */
export function readManifestEntries(
  document: TopologyText,
  source: SourceDocument,
): readonly ManifestEntry[] {
  return (document.manifests ?? []).map((written, index) => ({
    source: readManifestSource(written),
    mark: source.at(['manifests', index]),
  }));
}

function readManifestSource(written: ManifestsText): ManifestSource {
  if (typeof written === 'string') return { kind: 'path', path: written };
  if ('path' in written) return { kind: 'path', ...written };
  if ('kustomize' in written) {
    const { kustomize: path, ...rest } = written;
    return { kind: 'kustomize', path, ...rest };
  }
  const { helm: path, values = [], set = {}, ...rest } = written;
  return { kind: 'helm', path, values, set, ...rest };
}

function readDeclaredPort(port: DeclaredPort): Port {
  if (typeof port === 'object') return { ...port, protocol: port.protocol ?? 'TCP' };
  return readNumberedPort(String(port));
}

function readAccepted(document: ScenarioDocument, source: SourceDocument): readonly Acceptance[] {
  return (document.accept ?? []).map(({ because, ...what }, index) => ({
    ...what,
    because: because.trim(),
    declared: source.at(['accept', index]).location,
  }));
}
