/** What was probably meant by text that does not fit the grammar, for the slips that people make. */
import { ACTION_KINDS } from '../model/step.ts';
import { nearest, quote, quoteAny, suggest } from './suggest.ts';
import { type DocumentPath, withoutStep } from './walk.ts';

/** The names that there are in a scenario, and that may have been meant; pods and policies by `namespace/name`. */
export interface KnownNames {
  readonly namespaces: readonly string[];
  readonly pods: readonly string[];
  readonly policies: readonly string[];
}

/** Words of policies and firewalls for what a scenario calls reachable and unreachable. */
const MEANT: Readonly<Record<string, string>> = {
  allow: 'reachable',
  allowed: 'reachable',
  accept: 'reachable',
  permit: 'reachable',
  open: 'reachable',
  deny: 'unreachable',
  denied: 'unreachable',
  block: 'unreachable',
  blocked: 'unreachable',
  drop: 'unreachable',
  reject: 'unreachable',
  closed: 'unreachable',
};

/** Words of other tools for the keys of a step. */
const MEANT_IN_STEP: ReadonlyMap<string, readonly string[]> = new Map<string, readonly string[]>([
  ['policies', ['apply']],
  ['policy', ['apply']],
  ['update', ['apply']],
  ['add', ['apply', 'create']],
  ['start', ['create']],
  ['stop', ['remove']],
  ['restart', ['replace']],
  ['recreate', ['replace']],
  ['relabel', ['label']],
  ['wait', ['within']],
  ['timeout', ['within']],
  ['deadline', ['within']],
  ['budget', ['within']],
  ['title', ['name']],
  ...['expect', 'expected', 'expectations', 'checks'].map(
    (word) => [word, ['reachable', 'unreachable', 'otherwise']] satisfies [string, readonly string[]],
  ),
]);

/** Words for the keys of an entry of manifests. */
const MEANT_IN_MANIFESTS: ReadonlyMap<string, readonly string[]> = new Map([
  ['chart', ['helm']],
  ['kustomization', ['kustomize']],
  ['ns', ['namespace']],
  ['name', ['release']],
  ['valuesfiles', ['values']],
  ...['file', 'files', 'folder', 'directory', 'dir', 'glob'].map(
    (word) => [word, ['path']] satisfies [string, readonly string[]],
  ),
]);

/** Words for what a known issue calls by its verdict. */
const MEANT_VERDICT: Readonly<Record<string, string>> = {
  leak: 'leaked',
  leaks: 'leaked',
  open: 'leaked',
  reachable: 'leaked',
  break: 'broken',
  breaks: 'broken',
  blocked: 'broken',
  unreachable: 'broken',
  flaky: 'flapping',
  flaps: 'flapping',
  slow: 'late',
};
/** Words for what is to become of an open connection. */
const MEANT_HELD: Readonly<Record<string, string>> = {
  keep: 'kept',
  keeps: 'kept',
  survive: 'kept',
  survives: 'kept',
  close: 'cut',
  closed: 'cut',
  broken: 'cut',
  any: 'either',
  both: 'either',
};
const SCTP =
  'podreach tries TCP and UDP only. What policies mean for SCTP, podreach explain shows without trying.';

/** For a choice of words. */
export function hintForChoice(value: unknown, choices: readonly string[]): string | undefined {
  const word = String(value).toLowerCase();
  if (word === 'sctp' && choices.includes('TCP')) return SCTP;
  const meant = [MEANT, MEANT_VERDICT, MEANT_HELD]
    .map((meanings) => meanings[word])
    .find((one) => choices.includes(one ?? ''));
  const near = meant ?? nearest(String(value), choices);
  return near !== undefined && choices.includes(near) ? `Did you mean ${quote(near)}?` : undefined;
}

const MEANT_BY_LIST: ReadonlyMap<unknown, ReadonlyMap<string, readonly string[]>> = new Map([
  ['steps', MEANT_IN_STEP],
  ['manifests', MEANT_IN_MANIFESTS],
]);

/** The keys that were probably meant by an unknown one; the one that is nearest, or those that mean what it says elsewhere. */
export function meantKeys(key: string, path: DocumentPath, known: readonly string[]): readonly string[] {
  const near = nearest(key, known);
  if (near !== undefined) return [near];
  const word = key.toLowerCase();
  const special = path.length === 2 ? MEANT_BY_LIST.get(path[0])?.get(word) : undefined;
  const meant = special ?? (Object.hasOwn(MEANT, word) ? [String(MEANT[word])] : []);
  return meant.filter((one) => known.includes(one));
}

/** For a key that is not known where it stands. */
export function hintForUnknownKey(key: string, path: DocumentPath, known: readonly string[]): string {
  const meant = meantKeys(key, path, known);
  if (path[0] === 'pods' && key === 'absent') return `Write ${quote(`${String(path[1])}: absent`)}.`;
  if (meant.length > 0) return `Did you mean ${quoteAny(meant)}?`;
  return path.length === 0 && IN_STEPS.has(key)
    ? `Write it in an entry of "steps": what stands beside it is there from the start.`
    : suggest(key, known, 'keys here');
}

