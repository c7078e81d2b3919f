/** `podreach explain`: what the policies of a scenario mean for one connection, step by step. Starts nothing. */
import type { Command } from 'commander';
import { PodreachError } from '../errors.ts';
import type { Flow } from '../policy/model.ts';
import type { Oracle } from '../policy/oracle.ts';
import type { Plan, PlannedPod, Port } from '../scenario/scenario.ts';
import type { SetExitCode } from './main.ts';
import { type SelectionOptions, selectionOptions } from './options.ts';

const EXAMPLES = `
Examples:
  podreach explain scenarios/three-tier.yaml shop/web shop/db:5432
  podreach explain scenarios/three-tier.yaml shop/web shop/db          every port that it declares
  podreach explain scenarios/three-tier.yaml shop/web shop/api:metrics
  podreach explain --all scenarios/three-tier.yaml                     who may reach whom, as a matrix
  podreach explain --json scenarios/three-tier.yaml shop/web shop/db:5432/UDP   for a script`;

interface ExplainOptions extends SelectionOptions {
  readonly json?: boolean;
  readonly all?: boolean;
}

export function explainCommand(program: Command, setExitCode: SetExitCode): void {
  const command = program
    .command('explain')
    .description('say what the policies of a scenario mean for one connection, and why')
    .argument('<scenario>', 'a file, folder or glob')
    .argument('[from]', 'the pod that connects, as namespace/pod')
    .argument(
      '[to]',
      'the pod that is connected to, as namespace/pod, namespace/pod:port or namespace/pod:port/UDP',
    )
    .option('--all', 'every pair of pods at once, as a matrix; what the scenario contradicts is marked')
    .option('--json', 'print the whole walk, or all predictions, as JSON')
    .addHelpText('after', EXAMPLES);
  for (const option of selectionOptions()) command.addOption(option);
  command.action(
    async (path: string, from: string | undefined, to: string | undefined, options: ExplainOptions) => {
      process.stdout.write(
        options.all === true
          ? await explainAll(path, from, options)
          : await explain(path, needed(from, 'FROM'), needed(to, 'TO'), options),
      );
      setExitCode(0);
    },
  );
}

function needed(argument: string | undefined, name: string): string {
  if (argument !== undefined) return argument;
  throw new PodreachError('usage', `${name} is missing`, {
    hint: 'Write podreach explain SCENARIO FROM TO, or podreach explain --all SCENARIO.',
  });
}

async function explainAll(path: string, from: string | undefined, options: ExplainOptions): Promise<string> {
  if (from !== undefined) {
    throw new PodreachError('usage', `--all is about every pair, and ${from} names one`, {
      hint: 'Leave out either.',
    });
  }
  const { loadPlans } = await import('../scenario/load-plans.ts');
  const { compile } = await import('../policy/oracle.ts');
  const { predictAll, renderPredictions } = await import('../report/prediction.ts');
  const { createPaint, usableWidth } = await import('../report/text/paint.ts');
  const { neutralise } = await import('../report/text/text.ts');
  const plans = await loadPlans([path], { cwd: process.cwd(), only: options.only, tags: options.tag });
  const predicted = plans.map((plan) => {
    const oracle = compile(plan);
    tellRefused(oracle, neutralise);
    return { plan, predictions: predictAll(plan, oracle) };
  });
  if (options.json === true) {
    const all = predicted.map(({ plan, predictions }) => ({ scenario: plan.scenario.name, predictions }));
    return `${JSON.stringify(all, undefined, 2)}\n`;
  }
  const isColoured = process.stdout.isTTY === true && process.stdout.hasColors();
  const canvas = { width: usableWidth(process.stdout.columns ?? 100), paint: createPaint(isColoured) };
  return `${predicted
    .map(({ plan, predictions }) => renderPredictions(plan, predictions, canvas).join('\n'))
    .join('\n\n')}\n`;
}

