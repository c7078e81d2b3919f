/** Phrases that several parts of a report share. */
import type { CheckRecord } from '../../record.ts';

/** `shop/web → shop/db:5432/TCP (postgres)` */
export function describePair(check: CheckRecord): string {
  const name = check.portName === undefined ? '' : ` (${check.portName})`;
  return `${check.from} → ${check.to}:${check.port}/${check.protocol}${name}`;
}

/** `scenarios/three-tier.yaml:34` */
export function describeLocation({ file, line }: CheckRecord['declared']): string {
  return `${file}:${line}`;
}
