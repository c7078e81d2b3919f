/** The user's own git, asked in one way. */
import { CommandError, type CommandRunner, lastWords, systemRunner } from '../cluster/command-runner.ts';
import { PodreachError } from '../errors.ts';

export interface GitOptions {
  /** Where paths start; the repository is the one around it. */
  readonly cwd: string;
  readonly runner?: CommandRunner | undefined;
  /** Ends what git does; whoever waits for it gets the signal's reason. */
  readonly signal?: AbortSignal | undefined;
}

/** A repository of many gigabytes takes a while to be written out. */
const GIT_MS = 300_000;

/** What git is told so that it writes nothing into the repository, and takes all of a revision. */
const SETTINGS = {
  'core.fsmonitor': 'false',
  'core.splitIndex': 'false',
  'core.sparseCheckout': 'false',
  'index.sparse': 'false',
};

/**
 * Runs git, and gives what it prints.
 * @throws PodreachError `tool-missing`; CommandError where it does not end with 0
 */
export async function askGit(
  args: readonly string[],
  { cwd, runner = systemRunner, signal }: GitOptions,
  env: Readonly<Record<string, string>> = {},
): Promise<string> {
  const settings = Object.entries(SETTINGS).flatMap(([key, value]) => ['-c', `${key}=${value}`]);
  try {
    const { stdout } = await runner.run('git', ['-C', cwd, ...settings, ...args], {
      processMs: GIT_MS,
      signal,
      inOwnSession: true,
      // Large files stay the pointers that they are in the repository.
      // What git says is looked at: in English.
      env: { LC_ALL: 'C', GIT_LFS_SKIP_SMUDGE: '1', GIT_OPTIONAL_LOCKS: '0', ...env },
    });
    return stdout;
  } catch (thrown) {
    if (!(thrown instanceof CommandError) || thrown.failure.reason !== 'missing') throw thrown;
    throw new PodreachError('tool-missing', 'revisions cannot be read: there is no `git` in the PATH', {
      hint: 'Install git, or name two folders: podreach diff --manifests OLD NEW.',
      cause: thrown,
    });
  }
}

/** The same; undefined where it says no. */
export async function askGitOrNothing(...args: Parameters<typeof askGit>): Promise<string | undefined> {
  try {
    return await askGit(...args);
  } catch (thrown) {
    if (thrown instanceof CommandError && thrown.failure.reason === 'exited') return undefined;
    throw thrown;
  }
}

/** @param what could not be done, as a clause */
export function gitFailed(what: string, thrown: unknown): unknown {
  if (!(thrown instanceof CommandError)) return thrown;
  const { failure, message } = thrown;
  const words = lastWords(thrown).replace(/^(fatal|error): /, '');
  return new PodreachError(
    'usage',
    `${what}: ${failure.reason === 'exited' && words !== '' ? words : message}`,
    { cause: thrown },
  );
}