/** What only steps have. */
const IN_STEPS: ReadonlySet<string> = new Set([...ACTION_KINDS, 'within']);

/** For labels that are written as `kubectl label` reads them, or in another way. */
export function hintForLabels(value: unknown): string {
  const words = (Array.isArray(value) ? value : [value]).flatMap((one) => String(one).split(/[\s,]+/));
  const labels = words.map((word) => {
    const [, key, set] = /^([^=:]+?)(?:[=:](.*)|-)$/.exec(word) ?? [];
    return key === undefined ? undefined : `${key}: ${set ?? 'null'}`;
  });
  return labels.includes(undefined)
    ? 'Write labels as a mapping, such as { app: web }.'
    : `Write labels as a mapping: { ${labels.join(', ')} }.`;
}

/**
 * For text at a place: ports, and the ends of rules.
 * @param root the document, for the pods that it declares
 */
export function hintForText(text: string, path: DocumentPath, root: unknown): string | undefined {
  if (path.includes('ports')) return hintForPort(text, '');
  const [rules] = withoutStep(path);
  if (rules !== 'reachable' && rules !== 'unreachable' && rules !== 'knownIssues') return undefined;
  if (!path.some((step) => step === 'from' || step === 'to' || step === 'except')) return undefined;
  const [, end = '', port] = /^([^:]*)(?::(.*))?$/s.exec(text) ?? [];
  if (!end.includes('/') && end !== '*')
    return hintForBareName(
      end,
      port,
      namesIn(root),
      ['manifests', 'include'].some((key) => key in asRecord(root)),
    );
  if (port === undefined) return undefined;
  return path.includes('to') ? hintForPort(port, `${end}:`) : `Leave the port out: write ${quote(end)}.`;
}

/** @param before what stands before the port, and belongs to the suggestion */
function hintForPort(port: string, before: string): string | undefined {
  const [, number = '', protocol = ''] = /^(\d+)\/(\w+)$/.exec(port) ?? [];
  if (/^(tcp|udp)$/i.test(protocol))
    return `Did you mean ${quote(`${before}${number}/${protocol.toUpperCase()}`)}?`;
  if (/^sctp$/i.test(protocol)) return SCTP;
  return /^\d+\s*-\s*\d+$/.test(port)
    ? 'podreach tries single ports: write those of the range that matter, such as its first and its last.'
    : undefined;
}

/**
 * A pod without its namespace.
 * @param mayBeElsewhere whether there may be pods that the document does not declare
 */
export function hintForBareName(
  name: string,
  port: string | undefined,
  { namespaces, pods }: Omit<KnownNames, 'policies'>,
  mayBeElsewhere = false,
): string | undefined {
  const behind = port === undefined ? '' : `:${port}`;
  // Declared like this too: both are to be written alike.
  if (pods.includes(name)) return hintForPodKey(name + behind, namespaces);
  const whole = pods.filter((key) => key.includes('/'));
  const same = whole.filter((key) => key.slice(key.indexOf('/') + 1) === name);
  if (same.length > 0) {
    return `Write it with its namespace: ${quoteAny(same.map((key) => key + behind))}.`;
  }
  if (namespaces.includes(name))
    return `Write ${quote(`${name}/*${behind}`)} for all pods of this namespace.`;
  const bare = new Map(whole.map((key) => [key.slice(key.indexOf('/') + 1), key]));
  const near = bare.get(nearest(name, [...bare.keys()]) ?? '');
  if (near !== undefined) return `Did you mean ${quote(near + behind)}?`;
  // The pods of manifests and topologies are not known before these are read.
  return mayBeElsewhere
    ? `Write it with its namespace, such as ${quote(`${namespaces[0] ?? 'shop'}/${name}${behind}`)}.`
    : suggest(name, whole, 'pods');
}

/** For a key that is no name. */
export function hintForKey(path: DocumentPath, root: unknown): string | undefined {
  const [map, key, ...inner] = path;
  return map === 'pods' && inner.length === 0
    ? hintForPodKey(String(key), keysOf(root, 'namespaces'))
    : undefined;
}

/** For the name of a pod that is declared without its namespace. */
function hintForPodKey(key: string, namespaces: readonly string[]): string | undefined {
  if (key.includes('/')) return undefined;
  const [only = 'namespace'] = namespaces;
  return `Write ${quote(`${namespaces.length > 1 ? 'namespace' : only}/${key}`)}.`;
}

/** The names of what a document declares, however much of it fits the grammar. */
export function namesIn(root: unknown): Omit<KnownNames, 'policies'> {
  return { namespaces: keysOf(root, 'namespaces'), pods: keysOf(root, 'pods') };
}

function keysOf(root: unknown, key: string): readonly string[] {
  const value = asRecord(root)[key];
  return typeof value === 'object' && value !== null ? Object.keys(value) : [];
}

function asRecord(root: unknown): Readonly<Record<string, unknown>> {
  return typeof root === 'object' && root !== null ? (root as Readonly<Record<string, unknown>>) : {};
}
