/** From a document that fits the grammar to the scenario's nouns, each with its place. Names are not looked up yet. */
import { createHash } from 'node:crypto';
import { readDuration } from '../duration.ts';
import type { Expectation } from '../model/check.ts';
import type { Protocol } from '../model/protocol.ts';
import { ACTION_KINDS, type ActionKind, parseObject } from '../model/step.ts';
import type { Acceptance } from '../policy/review.ts';
import type {
  DestinationSelection,
  Exception,
  Marked,
  PlannedPolicy,
  PodSelection,
  Port,
  PortSelection,
  Rule,
  Scenario,
  ScenarioNamespace,
  ScenarioPod,
  ScenarioStep,
  StatedExpectations,
  WrittenAction,
} from './scenario.ts';
import type {
  DeclaredPort,
  DestinationText,
  ExceptionText,
  RuleText,
  ScenarioDocument,
  SourceText,
  StepText,
} from './schema.ts';
import type { SourceDocument } from './source.ts';
import type { DocumentPath } from './walk.ts';

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
  /** Whether its steps do what the file means; otherwise none of them is read. */
  readonly stepsAreSound: boolean;
}

/** Reads a scenario from its document. */
export function readScenario(
  document: ScenarioDocument,
  source: SourceDocument,
  { policies, complete, stepsAreSound }: ReadContext,
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
    steps: stepsAreSound ? readSteps(document, source, policies.applied) : [],
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

/** `8080` or `8080/UDP`; without a protocol it is TCP. */
function readNumberedPort(text: string): { readonly port: number; readonly protocol: Protocol } {
  const [port, protocol] = text.split('/');
  return { port: Number(port), protocol: protocol === 'UDP' ? 'UDP' : 'TCP' };
}

function readSteps(
  { steps = [] }: ScenarioDocument,
  source: SourceDocument,
  applied: NamedPolicies['applied'],
): readonly ScenarioStep[] {
  return steps.map((step, index) => {
    const path = ['steps', index];
    const { name, description, within } = step;
    const withinMs = within === undefined ? undefined : readDuration(within);
    return {
      name: { value: name, mark: source.at([...path, 'name']) },
      ...(description === undefined ? {} : { description: description.trim() }),
      mark: source.at(path),
      actions: ACTION_KINDS.flatMap((kind) => readActions(kind, step, path, source, applied[index] ?? [])),
      ...readExpectations(step, path, source),
      ...(withinMs === undefined ? {} : { withinMs }),
    };
  });
}

function readActions(
  kind: ActionKind,
  step: StepText,
  path: DocumentPath,
  source: SourceDocument,
  applied: readonly Marked<PlannedPolicy>[],
): readonly WrittenAction[] {
  switch (kind) {
    case 'apply':
      return applied.map(({ value, mark }) => ({ kind, policy: value, mark }));
    case 'label':
      return Object.entries(step.label ?? {}).map(([object, labels]) => ({
        kind,
        object,
        labels: Object.entries(labels).map(([key, value]) => ({
          key,
          value,
          mark: source.keyAt([...path, kind, object, key]),
        })),
        mark: source.keyAt([...path, kind, object]),
      }));
    case 'delete':
    case 'create':
    case 'remove':
    case 'replace': {
      const named = (step[kind] ?? []).map((object, index) => ({
        kind,
        object,
        mark: source.at([...path, kind, index]),
      }));
      const isNamespace = ({ object }: { readonly object: string }): boolean =>
        parseObject(object).kind === 'namespace';
      const namespaces = named.filter(isNamespace);
      const others = named.filter((one) => !isNamespace(one));
      // A namespace is there before what is in it, and goes after it.
      return kind === 'create' ? [...namespaces, ...others] : [...others, ...namespaces];
    }
  }
}

/** What the top level or a step says of connections. */
function readExpectations(
  document: Pick<ScenarioDocument, 'reachable' | 'unreachable' | 'otherwise'>,
  path: DocumentPath,
  source: SourceDocument,
): StatedExpectations {
  const { otherwise } = document;
  const rulesOf = (expected: Expectation): readonly Rule[] =>
    (document[expected] ?? []).map((rule, index) =>
      readRule(expected, rule, [...path, expected, index], source),
    );
  return {
    rules: [...rulesOf('reachable'), ...rulesOf('unreachable')],
    ...(otherwise === undefined
      ? {}
      : { otherwise: { value: otherwise, mark: source.keyAt([...path, 'otherwise']) } }),
  };
}

function readAccepted(document: ScenarioDocument, source: SourceDocument): readonly Acceptance[] {
  return (document.accept ?? []).map(({ lint, policy, because }, index) => ({
    lint,
    ...(policy === undefined ? {} : { policy }),
    because: because.trim(),
    declared: source.at(['accept', index]).location,
  }));
}

function readRule(expected: Expectation, rule: RuleText, path: DocumentPath, source: SourceDocument): Rule {
  const exceptions = rule.except === undefined ? [] : oneOrMore(rule.except, [...path, 'except']);
  return {
    expected,
    from: readEnds(rule.from, [...path, 'from'], source, readPodSelection),
    to: readEnds(rule.to, [...path, 'to'], source, readDestination),
    except: exceptions.map(([exception, at]) => readException(exception, at, source)),
    ...(rule.because === undefined ? {} : { because: rule.because.trim() }),
    ...(rule.cutBy === undefined ? {} : { cutBy: rule.cutBy }),
    mark: source.at(path),
  };
}

function readException(exception: ExceptionText, path: DocumentPath, source: SourceDocument): Exception {
  const mark = source.at(path);
  if (!isPair(exception)) return { from: [{ value: readPodSelection(exception), mark }], mark };
  const { from, to } = exception;
  return {
    mark,
    ...(from === undefined ? {} : { from: readEnds(from, [...path, 'from'], source, readPodSelection) }),
    ...(to === undefined ? {} : { to: readEnds(to, [...path, 'to'], source, readDestination) }),
  };
}

function isPair(exception: ExceptionText): exception is Exclude<ExceptionText, SourceText> {
  return typeof exception === 'object' && ('from' in exception || 'to' in exception);
}

function readEnds<Text, End>(
  ends: Text | readonly Text[],
  path: DocumentPath,
  source: SourceDocument,
  read: (text: Text) => End,
): readonly Marked<End>[] {
  return oneOrMore(ends, path).map(([end, at]) => ({ value: read(end), mark: source.at(at) }));
}

function oneOrMore<T>(value: T | readonly T[], path: DocumentPath): readonly (readonly [T, DocumentPath])[] {
  return isList(value) ? value.map((item, index) => [item, [...path, index]] as const) : [[value, path]];
}

function isList<T>(value: T | readonly T[]): value is readonly T[] {
  return Array.isArray(value);
}

/** Pods, as a rule names them. */
export function readPodSelection(text: SourceText): PodSelection {
  if (typeof text === 'object') return { kind: 'labels', ...text };
  if (text === '*') return { kind: 'all' };
  const [namespace = '', name] = text.split('/');
  return name === '*' ? { kind: 'namespace', namespace } : { kind: 'pod', key: text };
}

/** Pods and ports, as a rule names them. */
export function readDestination(text: DestinationText): DestinationSelection {
  if (typeof text === 'object') {
    const { ports = [], ...peer } = text;
    return { pods: readPodSelection(peer), ports: ports.map((port) => readPort(String(port))) };
  }
  const [pods = '', port] = text.split(':');
  return { pods: readPodSelection(pods), ports: port === undefined ? [] : [readPort(port)] };
}

function readPort(text: string): PortSelection {
  return /^[0-9]+(\/|$)/.test(text)
    ? { kind: 'number', ...readNumberedPort(text) }
    : { kind: 'name', name: text };
}
