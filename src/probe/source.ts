/** The agent's JavaScript, as it is put into a probe pod. */
import { readFileSync } from 'node:fs';
import { stripTypeScriptTypes } from 'node:module';

/**
 * The agent as one ES module without imports beyond Node.js's own. Built, it is the file beside this one; run from the
 * sources, it is the same file without its types.
 */
export function agentSource(): string {
  return import.meta.url.endsWith('.ts')
    ? stripTypeScriptTypes(readFileSync(new URL('./agent.ts', import.meta.url), 'utf8'))
    : readFileSync(new URL('./agent.js', import.meta.url), 'utf8');
}
