/** From a document that fits the grammar to the scenario's nouns, each with its place. Names are not looked up yet. */
import { createHash } from 'node:crypto';
import type { Acceptance } from '../policy/review.ts';
import type { DeclaredPort } from './grammar/topology.ts';
import { readExpectations, readNumberedPort } from './read-rules.ts';
import { readSteps } from './read-steps.ts';
import type {
  Hole,
  Marked,
  PlannedPolicy,
  Port,
  Scenario,
  ScenarioNamespace,
  ScenarioPod,
} from './scenario.ts';
import type { ScenarioDocument } from './schema.ts';
import type { SourceDocument } from './source.ts';

/** The policies that a document names. */
export interface NamedPolicies {
  readonly first: readonly Marked<PlannedPolicy>[];
  /** By each of the steps. */
  readonly applied: readonly (readonly Marked<PlannedPolicy>[])[];
}

export interface ReadContext {
  readonly policies: NamedPolicies;
  /** Whether the document is there as a whole. */
  readonly complete: boolean;
  /** What of the rest would change the cluster. */
  readonly holes: readonly Hole[];
}

/** Reads a scenario from its document. */
export function readScenario(
  document: ScenarioDocument,
  source: SourceDocument,
  { policies, complete, holes }: ReadContext,
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
      fingerprint: createHash('sha256').update(source.text).digest('hex'),
    },
    mark,
    complete,
    namespaces: readNamespaces(document, source),
    pods: readPods(document, source),
    policies: policies.first,
    accepted: readAccepted(document, source),
    ...readExpectations(document, [], source),
    holes,
    steps: readSteps(document, source, policies.applied),
  };
}

/** The namespaces that a document declares. */
export function readNamespaces(
  document: ScenarioDocument,
  source: SourceDocument,
): readonly Marked<ScenarioNamespace>[] {
  return Object.entries(document.namespaces).map(([name, namespace]) => ({
    value: {
      name,
      labels: namespace?.labels ?? {},
      ...(namespace?.created === undefined ? {} : { created: namespace.created }),
    },
    mark: source.keyAt(['namespaces', name]),
  }));
}

function readPods(document: ScenarioDocument, source: SourceDocument): readonly ScenarioPod[] {
  return Object.entries(document.pods).map(([key, pod]) => {
    const [namespace = '', name = ''] = key.split('/');
    return {
      namespace,
      name,
      labels: pod?.labels ?? {},
      ports: (pod?.ports ?? []).map((port, index) => ({
        value: readDeclaredPort(port),
        mark: source.at(['pods', key, 'ports', index]),
      })),
      ...(pod?.created === undefined ? {} : { created: pod.created }),
      mark: source.keyAt(['pods', key]),
    };
  });
}

function readDeclaredPort(port: DeclaredPort): Port {
  if (typeof port === 'object') return { ...port, protocol: port.protocol ?? 'TCP' };
  return readNumberedPort(String(port));
}

function readAccepted(document: ScenarioDocument, source: SourceDocument): readonly Acceptance[] {
  return (document.accept ?? []).map(({ lint, policy, because }, index) => ({
    lint,
    ...(policy === undefined ? {} : { policy }),
    because: because.trim(),
    declared: source.at(['accept', index]).location,
  }));
}
