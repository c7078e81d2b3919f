/** What a program has to say that has rendered something. */
import { stripVTControlCharacters } from 'node:util';

/** How many lines are kept: a chart may say the same of each of its values. */
const KEPT = 20;

/** A line each, but for those about what rendering does not read. */
export function readWarnings(stderr: string): readonly string[] {
  const lines = stripVTControlCharacters(stderr)
    .split('\n')
    .map((line) => line.trim())
    .filter((line) => line !== '' && !isBesideThePoint(line));
  const different = [...new Set(lines)];
  const more = different.length - KEPT;
  return more > 0 ? [...different.slice(0, KEPT), `… and ${more} more`] : different;
}

/** helm looks at the access to a kubeconfig that it does not use here. */
function isBesideThePoint(line: string): boolean {
  return /^WARNING: Kubernetes configuration file is \S+-readable/.test(line);
}
