/**
 * A first scenario for what is deployed: its manifests as they are, what its policies allow as rules, and what they leave open as
 * questions. It holds as it is written; a person makes it say what is meant.
 */
import { basename, extname } from 'node:path';
import type { Problem } from '../../errors.ts';
import { PodreachError } from '../../errors.ts';
import { objectKey } from '../../keys.ts';
import { DNS_LABEL } from '../../labels.ts';
import { invalid } from '../invalid.ts';
import { loadDocument } from '../load-document.ts';
import { type AddedContext, findAdded, inNamespace, isInput, refuseSecondInput } from '../manifests/added.ts';
import { type Renderer, renderOnce } from '../manifests/renderer.ts';
import { planScenario } from '../plan.ts';
import type { Plan, Scenario } from '../scenario.ts';
import { API_VERSION, KIND } from '../schema.ts';
import { parseSource } from '../source.ts';
import { writeDeployed } from './deployed.ts';
import { scalar } from './text.ts';
import { type WrittenText, writeScenario } from './write-scenario.ts';

export interface InitContext extends Omit<AddedContext, 'place' | 'prefix'> {
  /** The folder in which the scenario will stand. */
  readonly folder: string;
  /** The file that it is to be, as messages show it; undefined where that is not known. */
  readonly file: string | undefined;
  /** Of all that names none, where its path has none before it. */
  readonly namespace?: string | undefined;
}

export interface FirstScenario extends WrittenText {
  /** Arguments that the scenario cannot name: every command that loads it needs them, with `--manifests`. */
  readonly again: readonly string[];
}

/**
 * @param paths files, folders, globs and kustomizations, and `-` for standard input, each perhaps behind the namespace of what names none
 * @throws PodreachError `usage` where there is too little to make a scenario of, `scenario-invalid` with everything that is wrong with
 * the manifests
 */
export async function writeFirstScenario(
  paths: readonly string[],
  context: InitContext,
): Promise<FirstScenario> {
  const { cwd, folder, file, namespace } = context;
  const renderer = context.renderer === undefined ? undefined : renderOnce(context.renderer);
  const named = namespace === undefined ? paths : paths.map((path) => inNamespace(path, namespace));
  refuseSecondInput(named.filter(isInput));
  const found = await findAdded(named, {
    ...context,
    renderer,
    place: 'podreach init',
    prefix: 'podreach init ',
  });
  refuse(found.flatMap(({ problems }) => problems));
  const deployed = writeDeployed(found, { folder, cwd });
  if ('problems' in deployed) throw invalid(deployed.problems);
  const name = nameFor(file, deployed.namespaces);
  const head = [`apiVersion: ${API_VERSION}`, `kind: ${KIND}`, `name: ${scalar(name)}`, ...deployed.lines];
  const plan = await planOf([...head, 'otherwise: unreachable'].join('\n'), {
    cwd,
    folder,
    renderer,
    added: found.filter(({ entry }) => entry.source.kind === 'text'),
    file: file ?? `${name}.yaml`,
  });
  return { ...writeScenario(head, plan), again: named.filter(isInput) };
}

function refuse(problems: readonly Problem[]): void {
  if (problems.length > 0) throw invalid(problems);
}

/** The plan of a scenario that expects the same of every pair. */
async function planOf(
  text: string,
  {
    cwd,
    folder,
    renderer,
    added,
    file,
  }: Parameters<typeof loadDocument>[2] & {
    readonly folder: string;
    readonly renderer: Renderer | undefined;
    readonly file: string;
  },
): Promise<Plan> {
  const [source] = parseSource(text, () => file);
  if (source === undefined) throw new Error('a scenario without a document');
  const { scenario, problems } = await loadDocument(
    source,
    { folder, start: 'the scenario file' },
    { cwd, renderer, added },
  );
  refuse(problems);
  if (scenario === undefined) throw new Error('a scenario with nothing wrong that is none');
  if (!hasPairs(scenario)) throw nothingToTry(scenario);
  const { plan, problems: wrong } = planScenario(scenario);
  refuse(wrong);
  refuse(
    plan.steps[0].oracle().problems.map(({ policy, message, location = scenario.head.location, advice }) => ({
      message: `the API server will refuse the policy ${policy}: ${message}`,
      location,
      ...(advice === undefined ? {} : { hint: advice }),
    })),
  );
  return plan;
}

function hasPairs({ pods }: Scenario): boolean {
  return pods.some(({ ports }) => ports.length > 0);
}

function nothingToTry({ pods }: Scenario): PodreachError {
  if (pods.length === 0)
    return new PodreachError(
      'usage',
      'there is nothing to try: the manifests have no workload that can take part',
      {
        hint: 'Name the manifests of Deployments and other workloads as well as those of policies.',
      },
    );
  const keys = pods.map(objectKey).join(', ');
  return new PodreachError('usage', `there is nothing to try: no workload declares a port (${keys})`, {
    hint: 'Write containerPort in their manifests: what nothing listens on cannot be reached, whatever policies say.',
  });
}

/** From the file, else from the only namespace. */
function nameFor(file: string | undefined, namespaces: readonly string[]): string {
  const [only = '', ...others] = namespaces;
  const stem = file === undefined ? '' : basename(file, extname(file)).toLowerCase();
  const candidates = [
    stem.replaceAll(/[^a-z0-9]+/g, '-').replaceAll(/^-+|-+$/g, ''),
    others.length === 0 ? only : '',
  ];
  return candidates.find((name) => NAME.test(name)) ?? 'deployed';
}

const NAME = new RegExp(`^${DNS_LABEL}$`);
