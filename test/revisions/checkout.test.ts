/** Revisions of a real repository as folders, and what is said where there are none. */
import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { CommandError, type CommandRunner } from '../../src/cluster/command-runner.ts';
import { PodreachError } from '../../src/errors.ts';
import { checkOut } from '../../src/revisions/checkout.ts';
import { findPaths } from '../../src/revisions/paths.ts';
import { readRevisions } from '../../src/revisions/range.ts';
import { folderWith } from '../support/cli.ts';
import { createRepository, type TestRepository } from './repository.ts';

/** With two commits on main, and one on a branch that parted after the first. */
function parted(): TestRepository {
  const repository = createRepository();
  repository.commit({ 'deploy/a.yaml': 'a: 1\n', 'base/b.yaml': 'b: 1\n' });
  repository.git('branch', 'feature');
  repository.commit({ 'deploy/a.yaml': 'a: 2\n' });
  repository.git('checkout', '--quiet', 'feature');
  repository.commit({ 'deploy/new.yaml': 'c: 1\n' });
  return repository;
}

async function failure(work: () => Promise<unknown>): Promise<string> {
  try {
    await work();
  } catch (thrown) {
    if (thrown instanceof PodreachError) return `${thrown.code}: ${thrown.message}\nhint: ${thrown.hint}`;
    throw thrown;
  }
  throw new Error('it has succeeded');
}

const read = (folder: string, file: string): string => readFileSync(join(folder, file), 'utf8');

test('each revision is a folder with all that is in it, and nothing stays behind', async () => {
  using repository = parted();
  const state = (): string => repository.git('status', '--porcelain', '--ignored', '--branch');
  repository.write({ 'deploy/a.yaml': 'a: not committed\n', untracked: '' });
  const before = state();
  const within = readdirSync(join(repository.path, '.git')).toSorted();
  let folders: readonly string[];
  {
    await using checkouts = await checkOut(readRevisions('main..feature'), { cwd: repository.path });
    folders = [checkouts.old.folder, checkouts.new.folder];
    expect(checkouts.old).toMatchObject({ name: 'main', commit: repository.git('rev-parse', 'main') });
    expect(read(checkouts.old.folder, 'deploy/a.yaml')).toBe('a: 2\n');
    expect(read(checkouts.new.folder, 'deploy/a.yaml')).toBe('a: 1\n');
    expect(read(checkouts.new.folder, 'base/b.yaml')).toBe('b: 1\n');
    expect(readdirSync(checkouts.new.folder).toSorted()).toEqual(['base', 'deploy']);
  }
  expect(folders.filter(existsSync)).toEqual([]);
  expect(state()).toBe(before);
  expect(readdirSync(join(repository.path, '.git')).toSorted()).toEqual(within);
});

test('three dots mean where the two parted', async () => {
  using repository = parted();
  await using checkouts = await checkOut(readRevisions('main...feature'), { cwd: repository.path });
  expect(checkouts.old.name).toBe('main (where it parted)');
  expect(read(checkouts.old.folder, 'deploy/a.yaml')).toBe('a: 1\n');
});

test('a revision alone is held against the working tree', async () => {
  using repository = parted();
  repository.write({ 'deploy/a.yaml': 'a: not committed\n' });
  await using checkouts = await checkOut(readRevisions('main'), { cwd: repository.path });
  expect(checkouts.new).toEqual({ name: 'the working tree', folder: repository.path });
  expect(read(checkouts.old.folder, 'deploy/a.yaml')).toBe('a: 2\n');
});

test('what attributes leave out of archives, and what is not checked out here, is there', async () => {
  using repository = parted();
  repository.commit({ '.gitattributes': 'deploy export-ignore\n' });
  repository.git('sparse-checkout', 'set', 'base');
  expect(existsSync(join(repository.path, 'deploy'))).toBe(false);
  await using checkouts = await checkOut(readRevisions('main..HEAD'), { cwd: repository.path });
  expect(read(checkouts.new.folder, 'deploy/new.yaml')).toBe('c: 1\n');
});

test('paths start in the working directory, also below the top and in a worktree beside it', async () => {
  using repository = parted();
  using other = folderWith({});
  repository.git('worktree', 'add', '--quiet', '--detach', join(other.path, 'tree'), 'main');
  for (const top of [repository.path, join(other.path, 'tree')]) {
    await using checkouts = await checkOut(readRevisions('main..feature'), { cwd: join(top, 'deploy') });
    expect(await findPaths(['shop=a.yaml', '*new.yaml', '../base'], checkouts)).toEqual({
      old: { there: ['shop=a.yaml', '../base'], missing: ['*new.yaml'] },
      new: { there: ['shop=a.yaml', '*new.yaml', '../base'], missing: [] },
    });
  }
});

