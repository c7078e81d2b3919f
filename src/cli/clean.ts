/** `podreach clean`: shows what earlier runs left on a cluster, and takes it away. */
import { readFile } from 'node:fs/promises';
import { createInterface } from 'node:readline/promises';
import type { Command } from 'commander';
import { systemClock } from '../clock.ts';
import type { LeftOutside } from '../cluster/kind/hosts.ts';
import { messageOf, PodreachError } from '../errors.ts';
import type { LeftOver, Removal } from '../run/leftovers.ts';
import type { SetExitCode } from './main.ts';
import { parseCluster, refuseMisplaced } from './options.ts';
import { listenToSignals } from './signals.ts';

const EXAMPLES = `
Examples:
  podreach clean                                 show what earlier runs left on the current context's cluster
  podreach clean --run 3f9c21a0be                take away what one run left
  podreach clean --all                           take away what all runs left, after asking
  podreach clean --all --yes --cluster kind      without asking, on the kept kind cluster`;

/** A run that began so short a time ago may still be going on. */
const YOUNG_MS = 30 * 60_000;

interface CleanOptions {
  readonly cluster: string;
  readonly kubeconfig?: string;
  readonly run?: string;
  readonly all?: boolean;
  readonly yes?: boolean;
  readonly json?: boolean;
}

export function cleanCommand(program: Command, setExitCode: SetExitCode): void {
  program
    .command('clean')
    .description('show what earlier runs left on a cluster, and take it away')
    .option('--cluster <name>', 'where to look: context[=NAME] or kind[=NAME]', 'context')
    .option('--kubeconfig <file>', 'the kubeconfig of --cluster context, in place of $KUBECONFIG')
    .option('--run <id>', 'take away what this run left')
    .option('--all', 'take away what all runs left, but for those that began within half an hour')
    .option('-y, --yes', 'do not ask')
    .option('--json', 'print what was found as JSON')
    .addHelpText('after', EXAMPLES)
    .action(async (options: CleanOptions) => {
      setExitCode(await clean(options));
    });
}

async function clean(options: CleanOptions): Promise<number> {
  if (options.run !== undefined && options.all === true) {
    throw new PodreachError('usage', '--run and --all cannot go together', { hint: 'Choose one of them.' });
  }
  using signals = listenToSignals(
    () => tell('interrupted: what is being deleted goes on being deleted'),
    () => undefined,
  );
  const { signal } = signals;
  const { connectKube } = await import('../kube/connect.ts');
  const { clusterWideKinds } = await import('../run/foreign/served.ts');
  const { findLeftOvers } = await import('../run/leftovers.ts');
  const kube = await connectKube(await kubeconfigOf(options), {});
  try {
    tell(`context ${kube.context}, server ${kube.server}`);
    const served = await clusterWideKinds(kube, signal);
    const outside = await outsideOf(options);
    const found = withOutside(await findLeftOvers(kube, served, signal), (await outside?.find()) ?? []);
    if (options.json === true) print(JSON.stringify(found, undefined, 2));
    else for (const line of describeAll(found, systemClock.date())) print(line);
    const chosen = choose(found, options);
    if (chosen.length === 0 || !(await isSure(chosen, options, signal))) return 0;
    const { removeLeftKubeconfigs } = await import('./kubeconfig-file.ts');
    removeLeftKubeconfigs();
    await remove(chosen, outside, { kube, clock: systemClock, signal, served });
    return 0;
  } finally {
    kube.close();
  }
}

/** What runs have put outside a cluster. */
interface OutsideOfRuns {
  find(): Promise<readonly LeftOutside[]>;
  /** @throws PodreachError naming what is left */
  remove(runId: string): Promise<void>;
}

/** Undefined where podreach puts nothing there. */
async function outsideOf({ cluster }: CleanOptions): Promise<OutsideOfRuns | undefined> {
  const { kind, name } = parseCluster(cluster);
  if (kind !== 'kind') return undefined;
  const { findOutside, removeOutside } = await import('../cluster/kind/hosts.ts');
  const { systemRunner } = await import('../cluster/command-runner.ts');
  const { DEFAULT_CLUSTER_NAME } = await import('../cluster/kind/choices.ts');
  const clusterName = name ?? DEFAULT_CLUSTER_NAME;
  return {
    find: () => findOutside(systemRunner, clusterName),
    remove: (runId) => removeOutside(systemRunner, { cluster: clusterName, runId }),
  };
}

/** Some may have left nothing but that. */
function withOutside(found: readonly LeftOver[], outside: readonly LeftOutside[]): readonly LeftOver[] {
  const known = new Map(found.map((one) => [one.runId, one]));
  for (const { runId, names } of outside) {
    const inside = known.get(runId) ?? { runId, namespaces: [], isGoing: false };
    known.set(runId, { ...inside, outside: names });
  }
  return [...known.values()];
}

