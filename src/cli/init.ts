/** `podreach init`: a first scenario for what is deployed, or the example. Starts nothing. */
import { existsSync, readFileSync } from 'node:fs';
import { dirname, relative, resolve } from 'node:path';
import { type Command, InvalidArgumentError, Option } from 'commander';
import { PodreachError } from '../errors.ts';
import { DNS_LABEL } from '../labels.ts';
import { count, neutralise } from '../report/text/text.ts';
import type { FirstScenario } from '../scenario/init/init.ts';
import { shellCommand } from '../shell.ts';
import { readingWith } from './load.ts';
import type { SetExitCode } from './main.ts';
import { writeReportFile } from './write-reports.ts';

const EXAMPLES = `
Examples:
  podreach init deploy                                print a scenario for what the folder holds
  podreach init deploy --output shop.yaml             write it into a file
  podreach init deploy policies 'extra/*-policy.yaml' files, folders, globs and kustomizations, as under "manifests"
  podreach init --namespace shop deploy               as kubectl apply -n shop -f deploy
  podreach init shop=deploy monitoring=agents         the same, for each path its own
  helm template shop charts/shop --namespace shop --skip-tests | podreach init shop=- --output shop.yaml
  podreach init --example --output three-tier.yaml    an example to begin with`;

interface InitOptions {
  readonly namespace?: string;
  readonly output?: string;
  readonly force?: boolean;
  readonly example?: boolean;
}

export function initCommand(program: Command, setExitCode: SetExitCode): void {
  program
    .command('init')
    .description('write a first scenario for what is deployed, with what its policies leave open')
    .argument(
      '[paths...]',
      'manifests: files, folders, globs or kustomizations, or - for standard input; each perhaps behind the namespace of what names none: shop=deploy',
    )
    .addOption(
      new Option(
        '-n, --namespace <name>',
        'the namespace of what names none, as kubectl apply -n gives it',
      ).argParser(parseNamespace),
    )
    .option('-o, --output <file>', 'write the scenario into this file, and paths in it relative to that')
    .option('--force', 'write the file even where it is there already')
    .addOption(new Option('--example', 'give the three-tier example, which needs no manifests'))
    .addHelpText('after', EXAMPLES)
    .action(async (paths: string[], options: InitOptions) => {
      refuseMixture(paths, options);
      const { output, force = false } = options;
      if (output !== undefined && !force && existsSync(output))
        throw new PodreachError('usage', `${output} is there already`, {
          hint: 'Name another file, or write over it with --force.',
        });
      const { text, told, again } = options.example === true ? await example() : await first(paths, options);
      if (output === undefined) process.stdout.write(text);
      else writeReportFile(output, text, 'scenario');
      for (const line of [...told, nextStep(output, again)]) process.stderr.write(`${neutralise(line)}\n`);
      setExitCode(0);
    });
}

const NAMESPACE = new RegExp(`^${DNS_LABEL}$`);

function parseNamespace(text: string): string {
  if (NAMESPACE.test(text)) return text;
  throw new InvalidArgumentError('Write lower-case letters, digits and "-", at most 63 characters.');
}

/** What is written, and what is said of it. */
interface WrittenScenario {
  readonly text: string;
  readonly told: readonly string[];
  readonly again: readonly string[];
}

function refuseMixture(paths: readonly string[], { example, namespace }: InitOptions): void {
  if (example === true && (paths.length > 0 || namespace !== undefined))
    throw new PodreachError('usage', '--example is a scenario of its own, and takes no manifests', {
      hint: 'Leave out either.',
    });
  if (example !== true && paths.length === 0)
    throw new PodreachError('usage', 'no manifests are named', {
      hint: 'Name what is deployed, such as podreach init deploy, or look at the example: podreach init --example',
    });
}

/** Shipped with podreach. */
const EXAMPLE = ['three-tier.yaml', 'policies/three-tier.yaml'] as const;

async function example(): Promise<WrittenScenario> {
  const { inOnePiece } = await import('../scenario/init/example.ts');
  const [scenario, policies] = EXAMPLE.map((file) =>
    readFileSync(new URL(`../../scenarios/${file}`, import.meta.url), 'utf8'),
  );
  return { text: inOnePiece(scenario ?? '', policies ?? ''), told: [], again: [] };
}

async function first(paths: readonly string[], { output, namespace }: InitOptions): Promise<WrittenScenario> {
  const { writeFirstScenario } = await import('../scenario/init/init.ts');
  const scenario = await readingWith(({ cwd, input, renderer }) => {
    const file = output === undefined ? undefined : resolve(cwd, output);
    return writeFirstScenario(paths, {
      cwd,
      input,
      renderer,
      namespace,
      folder: file === undefined ? cwd : dirname(file),
      file: file === undefined ? undefined : relative(cwd, file),
    });
  });
  return { text: scenario.text, told: [describe(scenario)], again: scenario.again };
}

function describe({ pods, policies, reachable, unreachable, questions }: FirstScenario): string {
  const parts = [
    count(pods, 'pod'),
    `${policies} ${policies === 1 ? 'policy' : 'policies'}`,
    `${reachable} reachable`,
    `${unreachable} unreachable`,
    questions === 0 ? 'no questions' : `${count(questions, 'question')} at its end`,
  ];
  return parts.join(', ');
}

/** @param again arguments that every command needs again, because the scenario cannot name what they stand for */
function nextStep(output: string | undefined, again: readonly string[]): string {
  const run = shellCommand([
    ...['podreach', 'run', output ?? 'FILE'],
    ...again.flatMap((argument) => ['--manifests', argument]),
  ]);
  const command = again.length === 0 ? run : `… | ${run}`;
  return output === undefined
    ? `next: save it, or write it with --output FILE. Then: ${command}`
    : `next: read ${output}, and then: ${command}`;
}