describe('what cannot be compared is told', () => {
  test.each([
    ['deplyo', 'deplyo is neither in main nor in feature', 'Paths are relative to the working directory.'],
    ['../else', '../else is in no revision: it leads out of the repository', 'Name paths within'],
    ['/etc', '/etc is in no revision: it is absolute', 'Name paths within'],
    ['shop=-', '- is in no revision: it stands for standard input', 'Name paths within'],
  ])('the path %s', async (path, message, hint) => {
    using repository = parted();
    await using checkouts = await checkOut(readRevisions('main..feature'), { cwd: repository.path });
    const told = await failure(() => findPaths([path], checkouts));
    expect(told).toContain(`usage: ${message}\nhint: ${hint}`);
  });

  test('a folder without a repository', async () => {
    using folder = folderWith({});
    expect(await failure(() => checkOut(readRevisions('main..'), { cwd: folder.path }))).toBe(
      `usage: there is no git repository here to look for revisions in
hint: Go to one, or name two files or folders: podreach diff --manifests OLD NEW.`,
    );
  });

  test.each(['mian', '--upload-pack=x', 'HEAD:deploy'])('the revision %s', async (revision) => {
    using repository = parted();
    expect(await failure(() => checkOut(readRevisions(revision), { cwd: repository.path }))).toBe(
      `usage: git knows no revision "${revision}"\nhint: See what there is: git branch --all.`,
    );
  });

  test('a branch that is only on the remote, and what a shallow clone does not have', async () => {
    using repository = parted();
    using folder = folderWith({});
    const clone = join(folder.path, 'clone');
    execFileSync('git', [
      'clone',
      '--quiet',
      '--depth',
      '1',
      '--no-single-branch',
      `file://${repository.path}`,
      clone,
    ]);
    const told = (...words: readonly string[]): Promise<string> =>
      failure(() => checkOut(readRevisions(...words), { cwd: clone }));
    expect(await told('main..HEAD')).toBe(
      'usage: git knows no revision "main"\nhint: Did you mean origin/main?',
    );
    expect(await told('v1..HEAD')).toContain(
      'This is a shallow clone. Fetch the revision first: git fetch --depth 1 origin v1',
    );
    expect(await told('origin/main...HEAD')).toBe(
      `usage: origin/main...HEAD: the two have no commit in common here
hint: This is a shallow clone. Fetch the rest: git fetch --unshallow (with actions/checkout: fetch-depth: 0).`,
    );
    // Two revisions by themselves need nothing between them.
    await using checkouts = await checkOut(readRevisions('origin/main..HEAD'), { cwd: clone });
    expect(read(checkouts.old.folder, 'deploy/a.yaml')).toBe('a: 2\n');
  });

  test('a machine without git', async () => {
    using folder = folderWith({});
    const runner: CommandRunner = {
      run: async (command) => {
        throw new CommandError(command, 'git', { reason: 'missing' }, { stdout: '', stderr: '' });
      },
    };
    expect(await failure(() => checkOut(readRevisions('main'), { cwd: folder.path, runner }))).toBe(
      `tool-missing: revisions cannot be read: there is no \`git\` in the PATH
hint: Install git, or name two folders: podreach diff --manifests OLD NEW.`,
    );
  });

  test('a repository that is damaged, in the words of git, and nothing stays behind', async () => {
    using repository = parted();
    using temporary = folderWith({});
    const before = process.env['TMPDIR'];
    process.env['TMPDIR'] = temporary.path;
    try {
      const tree = repository.git('rev-parse', 'main:deploy');
      const object = join(repository.path, '.git/objects', tree.slice(0, 2), tree.slice(2));
      mkdirSync(join(object, '..'), { recursive: true });
      execFileSync('rm', ['-f', object]);
      writeFileSync(object, 'no object');
      const told = await failure(() => checkOut(readRevisions('main..feature'), { cwd: repository.path }));
      expect(told).toMatch(/^usage: git cannot write the revisions to a temporary folder: /);
      expect(readdirSync(temporary.path)).toEqual([]);
    } finally {
      if (before === undefined) delete process.env['TMPDIR'];
      else process.env['TMPDIR'] = before;
    }
  });
});
