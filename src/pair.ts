/** How the ends of a connection are written. */

interface WrittenPort {
  readonly port: number;
  readonly protocol: string;
}

interface WrittenTarget extends WrittenPort {
  readonly to: string;
  readonly path?: string;
  readonly family?: string;
}

/** `5432/TCP` */
export function describePort({ port, protocol }: WrittenPort): string {
  return `${port}/${protocol}`;
}

/** The ways that go without saying: a pod by its address, a host, and a Service by its own. */
const PLAIN_PATHS: readonly unknown[] = ['podIP', 'host', 'clusterIP', undefined];

/**
 * `shop/db:5432/TCP`, `service/shop/api:80/TCP`, `service/shop/api:80/TCP via dns`, `shop/db:5432/TCP over IPv6`: IPv4 goes without saying,
 * so that what has one family is called what it always was.
 */
export function describeTarget(target: WrittenTarget): string {
  const { to, path, family } = target;
  const way = PLAIN_PATHS.includes(path) ? '' : ` via ${path}`;
  return `${to}:${describePort(target)}${way}${family === 'IPv6' ? ' over IPv6' : ''}`;
}

/** `shop/web → shop/db:5432/TCP` */
export function describeConnection(pair: WrittenTarget & { readonly from: string }): string {
  return `${pair.from} → ${describeTarget(pair)}`;
}

/** ` (postgres)`; nothing where the port has no name. */
export function describePortName(portName: string | undefined): string {
  return portName === undefined ? '' : ` (${portName})`;
}