/** @throws PodreachError `usage`, `cluster-unavailable` */
async function kubeconfigOf({ cluster, kubeconfig }: CleanOptions): Promise<string> {
  const { kind, name } = parseCluster(cluster);
  if (kind === 'context') {
    const { findKubeconfig } = await import('../kube/kubeconfig.ts');
    return (await findKubeconfig(name, kubeconfig)).text;
  }
  if (kind !== 'kind') {
    throw new PodreachError('usage', `nothing outlives a run on '${cluster}'`, {
      hint: 'Choose: context, context=NAME, kind or kind=NAME.',
    });
  }
  refuseMisplaced(kubeconfig === undefined ? [] : ['--kubeconfig'], '--cluster context');
  const { foldersOf, openLedger } = await import('../cluster/kind/ledger.ts');
  const { DEFAULT_CLUSTER_NAME } = await import('../cluster/kind/choices.ts');
  const clusterName = name ?? DEFAULT_CLUSTER_NAME;
  const { kubeconfigFile } = openLedger(foldersOf(process.env), clusterName);
  return readFile(kubeconfigFile, 'utf8').catch((thrown: unknown) => {
    const isMissing = thrown instanceof Error && 'code' in thrown && thrown.code === 'ENOENT';
    throw new PodreachError(
      'cluster-unavailable',
      isMissing
        ? `there is no kind cluster "${clusterName}" of podreach's`
        : `the kubeconfig of the kind cluster "${clusterName}" cannot be read: ${messageOf(thrown)}`,
      { hint: `See how it is: podreach cluster status ${clusterName}`, cause: thrown },
    );
  });
}

function describeAll(found: readonly LeftOver[], now: Date): string[] {
  if (found.length === 0) return ['No run has left anything here.'];
  return [
    ...found.map(
      ({ runId, namespaces, policies = [], outside = [], createdAt, isGoing }) =>
        `run ${runId}  ${describeAge(createdAt, now)}${isGoing ? ', being deleted' : ''}: ${[...namespaces, ...policies, ...outside].join(', ')}`,
    ),
  ];
}

function describeAge(createdAt: Date | undefined, now: Date): string {
  if (createdAt === undefined) return 'of unknown age';
  const minutes = Math.max(0, Math.round((now.getTime() - createdAt.getTime()) / 60_000));
  if (minutes < 120) return `${minutes} min old`;
  const hours = Math.round(minutes / 60);
  return hours < 48 ? `${hours} h old` : `${Math.round(hours / 24)} days old`;
}

/** @throws PodreachError `usage` where the run that was named has left nothing */
function choose(found: readonly LeftOver[], { run, all }: CleanOptions): readonly LeftOver[] {
  if (run !== undefined) {
    const named = found.filter(({ runId }) => runId === run);
    if (named.length > 0) return named;
    throw new PodreachError('usage', `run ${run} has left nothing here`, {
      hint: 'podreach clean shows which runs have.',
    });
  }
  if (all !== true) {
    if (found.length > 0) tell('To take it away: podreach clean --run ID, or --all.');
    return [];
  }
  const now = systemClock.date().getTime();
  const isYoung = ({ createdAt }: LeftOver): boolean =>
    createdAt !== undefined && now - createdAt.getTime() < YOUNG_MS;
  for (const { runId } of found.filter(isYoung)) {
    tell(
      `run ${runId} began within half an hour and may still be going on: left alone; --run ${runId} takes it away`,
    );
  }
  return found.filter((leftOver) => !isYoung(leftOver));
}

async function isSure(
  chosen: readonly LeftOver[],
  { all, yes }: CleanOptions,
  signal: AbortSignal,
): Promise<boolean> {
  if (all !== true || yes === true) return true;
  if (!process.stdin.isTTY) {
    throw new PodreachError('usage', '--all asks before it deletes, and there is no terminal to ask on', {
      hint: 'Add --yes.',
    });
  }
  const asking = createInterface({ input: process.stdin, output: process.stderr });
  try {
    const answer = await asking.question(
      `Delete what ${chosen.length === 1 ? '1 run' : `${chosen.length} runs`} left? [y/N] `,
      { signal },
    );
    return /^y(es)?$/i.test(answer.trim());
  } finally {
    asking.close();
  }
}

/** Side by side, so that one that does not go keeps none of the others. @throws PodreachError with all that are still there */
async function remove(
  chosen: readonly LeftOver[],
  outside: OutsideOfRuns | undefined,
  { served, ...context }: Pick<Removal, 'kube' | 'clock' | 'served'> & { readonly signal: AbortSignal },
): Promise<void> {
  const { signal } = context;
  const { removeLeftOver } = await import('../run/leftovers.ts');
  const failures: { readonly runId: string; readonly thrown: unknown }[] = [];
  const removing = chosen.map(async ({ runId, policies, outside: left }) => {
    const progress = (left: readonly string[]): void => tell(`run ${runId}: waiting for ${left.join(', ')}`);
    try {
      // Who has no right to these kinds can take the rest away.
      const own = policies === undefined || served === undefined ? {} : { served };
      await removeLeftOver({ ...context, ...own, runId, progress });
      if (left !== undefined) await outside?.remove(runId);
      tell(`run ${runId}: gone`);
    } catch (thrown) {
      failures.push({ runId, thrown });
    }
  });
  await Promise.all(removing);
  signal.throwIfAborted();
  const [first] = failures;
  if (first === undefined) return;
  const whose = chosen.length === 1 ? 'the run' : `${failures.length} of ${chosen.length} runs`;
  const each = failures.map(({ runId, thrown }) => `run ${runId}: ${messageOf(thrown)}`).toSorted();
  const { code, hint } =
    first.thrown instanceof PodreachError ? first.thrown : { code: 'internal' as const, hint: undefined };
  throw new PodreachError(code, `what ${whose} left is still there: ${each.join('; ')}`, {
    hint,
    cause: first.thrown,
  });
}

function tell(text: string): void {
  process.stderr.write(`${text}\n`);
}

function print(line: string): void {
  process.stdout.write(`${line}\n`);
}
