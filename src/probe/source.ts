/** The agent's JavaScript, as it is put into a probe pod. */
import { scriptSource } from '../script-source.ts';

/** The agent as one ES module without imports beyond Node.js's own. */
export function agentSource(): string {
  return scriptSource('./agent', import.meta.url);
}
