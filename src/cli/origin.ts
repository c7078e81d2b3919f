/** Who starts a run, and from which commit: for those who read its report later. */
import { hostname, userInfo } from 'node:os';
import { execa } from 'execa';
import type { RunOrigin } from '../run/start-record.ts';

/** git answers from disk; a repository that does not is not waited for. */
const GIT_TIMEOUT_MS = 5_000;

/** @param folder where the scenarios are looked for from */
export async function findOrigin(folder: string, env: NodeJS.ProcessEnv): Promise<RunOrigin> {
  return { by: whoRuns(env), commit: await findCommit(folder) };
}

/** On a CI server the user of the machine says nothing: who set the job off does, and which job it is. */
function whoRuns(env: NodeJS.ProcessEnv): string | undefined {
  const { GITHUB_ACTOR, GITHUB_SERVER_URL, GITHUB_REPOSITORY, GITHUB_RUN_ID } = env;
  if (GITHUB_ACTOR !== undefined && GITHUB_RUN_ID !== undefined)
    return `${GITHUB_ACTOR}, ${GITHUB_SERVER_URL}/${GITHUB_REPOSITORY}/actions/runs/${GITHUB_RUN_ID}`;
  const { GITLAB_USER_LOGIN, CI_JOB_URL } = env;
  if (GITLAB_USER_LOGIN !== undefined && CI_JOB_URL !== undefined)
    return `${GITLAB_USER_LOGIN}, ${CI_JOB_URL}`;
  try {
    return `${userInfo().username}@${hostname()}`;
  } catch {
    // A user without an entry, as in a container that runs under a number.
    return hostname();
  }
}

/** `0a1b2c…`, with `+changes` where tracked files differ; undefined where no repository is, or no git. */
async function findCommit(folder: string): Promise<string | undefined> {
  const options = { cwd: folder, timeout: GIT_TIMEOUT_MS, reject: false, stdin: 'ignore' } as const;
  const [head, changes] = await Promise.all([
    execa('git', ['rev-parse', 'HEAD'], options),
    execa('git', ['status', '--porcelain', '--untracked-files=no'], options),
  ]);
  const commit = head.failed ? '' : head.stdout.trim();
  if (!/^[0-9a-f]{40,64}$/.test(commit)) return undefined;
  return changes.failed || changes.stdout === '' ? commit : `${commit}+changes`;
}
