/** The way in: from paths on the command line to the plans to run, or one error with everything that is wrong. */
import { PodreachError } from '../errors.ts';
import { INPUT_ARGUMENT } from '../standard-input.ts';
import { chooseChecks } from './chosen-checks.ts';
import { invalid } from './invalid.ts';
import { attachKnownIssues, type PlanToAttach } from './known-issues/attach.ts';
import { loadIssueLists } from './known-issues/load.ts';
import { loadScenarios } from './load.ts';
import { isInput, refuseSecondInput } from './manifests/added.ts';
import { type Renderer, renderOnce } from './manifests/renderer.ts';
import { planScenario } from './plan.ts';
import type { Plan } from './scenario.ts';
import { quote, suggest } from './suggest.ts';

export interface LoadOptions {
  /** Where relative paths start, and what the paths in messages are relative to. */
  readonly cwd: string;
  /** Only the scenarios of these names. */
  readonly only?: readonly string[] | undefined;
  /** Only the scenarios with at least one of these tags. */
  readonly tags?: readonly string[] | undefined;
  /** Only these checks: `FROM → TO:PORT`, see {@link chooseChecks}. */
  readonly checks?: readonly string[] | undefined;
  /** Files with nothing but known issues, beside those that scenarios list themselves. */
  readonly knownIssues?: readonly string[] | undefined;
  /** Reads standard input to its end, for `-` in place of a path; absent: there is none to read. */
  readonly input?: (() => Promise<string>) | undefined;
  /**
   * Manifests of every scenario, beside those that it names: files, folders and globs, relative to `cwd`, or `-` for standard input; each
   * perhaps behind the namespace of what names none, as in `shop=deploy/policies`.
   */
  readonly manifests?: readonly string[] | undefined;
  /** What renders the kustomizations and charts that scenarios name; absent: they are a mistake. */
  readonly renderer?: Renderer | undefined;
}

/**
 * Loads and plans all scenarios behind the paths.
 *
 * @param paths files, folders and globs, and `-` for standard input; none stands for `scenarios/`
 * @throws PodreachError `usage` where paths, names, tags or checks lead to nothing; `scenario-invalid` with every problem of
 * every file, in the order of files and lines
 */
export async function loadPlans(paths: readonly string[], options: LoadOptions): Promise<readonly Plan[]> {
  const { cwd, input, manifests = [] } = options;
  refuseSecondInput([...paths.filter((path) => path === INPUT_ARGUMENT), ...manifests.filter(isInput)]);
  const renderer = options.renderer === undefined ? undefined : renderOnce(options.renderer);
  const loaded = await loadScenarios(paths, { cwd, renderer, input, manifests });
  const problems = [...loaded.problems];
  const planned: PlanToAttach[] = [];
  for (const scenario of loaded.scenarios) {
    const { plan, problems: wrong } = planScenario(scenario);
    problems.push(...wrong);
    planned.push({ plan, own: scenario.knownIssues, isSound: scenario.complete && wrong.length === 0 });
  }
  const known = await loadIssueLists(options.knownIssues ?? [], options.cwd);
  const { plans, problems: aboutIssues } = attachKnownIssues(planned, known.lists);
  problems.push(...known.problems, ...aboutIssues);
  if (problems.length > 0) throw invalid(problems);
  const chosen = filterPlans(plans, options);
  const { checks = [] } = options;
  return checks.length === 0 ? chosen : chooseChecks(chosen, checks);
}

function filterPlans(plans: readonly Plan[], { only = [], tags = [] }: LoadOptions): readonly Plan[] {
  const names = plans.map((plan) => plan.scenario.name);
  for (const name of only) {
    if (!names.includes(name)) {
      throw new PodreachError('usage', `no scenario is named ${quote(name)}`, {
        hint: suggest(name, names, 'scenarios'),
      });
    }
  }
  const named = only.length === 0 ? plans : plans.filter((plan) => only.includes(plan.scenario.name));
  if (tags.length === 0) return named;
  const tagged = named.filter((plan) => plan.scenario.tags.some((tag) => tags.includes(tag)));
  if (tagged.length > 0) return tagged;
  const known = [...new Set(named.flatMap((plan) => plan.scenario.tags))];
  throw new PodreachError('usage', `no scenario has the tag ${tags.map(quote).join(' or ')}`, {
    hint: suggest(tags[0] ?? '', known, 'tags'),
  });
}
