/** Short ways to write worlds and flows down in tests. */
import type { Labels } from '../../src/model/labels.ts';
import type {
  Destination,
  End,
  Flow,
  PodPort,
  PolicyPod,
  PolicyProtocol,
  WrittenPolicy,
} from '../../src/policy/model.ts';
import { POLICY_PROTOCOLS } from '../../src/policy/model.ts';

/** @param ports `80`, `53/UDP`, `9090=metrics`, `53/UDP=dns` */
export function pod(
  key: string,
  labels: Labels = {},
  ports: readonly (number | string)[] = [],
  more: Partial<Pick<PolicyPod, 'address' | 'node' | 'hostNetwork'>> = {},
): PolicyPod {
  const [namespace = '', name = ''] = key.split('/');
  return { namespace, name, labels, ports: ports.map(readPort), ...more };
}

/** @param key `namespace/name` */
export function policy(key: string, spec?: unknown): WrittenPolicy {
  const [namespace = '', name = ''] = key.split('/');
  return { namespace, name, object: { ...(spec === undefined ? {} : { spec }) } };
}

/**
 * Reads a flow such as `shop/web > shop/db:5432`. An end is a pod, `node:n1`, or an address (IPv6 in brackets); behind
 * `svc:` or `svc(10.96.0.1):` stands a pod reached through a Service. The port is followed by `/UDP` or `/SCTP` if it is not TCP.
 */
export function flow(text: string): Flow {
  const [, from = '', to = '', port = '', protocol = 'TCP'] =
    /^(\S+) > (\S+):(\d+)(?:\/(\w+))?$/.exec(text) ?? [];
  const source = readEnd(from);
  if (source.kind === 'service') throw new Error(`a Service is no source: ${text}`);
  return { from: source, to: readEnd(to), port: Number(port), protocol: readProtocol(protocol) };
}

function readEnd(text: string): End | Extract<Destination, { kind: 'service' }> {
  const service = /^svc(?:\((.+)\))?:(.+)$/.exec(text);
  if (service?.[2] !== undefined) {
    const [, address, key] = service;
    return { kind: 'service', pod: key, ...(address === undefined ? {} : { address }) };
  }
  if (text.startsWith('node:')) return { kind: 'node', node: text.slice('node:'.length) };
  return text.includes('/')
    ? { kind: 'pod', pod: text }
    : { kind: 'address', address: text.replace(/^\[(.+)\]$/, '$1') };
}

function readPort(text: number | string): PodPort {
  const [, port = '', protocol = 'TCP', name] = /^(\d+)(?:\/(\w+))?(?:=(\S+))?$/.exec(String(text)) ?? [];
  return { port: Number(port), protocol: readProtocol(protocol), ...(name === undefined ? {} : { name }) };
}

function readProtocol(text: string): PolicyProtocol {
  const protocol = POLICY_PROTOCOLS.find((known) => known === text);
  if (protocol === undefined) throw new Error(`no such protocol: ${text}`);
  return protocol;
}
