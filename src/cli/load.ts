/** The scenarios that a command is about, with all that the options of the command line add to them. */
import type { Renderer } from '../scenario/manifests/renderer.ts';
import type { Plan } from '../scenario/scenario.ts';
import type { SelectionOptions } from './options.ts';
import { listenToSignals } from './signals.ts';

/** As commander hands them over. */
export interface LoadCommandOptions extends SelectionOptions {
  readonly check?: string[];
  readonly knownIssues?: string[];
  readonly manifests?: string[];
}

/**
 * @param paths of scenarios: files, folders and globs, and `-` for standard input
 * @throws PodreachError as `loadPlans`, and `Interruption`
 */
export async function loadCommandPlans(
  paths: readonly string[],
  { only = [], tag = [], check = [], knownIssues = [], manifests = [] }: LoadCommandOptions,
): Promise<readonly Plan[]> {
  const { loadPlans } = await import('../scenario/load-plans.ts');
  const { readStandardInput } = await import('./read-input.ts');
  const note = (text: string): void => void process.stderr.write(`${text}\n`);
  using signals = listenToSignals(
    () => undefined,
    () => undefined,
  );
  const { signal } = signals;
  const cwd = process.cwd();
  const plans = await loadPlans(paths, {
    cwd,
    only,
    tags: tag,
    checks: check,
    knownIssues,
    manifests,
    input: () => readStandardInput(process.stdin, signal, note),
    renderer: createCommandRenderer(cwd, signal),
  });
  signal.throwIfAborted();
  return plans;
}

/** The user's own programs. Most commands render nothing, and load nothing for it. */
export function createCommandRenderer(cwd: string, signal: AbortSignal): Renderer {
  return {
    async render(request) {
      const { createRenderer } = await import('../render/render.ts');
      return await createRenderer({ cwd, signal }).render(request);
    },
  };
}
