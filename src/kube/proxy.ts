/** The proxy of the environment, by the rules of Go's net/http, which kubectl goes by. */
import ipaddr from 'ipaddr.js';

/**
 * @param server the API server's address
 * @param env HTTPS_PROXY, HTTP_PROXY and NO_PROXY, in capitals or not
 * @returns the address of a proxy; undefined where the server is reached without one, as every server on this machine is
 */
export function proxyFor(server: string, env: NodeJS.ProcessEnv): string | undefined {
  // Whoever connects there says what is wrong with it.
  if (!URL.canParse(server)) return undefined;
  const { protocol, hostname, port } = new URL(server);
  const host = hostname.replace(/^\[(.*)\]$/, '$1').toLowerCase();
  const address = ipaddr.isValid(host) ? ipaddr.process(host) : undefined;
  const target: ProxiedHost = { host, port: port || (protocol === 'https:' ? '443' : '80'), address };
  const proxy = variable(env, protocol === 'https:' ? 'HTTPS_PROXY' : 'HTTP_PROXY');
  const exempt = variable(env, 'NO_PROXY').split(',');
  if (proxy === '' || host === 'localhost' || address?.range() === 'loopback') return undefined;
  if (exempt.some((entry) => matches(entry.trim().toLowerCase(), target))) return undefined;
  return /^\w+:\/\//.test(proxy) ? proxy : `http://${proxy}`;
}

interface ProxiedHost {
  readonly host: string;
  readonly port: string;
  /** Where the host is one. */
  readonly address: ipaddr.IPv4 | ipaddr.IPv6 | undefined;
}

function variable(env: NodeJS.ProcessEnv, name: string): string {
  return env[name] || env[name.toLowerCase()] || '';
}

/** @param entry of NO_PROXY: `*`, a CIDR, or a host with or without its port; a domain stands for all below it, too */
function matches(entry: string, { host, port, address }: ProxiedHost): boolean {
  if (entry === '') return false;
  if (entry === '*') return true;
  if (ipaddr.isValidCIDR(entry)) {
    const [base, bits] = ipaddr.parseCIDR(entry);
    return address !== undefined && address.kind() === base.kind() && address.match(base, bits);
  }
  const [, bracketed, plain, wanted] = /^(?:\[(.*)\]|([^:]*|.*:.*:.*?))(?::(\d+))?$/.exec(entry) ?? [];
  const name = (bracketed ?? plain ?? '').replace(/^\*\./, '.');
  if (wanted !== undefined && wanted !== port) return false;
  if (address !== undefined)
    return ipaddr.isValid(name) && ipaddr.process(name).toString() === address.toString();
  return name.startsWith('.') ? host.endsWith(name) : host === name || host.endsWith(`.${name}`);
}
