/** What was probably meant by text that does not fit the grammar, for the slips that people make. */
import { nearest, quote, suggest } from './suggest.ts';
import { type DocumentPath, withoutStep } from './walk.ts';

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
const SCTP =
  'podreach tries TCP and UDP only. What policies mean for SCTP, podreach explain shows without trying.';

/** For a choice of words. */
export function hintForChoice(value: unknown, choices: readonly string[]): string | undefined {
  const word = String(value).toLowerCase();
  if (word === 'sctp' && choices.includes('TCP')) return SCTP;
  const meant = [MEANT, MEANT_VERDICT]
    .map((meanings) => meanings[word])
    .find((one) => choices.includes(one ?? ''));
  const near = meant ?? nearest(String(value), choices);
  return near !== undefined && choices.length > 1 ? `Did you mean ${quote(near)}?` : undefined;
}

/**
 * For text at a place: ports, the ends of rules, and what the actions of steps are done to.
 * @param root the document, for the pods that it declares
 */
export function hintForText(text: string, path: DocumentPath, root: unknown): string | undefined {
  if (path.includes('ports')) return hintForPort(text, '');
  const [list] = withoutStep(path);
  if (list === 'delete') return hintForPolicy(text);
  if (list === 'create' || list === 'remove' || list === 'replace') return hintForObject(text, root);
  if (list !== 'reachable' && list !== 'unreachable' && list !== 'knownIssues') return undefined;
  if (!path.some((step) => step === 'from' || step === 'to' || step === 'except')) return undefined;
  const [, end = '', port] = /^([^:]*)(?::(.*))?$/s.exec(text) ?? [];
  if (!end.includes('/') && end !== '*') return hintForBareName(end, port, root);
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

/** A pod without its namespace. */
function hintForBareName(name: string, port: string | undefined, root: unknown): string | undefined {
  const behind = port === undefined ? '' : `:${port}`;
  // Declared like this too: both are to be written alike.
  if (keysOf(root, 'pods').includes(name)) return hintForPodKey(name + behind, root);
  const pods = keysOf(root, 'pods').filter((key) => key.includes('/'));
  const same = pods.filter((key) => key.slice(key.indexOf('/') + 1) === name);
  if (same.length > 0) {
    return `Write it with its namespace: ${same.map((key) => quote(key + behind)).join(' or ')}.`;
  }
  if (keysOf(root, 'namespaces').includes(name))
    return `Write ${quote(`${name}/*${behind}`)} for all pods of this namespace.`;
  const bare = new Map(pods.map((key) => [key.slice(key.indexOf('/') + 1), key]));
  const near = bare.get(nearest(name, [...bare.keys()]) ?? '');
  return near === undefined ? suggest(name, pods, 'pods') : `Did you mean ${quote(near + behind)}?`;
}

/** For a key that is no name. */
export function hintForKey(path: DocumentPath, root: unknown): string | undefined {
  const [map, key, ...inner] = withoutStep(path);
  if (inner.length > 0) return undefined;
  if (map === 'label') return hintForObject(String(key), root);
  return map === 'pods' ? hintForPodKey(String(key), root) : undefined;
}

function hintForPolicy(text: string): string | undefined {
  const [name = '', ...before] = text.split('/').toReversed();
  const [namespace = 'namespace'] = before;
  return name === '' ? undefined : `Write ${quote(`networkpolicy/${namespace}/${name}`)}.`;
}

/** A pod without its namespace, or a namespace without the word. */
function hintForObject(name: string, root: unknown): string | undefined {
  if (name.includes('/')) return undefined;
  return keysOf(root, 'namespaces').includes(name)
    ? `Write ${quote(`namespace/${name}`)} for the namespace.`
    : hintForBareName(name, undefined, root);
}

/** For the name of a pod that is declared without its namespace. */
function hintForPodKey(key: string, root: unknown): string | undefined {
  if (key.includes('/')) return undefined;
  const namespaces = keysOf(root, 'namespaces');
  const [only = 'namespace'] = namespaces;
  return `Write ${quote(`${namespaces.length > 1 ? 'namespace' : only}/${key}`)}.`;
}

function keysOf(root: unknown, key: string): readonly string[] {
  const value = (root as Readonly<Record<string, unknown>> | null)?.[key];
  return typeof value === 'object' && value !== null ? Object.keys(value) : [];
}
