/** The real kubectl, where that is installed. */
import { execFileSync } from 'node:child_process';

export const KUBECTL = 'kubectl';

export function hasKubectl(): boolean {
  try {
    execFileSync(KUBECTL, ['version', '--client'], { stdio: 'ignore' });
    return true;
  } catch {
    return false;
  }
}