async function explain(path: string, from: string, to: string, options: ExplainOptions): Promise<string> {
  const { loadPlans } = await import('../scenario/load-plans.ts');
  const { compile } = await import('../policy/oracle.ts');
  const { renderTrace } = await import('../policy/render-trace.ts');
  const { neutralise, neutraliseAll } = await import('../report/text/text.ts');
  const plans = await loadPlans([path], { cwd: process.cwd(), only: options.only, tags: options.tag });
  const [destination = '', wanted] = splitOnce(to, ':');
  const plan = planWith(plans, [from, destination]);
  const target = podOf(plan, destination);
  const oracle = compile(plan);
  tellRefused(oracle, neutralise);
  const traces = portsOf(target, wanted).map(({ port, protocol }) => {
    const flow: Flow = {
      from: { kind: 'pod', pod: from },
      to: { kind: 'pod', pod: destination },
      port,
      protocol,
    };
    return oracle.explain(flow);
  });
  return options.json === true
    ? `${JSON.stringify(traces, undefined, 2)}\n`
    : `${traces.map((trace) => renderTrace(neutraliseAll(trace))).join('\n\n')}\n`;
}

/** Policies that the API server will not take, of which an explanation says nothing. */
function tellRefused({ problems }: Oracle, neutralise: (text: string) => string): void {
  for (const { policy, message, location } of problems) {
    const place = location === undefined ? '' : `${location.file}:${location.line}: `;
    const text = `${place}warning: policy ${policy} is left out, since the API server will refuse it: ${message}`;
    process.stderr.write(`${neutralise(text)}\n`);
  }
}

/** The scenario that has all of these pods. */
function planWith(plans: readonly Plan[], pods: readonly string[]): Plan {
  const [found, ...others] = plans.filter((plan) => pods.every((pod) => podOf(plan, pod) !== undefined));
  if (found !== undefined && others.length === 0) return found;
  if (found !== undefined) {
    const names = [found, ...others].map(({ scenario }) => scenario.name);
    throw new PodreachError('usage', `several scenarios there have these pods: ${names.join(', ')}`, {
      hint: `Choose one, such as --only ${found.scenario.name}.`,
    });
  }
  const missing =
    pods.find((pod) => plans.every((plan) => podOf(plan, pod) === undefined)) ?? pods.join(' and ');
  const known = plans.flatMap((plan) => plan.pods.map(({ namespace, name }) => `${namespace}/${name}`));
  throw new PodreachError('usage', `no scenario there has the pod ${missing}`, {
    hint: `Write one of: ${known.join(', ')}.`,
  });
}

function podOf(plan: Plan, key: string): PlannedPod | undefined {
  return plan.pods.find(({ namespace, name }) => `${namespace}/${name}` === key);
}

/** A number need not be declared: policies judge it all the same. */
function portsOf(
  pod: PlannedPod | undefined,
  wanted: string | undefined,
): readonly Pick<Port, 'port' | 'protocol'>[] {
  const declared = pod?.ports ?? [];
  const [text = '', protocol = 'TCP'] = splitOnce(wanted ?? '', '/');
  const chosen = wanted === undefined ? declared : declared.filter(({ name }) => name === text);
  if (chosen.length > 0) return chosen;
  const port = Number(text);
  if (Number.isInteger(port) && port >= 1 && port <= 65_535 && (protocol === 'TCP' || protocol === 'UDP')) {
    return [{ port, protocol }];
  }
  throw new PodreachError(
    'usage',
    wanted === undefined ? 'the destination declares no port' : `no port "${wanted}"`,
    {
      hint: 'Write the destination as namespace/pod:8080, namespace/pod:53/UDP or namespace/pod:name.',
    },
  );
}

function splitOnce(text: string, separator: string): [string, string?] {
  const at = text.indexOf(separator);
  return at === -1 ? [text] : [text.slice(0, at), text.slice(at + 1)];
}
