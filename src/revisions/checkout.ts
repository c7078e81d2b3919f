/**
 * Git revisions as folders, so that whatever is named in them is read as it was, kustomizations with all that they refer to. They are
 * temporary; the repository, its index and its working tree stay untouched.
 */
import { rmSync } from 'node:fs';
import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { CommandError } from '../cluster/command-runner.ts';
import { PodreachError } from '../errors.ts';
import { askGit, askGitOrNothing, type GitOptions, gitFailed } from './git.ts';
import type { RevisionRange } from './range.ts';

/** A state of a repository on disk. */
export interface Checkout {
  /** As it was given; `the working tree`. */
  readonly name: string;
  /** Absent: the working tree. */
  readonly commit?: string;
  /** Where paths start in it. It need not be there. */
  readonly folder: string;
}

export interface Checkouts extends AsyncDisposable {
  readonly old: Checkout;
  readonly new: Checkout;
  /** The working directory in the repository; empty: its top. */
  readonly prefix: string;
}

const WORKING_TREE = 'the working tree';

/**
 * Writes the revisions of a range into temporary folders, which are deleted when it is disposed.
 *
 * @throws PodreachError `usage` where there is no repository or no such revision, each with a hint; `tool-missing` without git
 */
export async function checkOut(range: RevisionRange, options: GitOptions): Promise<Checkouts> {
  const directory = await findRepository(options);
  const revision = range.new;
  const other = revision === undefined ? undefined : await resolveRevision(revision, options);
  const given = await resolveRevision(range.old, options);
  const old = range.fromMergeBase
    ? await mergeBaseOf(given, other ?? 'HEAD', `${range.old}...${revision ?? ''}`, options)
    : given;
  const temporary = await mkdtemp(join(tmpdir(), 'podreach-revisions-'));
  const removeAtExit = (): void => rmSync(temporary, { recursive: true, force: true });
  // Whoever is in a hurry does not wait for it to be disposed.
  process.on('exit', removeAtExit);
  const remove = async (): Promise<void> => {
    await rm(temporary, { recursive: true, force: true });
    process.off('exit', removeAtExit);
  };
  try {
    const prefix = await prefixOf(options);
    const write = (name: string, commit: string, folder: string): Promise<Checkout> =>
      writeOut(name, commit, { folder: join(temporary, folder), directory, prefix }, options);
    return {
      old: await write(range.fromMergeBase ? `${range.old} (where it parted)` : range.old, old, 'old'),
      new:
        other === undefined || revision === undefined
          ? { name: WORKING_TREE, folder: options.cwd }
          : await write(revision, other, 'new'),
      prefix,
      [Symbol.asyncDispose]: remove,
    };
  } catch (thrown) {
    await remove();
    throw gitFailed('git cannot write the revisions to a temporary folder', thrown);
  }
}

async function prefixOf(options: GitOptions): Promise<string> {
  return (await askGit(['rev-parse', '--show-prefix'], options)).trim();
}

async function findRepository(options: GitOptions): Promise<string> {
  try {
    return (await askGit(['rev-parse', '--absolute-git-dir'], options)).trim();
  } catch (thrown) {
    if (!(thrown instanceof CommandError)) throw thrown;
    if (!thrown.stderr.includes('not a git repository')) throw gitFailed('git refuses', thrown);
    throw new PodreachError('usage', 'there is no git repository here to look for revisions in', {
      hint: 'Go to one, or name two files or folders: podreach diff --manifests OLD NEW.',
      cause: thrown,
    });
  }
}

async function resolveRevision(revision: string, options: GitOptions): Promise<string> {
  const commit = await commitOf(revision, options);
  if (commit !== undefined) return commit;
  throw new PodreachError('usage', `git knows no revision ${JSON.stringify(revision)}`, {
    hint: await hintForUnknown(revision, options),
  });
}

async function commitOf(revision: string, options: GitOptions): Promise<string | undefined> {
  // It would be an option.
  if (revision.startsWith('-')) return undefined;
  const printed = await askGitOrNothing(
    ['rev-parse', '--verify', '--quiet', `${revision}^{commit}`],
    options,
  );
  return printed?.trim();
}

async function hintForUnknown(revision: string, options: GitOptions): Promise<string> {
  const remote = `origin/${revision}`;
  if ((await commitOf(remote, options)) !== undefined) return `Did you mean ${remote}?`;
  return (await isShallow(options))
    ? `This is a shallow clone. Fetch the revision first: git fetch --depth 1 origin ${revision}, and name it as FETCH_HEAD.`
    : 'See what there is: git branch --all.';
}

async function isShallow(options: GitOptions): Promise<boolean> {
  return (await askGit(['rev-parse', '--is-shallow-repository'], options)).trim() === 'true';
}

async function mergeBaseOf(one: string, other: string, range: string, options: GitOptions): Promise<string> {
  const base = (await askGitOrNothing(['merge-base', one, other], options))?.trim();
  if (base !== undefined && base !== '') return base;
  throw new PodreachError('usage', `${range}: the two have no commit in common here`, {
    hint: (await isShallow(options))
      ? 'This is a shallow clone. Fetch the rest: git fetch --unshallow (with actions/checkout: fetch-depth: 0).'
      : 'Write two dots to compare them as they are.',
  });
}

/** Through an index of its own: unlike an archive it leaves out nothing, whatever the attributes of the repository say. */
async function writeOut(
  name: string,
  commit: string,
  place: WrittenPlace,
  options: GitOptions,
): Promise<Checkout> {
  const { folder, directory, prefix } = place;
  await mkdir(folder);
  const repository = ['--git-dir', directory, '--work-tree', folder];
  const within = { ...options, cwd: folder };
  const env = { GIT_INDEX_FILE: `${folder}.index` };
  await askGit([...repository, 'read-tree', commit], within, env);
  await askGit([...repository, 'checkout-index', '--all', '--quiet'], within, env);
  return { name, commit, folder: join(folder, prefix) };
}

interface WrittenPlace {
  readonly folder: string;
  /** The repository's own. */
  readonly directory: string;
  /** Of the working directory in the repository. */
  readonly prefix: string;
}
