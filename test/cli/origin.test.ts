import { execFileSync, spawnSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { hostname, userInfo } from 'node:os';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { findOrigin } from '../../src/cli/origin.ts';
import { folderWith } from '../support/cli.ts';

describe('who runs it', () => {
  test.each([
    ['the user and the machine', {}, `${userInfo().username}@${hostname()}`],
    [
      'on GitHub whoever set it off, and where',
      {
        GITHUB_ACTOR: 'mia',
        GITHUB_SERVER_URL: 'https://github.com',
        GITHUB_REPOSITORY: 'shop/net',
        GITHUB_RUN_ID: '7',
      },
      'mia, https://github.com/shop/net/actions/runs/7',
    ],
    [
      'on GitLab the same',
      { GITLAB_USER_LOGIN: 'mia', CI_JOB_URL: 'https://gitlab.com/shop/net/-/jobs/7' },
      'mia, https://gitlab.com/shop/net/-/jobs/7',
    ],
  ])('is %s', async (_, env, expected) => {
    using folder = folderWith({});
    expect((await findOrigin(folder.path, env)).by).toBe(expected);
  });
});

const GIT = 'git';
describe.runIf(spawnSync(GIT, ['--version']).status === 0)('the commit', () => {
  test('is that of the folder, and says where files differ from it', async () => {
    using folder = folderWith({ 'a.yaml': 'a' });
    const git = (...args: string[]): string =>
      execFileSync(GIT, ['-c', 'user.name=x', '-c', 'user.email=x@example.org', ...args], {
        cwd: folder.path,
        encoding: 'utf8',
        stdio: 'pipe',
      }).trim();
    const commit = async (): Promise<string | undefined> => (await findOrigin(folder.path, {})).commit;
    git('init', '--quiet');
    expect(await commit()).toBeUndefined();
    git('add', '.');
    git('commit', '--quiet', '--message', 'a');
    expect(await commit()).toBe(git('rev-parse', 'HEAD'));
    // What git does not know of, such as reports, is no change.
    writeFileSync(join(folder.path, 'run.json'), '{}');
    expect(await commit()).toBe(git('rev-parse', 'HEAD'));
    writeFileSync(join(folder.path, 'a.yaml'), 'b');
    expect(await commit()).toBe(`${git('rev-parse', 'HEAD')}+changes`);
  });

  test('is none where there is no repository', async () => {
    using folder = folderWith({});
    expect((await findOrigin(folder.path, {})).commit).toBeUndefined();
  });
});
