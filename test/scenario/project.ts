/** A folder of files for one test, and what podreach makes of them. */
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { PodreachError } from '../../src/errors.ts';
import type { Check } from '../../src/model/check.ts';
import { renderProblem } from '../../src/problems.ts';
import { type LoadOptions, loadPlans } from '../../src/scenario/load-plans.ts';
import type { Plan } from '../../src/scenario/scenario.ts';

export interface Project extends AsyncDisposable {
  readonly folder: string;
  load(paths?: readonly string[], options?: Partial<LoadOptions>): Promise<readonly Plan[]>;
  /** The error of loading, as the command line prints it. */
  failure(paths?: readonly string[], options?: Partial<LoadOptions>): Promise<string>;
}

/** Writes files into a new folder, which is removed with the project. */
export async function createProject(files: Readonly<Record<string, string>>): Promise<Project> {
  const folder = await mkdtemp(join(tmpdir(), 'podreach-test-'));
  for (const [name, text] of Object.entries(files)) {
    await mkdir(dirname(join(folder, name)), { recursive: true });
    await writeFile(join(folder, name), text);
  }
  const load: Project['load'] = (paths = Object.keys(files).slice(0, 1), options = {}) =>
    loadPlans(paths, { cwd: folder, ...options });
  return {
    folder,
    load,
    async failure(paths, options) {
      try {
        await load(paths, options);
      } catch (thrown) {
        if (thrown instanceof PodreachError) return describeError(thrown);
        throw thrown;
      }
      throw new Error('loading has succeeded');
    },
    [Symbol.asyncDispose]: () => rm(folder, { recursive: true }),
  };
}

function describeError(error: PodreachError): string {
  const problems = error.problems.map((problem) => `${renderProblem(problem)}\n\n`).join('');
  const hint = error.hint === undefined ? '' : `\nhint: ${error.hint}`;
  return `${problems}${error.code}: ${error.message}${hint}`;
}

/** A scenario with two namespaces and four pods around the given lines. */
export function scenarioWith(lines: string): string {
  return `${HEAD}${lines.replace(/^\n/, '')}`;
}

const HEAD = `apiVersion: podreach/v1
kind: Scenario
name: example
namespaces:
  shop: { labels: { team: shop } }
  ops: { labels: { team: ops } }
pods:
  shop/web: { labels: { app: web }, ports: [80] }
  shop/api: { labels: { app: api }, ports: [8080, { name: metrics, port: 9090 }] }
  shop/db: { labels: { app: db }, ports: [5432, 5432/UDP] }
  ops/prometheus: { labels: { app: prometheus } }
`;

/** Checks as one line each: `reachable shop/web > shop/api:8080/TCP`. */
export function describeChecks(checks: readonly Check[]): readonly string[] {
  return checks.map(
    ({ expected, from, to, port, protocol }) => `${expected} ${from} > ${to}:${port}/${protocol}`,
  );
}
