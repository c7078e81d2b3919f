/** A git repository for one test. */
import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';

export interface TestRepository extends Disposable {
  readonly path: string;
  git(...args: readonly string[]): string;
  /** Writes files; null removes one. */
  write(files: Readonly<Record<string, string | null>>): void;
  /** The same, and commits everything. */
  commit(files: Readonly<Record<string, string | null>>): string;
}

/** Nobody's settings count, and no variable that a hook of git may have set. */
const ENV = {
  PATH: process.env['PATH'],
  HOME: '/nonexistent',
  GIT_CONFIG_NOSYSTEM: '1',
  GIT_AUTHOR_NAME: 'mia',
  GIT_AUTHOR_EMAIL: 'mia@example.com',
  GIT_COMMITTER_NAME: 'mia',
  GIT_COMMITTER_EMAIL: 'mia@example.com',
};

export function createRepository(): TestRepository {
  const path = mkdtempSync(join(tmpdir(), 'podreach-test-'));
  const git = (...args: readonly string[]): string =>
    execFileSync('git', ['-C', path, ...args], { env: ENV, encoding: 'utf8', stdio: 'pipe' }).trim();
  git('init', '--quiet', '--initial-branch', 'main');
  const write = (files: Readonly<Record<string, string | null>>): void => {
    for (const [name, text] of Object.entries(files)) {
      const file = join(path, name);
      mkdirSync(dirname(file), { recursive: true });
      if (text === null) rmSync(file);
      else writeFileSync(file, text);
    }
  };
  return {
    path,
    git,
    write,
    commit(files) {
      write(files);
      git('add', '--all');
      git('commit', '--quiet', '--message', 'change');
      return git('rev-parse', 'HEAD');
    },
    [Symbol.dispose]: () => rmSync(path, { recursive: true, force: true }),
  };
}
