/** How files are noted, to be compared with what a later run asks for. */
import { createHash } from 'node:crypto';

/** The SHA-256 of a text or of bytes. */
export function digest(content: string | Buffer): string {
  return createHash('sha256').update(content).digest('hex');
}
