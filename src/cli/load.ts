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

/** Where a command reads from. */
export interface CommandSources {
  readonly cwd: string;
  readonly input: () => Promise<string>;
  readonly renderer: Renderer;
}

/**
 * Hands over what reading scenarios and manifests needs, and gives up when the process is told to end.
 * @throws PodreachError as `read`, and `Interruption`
 */
export async function readingWith<Result>(
  read: (sources: CommandSources) => Promise<Result>,
): Promise<Result> {
  const { readStandardInput } = await import('./read-input.ts');
  const note = (text: string): void => void process.stderr.write(`${text}\n`);
  using signals = listenToSignals(
    () => undefined,
    () => undefined,
  );
  const { signal } = signals;
  const cwd = process.cwd();
  const result = await read({
    cwd,
    input: () => readStandardInput(process.stdin, signal, note),
    renderer: createCommandRenderer(cwd, signal),
  });
  signal.throwIfAborted();
  return result;
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
  return await readingWith((sources) =>
    loadPlans(paths, { ...sources, only, tags: tag, checks: check, knownIssues, manifests }),
  );
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
