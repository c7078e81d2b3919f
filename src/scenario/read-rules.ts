/** From rules that fit the grammar to the nouns of a scenario, each with its place. */
import type { Expectation } from '../model/check.ts';
import { isHost } from '../model/endpoint.ts';
import type { Protocol } from '../model/protocol.ts';
import type { DestinationText, ExceptionText, RuleText, SourceText } from './grammar/rules.ts';
import type {
  DestinationSelection,
  EndSelection,
  Exception,
  Marked,
  PortSelection,
  Rule,
  ServiceSelection,
  StatedExpectations,
} from './scenario.ts';
import type { ScenarioDocument } from './schema.ts';
import type { SourceDocument } from './source.ts';
import type { DocumentPath } from './walk.ts';

/** What the top level or a step says of connections. */
export function readExpectations(
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

function readRule(expected: Expectation, rule: RuleText, path: DocumentPath, source: SourceDocument): Rule {
  const paths = rule.via === undefined ? 'plain' : [rule.via].flat();
  const exceptions = rule.except === undefined ? [] : oneOrMore(rule.except, [...path, 'except']);
  return {
    expected,
    from: readEnds(rule.from, [...path, 'from'], source, readEnd),
    to: readEnds(rule.to, [...path, 'to'], source, (to) => readDestination(to, paths)),
    except: exceptions.map(([exception, at]) => readException(exception, at, source)),
    ...(rule.because === undefined ? {} : { because: rule.because.trim() }),
    ...(rule.cutBy === undefined ? {} : { cutBy: rule.cutBy }),
    ...(rule.firstInstant === undefined ? {} : { firstInstant: source.keyAt([...path, 'firstInstant']) }),
    ...(rule.held === undefined ? {} : { held: rule.held }),
    ...(rule.via === undefined ? {} : { via: source.keyAt([...path, 'via']) }),
    ...(rule.families === undefined
      ? {}
      : { families: { value: rule.families, mark: source.at([...path, 'families']) } }),
    mark: source.at(path),
  };
}

function readException(exception: ExceptionText, path: DocumentPath, source: SourceDocument): Exception {
  const mark = source.at(path);
  if (!isPair(exception)) return { from: [{ value: readEnd(exception), mark }], mark };
  const { from, to } = exception;
  return {
    mark,
    ...(from === undefined ? {} : { from: readEnds(from, [...path, 'from'], source, readEnd) }),
    ...(to === undefined ? {} : { to: readEnds(to, [...path, 'to'], source, (one) => readDestination(one)) }),
  };
}

function isPair(exception: ExceptionText): exception is Exclude<ExceptionText, SourceText> {
  return typeof exception === 'object' && ('from' in exception || 'to' in exception);
}

export function readEnds<Text, End>(
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

/** One end of connections, as a rule names it. */
export function readEnd(text: SourceText): EndSelection {
  if (typeof text === 'object') return { kind: 'labels', ...text };
  if (text === '*') return { kind: 'all' };
  if (isHost(text)) return { kind: 'host', key: text };
  const [namespace = '', name] = text.split('/');
  return name === '*' ? { kind: 'namespace', namespace } : { kind: 'pod', key: text };
}

/** A destination and its ports, as a rule names them. @param paths the ways to a Service */
export function readDestination(
  text: DestinationText,
  paths: ServiceSelection['paths'] = 'every',
): DestinationSelection {
  if (typeof text === 'object') {
    const { ports = [], ...peer } = text;
    return { end: readEnd(peer), ports: ports.map((port) => readPort(String(port))) };
  }
  const [end = '', port] = text.split(':');
  return {
    end:
      end.startsWith('service/') && end.split('/').length === 3
        ? { kind: 'service', key: end, paths }
        : readEnd(end),
    ports: port === undefined ? [] : [readPort(port)],
  };
}

function readPort(text: string): PortSelection {
  return /^[0-9]+(\/|$)/.test(text)
    ? { kind: 'number', ...readNumberedPort(text) }
    : { kind: 'name', name: text };
}

/** `8080` or `8080/UDP`; without a protocol it is TCP. */
export function readNumberedPort(text: string): { readonly port: number; readonly protocol: Protocol } {
  const [port, protocol] = text.split('/');
  return { port: Number(port), protocol: protocol === 'UDP' ? 'UDP' : 'TCP' };
}
