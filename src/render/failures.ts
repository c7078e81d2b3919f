/** Why something could not be rendered, in the words of what was to render it, and what to do. */
import { type CommandError, lastWords } from '../cluster/command-runner.ts';
import { PodreachError } from '../errors.ts';
import type { RenderRequest } from '../scenario/manifests/renderer.ts';

type RenderTool = RenderRequest['tool'];

export function isMissing({ failure }: CommandError): boolean {
  return failure.reason === 'missing';
}

/** None of the programs that could render it is there. */
export function toolMissing({ tool, shown }: RenderRequest): PodreachError {
  const [message, source] = MISSING[tool];
  return new PodreachError('tool-missing', `${shown} cannot be rendered: ${message} in the PATH`, {
    hint: `Install ${tool} (${source}), or ${elsewhere(`${COMMANDS[tool]} …`)}`,
  });
}

const MISSING = {
  kustomize: [
    'there is neither `kustomize` nor `kubectl`',
    'https://kubectl.docs.kubernetes.io/installation/kustomize/',
  ],
  helm: ['there is no `helm`', 'https://helm.sh/docs/intro/install/'],
} as const satisfies Record<RenderTool, readonly [string, string]>;

const COMMANDS = { kustomize: 'kustomize build', helm: 'helm template' } as const satisfies Record<
  RenderTool,
  string
>;

function elsewhere(command: string): string {
  return `render it elsewhere and hand over what comes out: ${command} | podreach run --manifests - SCENARIO`;
}

/**
 * @param command as a person would type it
 * @returns `scenario-invalid`, or `not-supported` where the program is too old
 */
export function describeFailure(
  error: CommandError,
  { tool, shown }: RenderRequest,
  command: string,
): PodreachError {
  const details = (hint: string) => ({ hint, cause: error });
  const cannot = `${error.command} cannot render ${shown}`;
  switch (error.failure.reason) {
    case 'timed-out':
      return new PodreachError(
        'scenario-invalid',
        `${cannot} in time: it had not ended after ${Math.round(error.failure.processMs / 1000)} s`,
        details(`See what it waits for: ${command}. Or ${elsewhere(command)}`),
      );
    case 'too-long':
      return new PodreachError(
        'scenario-invalid',
        `${cannot}: it printed more than ${error.failure.maxCharacters.toLocaleString('en')} characters`,
        details('Name the parts that have policies and workloads by themselves.'),
      );
    case 'exited':
    case 'killed':
    case 'not-started':
    case 'missing': {
      const words = ownWords(error);
      const isOld = /unknown flag: --(set-json|skip-tests)/.test(words);
      return new PodreachError(
        isOld ? 'not-supported' : 'scenario-invalid',
        `${cannot}: ${words}`,
        details(isOld ? 'podreach needs helm 3.10 or newer.' : adviseOn(words, tool, shown, command)),
      );
    }
  }
}

/** What the program said, without what only says that it failed. */
function ownWords(error: CommandError): string {
  const words = lastWords({ stdout: '', stderr: unwrap(error.stderr) })
    .replace(/^error: /i, '')
    .replace(/[ |]*Use --debug flag to render out invalid YAML$/, '');
  if (words !== '') return words;
  const { failure } = error;
  return failure.reason === 'exited' ? `it exited with ${failure.exitCode}, and said nothing` : error.message;
}

/** Some builds of kubectl log their last error instead of printing it: in quotes, or between angle brackets on lines of its own. */
function unwrap(stderr: string): string {
  return stderr.replace(
    /^[EF]\d{4} [^\]\n]*\] "command failed" err=(?:"((?:[^"\\]|\\.)*)"|<\n(.*?)\n >)$/ms,
    (_, quoted: string | undefined, block: string | undefined) =>
      `error: ${block ?? quoted?.replaceAll(/\\(.)/g, '$1') ?? ''}`,
  );
}

function adviseOn(words: string, tool: RenderTool, shown: string, command: string): string {
  if (
    /Could not resolve host|no such host|dial tcp|Could not read from remote|unable to access '/.test(words)
  )
    return `It takes something from the network, which does not answer here: ${elsewhere(command)}`;
  if (words.includes('--enable-helm'))
    return `podreach does not let kustomize fetch charts: ${elsewhere(command.replace(/ (build|kustomize) /, ' $1 --enable-helm '))}`;
  if (words.includes('helm dependency build')) return `Fetch them: helm dependency build ${shown}`;
  return tool === 'helm'
    ? `Try it: ${command}. What a chart must be told goes under "values" or "set".`
    : `Try it: ${command}`;
}
