/** What makes manifests of kustomizations and charts: the user's own kustomize, kubectl and helm. */
import { CommandError, type CommandRunner, systemRunner } from '../cluster/command-runner.ts';
import type { RenderAnswer, Renderer, RenderRequest } from '../scenario/manifests/renderer.ts';
import { shellCommand } from '../shell.ts';
import { describeFailure, isMissing, toolMissing } from './failures.ts';
import { helmLines } from './helm.ts';
import { kustomizeLines } from './kustomize.ts';
import { readWarnings } from './warnings.ts';

/** A command line that renders, as it is run and as a person would type it. */
export interface RenderLine {
  readonly words: readonly [program: string, ...args: string[]];
  readonly shown: readonly string[];
}

export interface RendererOptions {
  /** Where relative paths of what is shown start. */
  readonly cwd: string;
  readonly runner?: CommandRunner | undefined;
  /** Ends what is being rendered; `render` then rejects with the signal's reason. */
  readonly signal?: AbortSignal | undefined;
  /** How long a program may take for one folder or chart. */
  readonly processMs?: number | undefined;
}

/** Long enough for a base in a slow repository, of which kustomize itself waits for half as long. */
const RENDER_MS = 60_000;
/** Of YAML that is read into memory with the place of every part. */
const MAX_CHARACTERS = 16_000_000;

export function createRenderer(options: RendererOptions): Renderer {
  return { render: (request) => render(request, options) };
}

async function render(
  request: RenderRequest,
  { cwd, runner = systemRunner, signal, processMs = RENDER_MS }: RendererOptions,
): Promise<RenderAnswer> {
  for (const { words, shown } of linesFor(request, cwd)) {
    const [program, ...args] = words;
    const command = shellCommand(shown);
    try {
      const { stdout, stderr } = await runner.run(program, args, {
        processMs,
        signal,
        // A question on the terminal would be waited for until the time is over.
        inOwnSession: true,
        maxCharacters: MAX_CHARACTERS,
      });
      return { text: stdout, command, warnings: readWarnings(stderr) };
    } catch (thrown) {
      if (!(thrown instanceof CommandError)) throw thrown;
      if (!isMissing(thrown)) throw describeFailure(thrown, request, command);
    }
  }
  throw toolMissing(request);
}

/** The first whose program is there is run. */
function linesFor(request: RenderRequest, cwd: string): readonly RenderLine[] {
  switch (request.tool) {
    case 'kustomize':
      return kustomizeLines(request, cwd);
    case 'helm':
      return helmLines(request, cwd);
  }
}
