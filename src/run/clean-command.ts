/** The command that cleans up after a run by hand. */
import { shellCommand } from '../shell.ts';

/** @param cleanWith see `Lifetime` */
export function cleanCommand(runId: string, cleanWith: readonly string[] = []): string {
  return shellCommand(['podreach', 'clean', '--run', runId, ...cleanWith]);
}
