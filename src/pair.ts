/** How the ends of a connection are written. */

interface Port {
  readonly port: number;
  readonly protocol: string;
}

interface Target extends Port {
  readonly to: string;
}

/** `5432/TCP` */
export function describePort({ port, protocol }: Port): string {
  return `${port}/${protocol}`;
}

/** `shop/db:5432/TCP` */
export function describeTarget(target: Target): string {
  return `${target.to}:${describePort(target)}`;
}

/** `shop/web → shop/db:5432/TCP` */
export function describeConnection(pair: Target & { readonly from: string }): string {
  return `${pair.from} → ${describeTarget(pair)}`;
}

/** ` (postgres)`; nothing where the port has no name. */
export function describePortName(portName: string | undefined): string {
  return portName === undefined ? '' : ` (${portName})`;
}
