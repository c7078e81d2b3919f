/** From a container's readiness probe to what is visited, as pure functions. */
import type { Container, HTTPGetAction, Probe } from '../api/kinds/pods/object.ts';

/** One probe, ready to be played. */
export interface ProbeTarget {
  readonly host: string;
  readonly port: number;
  readonly handler:
    | { readonly kind: 'httpGet'; readonly url: string; readonly request: string }
    | { readonly kind: 'tcpSocket' };
  readonly initialDelayMs: number;
  readonly periodMs: number;
  readonly timeoutMs: number;
  readonly successThreshold: number;
  readonly failureThreshold: number;
}

export type ProbePlan =
  /** No probe, or one that the sandbox does not play: the container is ready when it runs. */
  | { readonly kind: 'none' }
  | { readonly kind: 'visits'; readonly target: ProbeTarget }
  /** The container is never ready. */
  | { readonly kind: 'impossible'; readonly reason: string };

/** A kubelet names itself with its version: the one that the sandbox's API server gives as its own. */
const USER_AGENT = 'kube-probe/1.36';

/** Whether somebody has to visit the container. */
export function isVisited({ readinessProbe }: Container): boolean {
  return readinessProbe?.tcpSocket !== undefined || readinessProbe?.httpGet?.scheme === 'HTTP';
}

/**
 * What the readiness probe of a container asks for.
 * @param container as the API has stored it, with defaults
 * @param address the pod's
 */
export function planProbe(container: Container, address: string): ProbePlan {
  const { readinessProbe: probe } = container;
  const action = probe?.httpGet ?? probe?.tcpSocket;
  if (probe === undefined || action === undefined || !isVisited(container)) return { kind: 'none' };
  const { httpGet } = probe;
  const port = portOf(container, action.port);
  if (port === undefined) return { kind: 'impossible', reason: `port ${action.port} not found` };
  const unfit = httpGet?.httpHeaders?.find(({ value = '' }) => hasControlCharacter(value));
  if (unfit !== undefined)
    return { kind: 'impossible', reason: `net/http: invalid header field value for "${unfit.name}"` };
  const host = action.host || address;
  const handler: ProbeTarget['handler'] =
    httpGet === undefined ? { kind: 'tcpSocket' } : { kind: 'httpGet', ...httpVisit(httpGet, host, port) };
  return { kind: 'visits', target: { host, port, handler, ...timingsOf(probe) } };
}

function timingsOf(probe: Probe): Omit<ProbeTarget, 'host' | 'port' | 'handler'> {
  const { initialDelaySeconds = 0, periodSeconds = 10, timeoutSeconds = 1 } = probe;
  return {
    initialDelayMs: timerMs(initialDelaySeconds),
    periodMs: timerMs(periodSeconds),
    timeoutMs: timerMs(timeoutSeconds),
    successThreshold: probe.successThreshold ?? 1,
    failureThreshold: probe.failureThreshold ?? 3,
  };
}

/** No timer of Node.js is longer than 24 days; it would be none at all. */
function timerMs(seconds: number): number {
  return Math.min(seconds * 1000, 2 ** 31 - 1);
}

/** A name is that of one of the container's own ports. */
function portOf({ ports = [] }: Container, port: HTTPGetAction['port']): number | undefined {
  return typeof port === 'string' ? ports.find(({ name }) => name === port)?.containerPort : port;
}

/** The header that a kubelet sends; what the probe sets itself goes before it. */
function httpVisit(
  { path = '/', httpHeaders = [] }: HTTPGetAction,
  host: string,
  port: number,
): { readonly url: string; readonly request: string } {
  const authority = `${host.includes(':') ? `[${host}]` : host}:${port}`;
  // An empty Host counts as none.
  const own = httpHeaders
    .map(({ name = '', value = '' }) => [name, value] as const)
    .filter(([name, value]) => value !== '' || name.toLowerCase() !== 'host');
  const isOwn = new Set(own.map(([name]) => name.toLowerCase()));
  const usual = [
    ['Host', authority],
    ['User-Agent', USER_AGENT],
    ['Accept', '*/*'],
    ['Connection', 'close'],
  ] as const;
  const headers = [
    ...usual.filter(([name]) => !isOwn.has(name.toLowerCase())),
    // Go sends neither of these two empty.
    ...own.filter(([name, value]) => value !== '' || !/^(accept|user-agent)$/i.test(name)),
  ];
  const target = requestTarget(path);
  const lines = [`GET ${target} HTTP/1.1`, ...headers.map(([name, value]) => `${name}: ${value}`)];
  return { url: `http://${authority}${target}`, request: `${lines.join('\r\n')}\r\n\r\n` };
}

/** The path without a fragment, with everything escaped that would end the line or the word. */
function requestTarget(path: string): string {
  const escaped = path
    .replace(/#.*$/s, '')
    .toWellFormed()
    .replace(/[^!-~]/gu, encodeURIComponent);
  return escaped.startsWith('/') ? escaped : `/${escaped}`;
}

function hasControlCharacter(text: string): boolean {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: these are the characters that a header may not hold
  return /[\0-\x08\n-\x1f\x7f]/.test(text);
}
