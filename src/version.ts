/** podreach's own version. */
import { readFileSync } from 'node:fs';

/** As `package.json` says it. */
export function ownVersion(): string {
  const manifest: unknown = JSON.parse(readFileSync(new URL('../package.json', import.meta.url), 'utf8'));
  return String((manifest as { version: string }).version);
}
