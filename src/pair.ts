/** How the ends of a connection are written. */

interface WrittenPort {
  readonly port: number;
  readonly protocol: string;
}

interface WrittenTarget extends WrittenPort {
  readonly to: string;
}

/** `5432/TCP` */
export function describePort({ port, protocol }: WrittenPort): string {
  return `${port}/${protocol}`;
}

/** `shop/db:5432/TCP` */
export function describeTarget(target: WrittenTarget): string {
  return `${target.to}:${describePort(target)}`;
}

/** `shop/web → shop/db:5432/TCP` */
export function describeConnection(pair: WrittenTarget & { readonly from: string }): string {
  return `${pair.from} → ${describeTarget(pair)}`;
}

/** ` (postgres)`; nothing where the port has no name. */
export function describePortName(portName: string | undefined): string {
  return portName === undefined ? '' : ` (${portName})`;
}
