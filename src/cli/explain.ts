/** `podreach explain`: what the policies of a scenario mean for one connection, step by step. Starts nothing. */
import { isDeepStrictEqual } from 'node:util';
import type { Command } from 'commander';
import { PodreachError } from '../errors.ts';
import { type Flow, flowBetween } from '../policy/model.ts';
import type { Oracle } from '../policy/oracle.ts';
import type { ChosenStep } from '../scenario/chosen-step.ts';
import { type LoadCommandOptions, loadCommandPlans } from './load.ts';
import type { SetExitCode } from './main.ts';
import { manifestsOption, selectionOptions } from './options.ts';

const EXAMPLES = `
Examples:
  podreach explain scenarios/three-tier.yaml shop/web shop/db:5432
  podreach explain scenarios/three-tier.yaml shop/web shop/db          every port that it declares
  podreach explain scenarios/three-tier.yaml shop/web shop/api:metrics
  podreach explain shop.yaml shop/web service/shop/api:80              each pod behind a Service
  podreach explain scenarios/three-tier.yaml shop/web 203.0.113.1:443  an address outside the cluster
  podreach explain scenarios/three-tier.yaml 2001:db8::1 shop/db       from one
  podreach explain external.yaml shop/api host/bank                    a host that the scenario declares
  podreach explain --all scenarios/three-tier.yaml                     who may reach whom, as a matrix
  podreach explain --step rollback shop.yaml shop/web shop/db          in a later step of a scenario
  podreach explain --json scenarios/three-tier.yaml shop/web shop/db:5432/UDP   for a script

Exit codes:
  0  it was explained
  1  with --all: the scenario says otherwise of a pair than its policies
  2  wrong usage or an invalid scenario`;

interface ExplainOptions extends LoadCommandOptions {
  readonly json?: boolean;
  readonly all?: boolean;
  readonly step?: string;
}

export function explainCommand(program: Command, setExitCode: SetExitCode): void {
  const command = program
    .command('explain')
    .description('say what the policies of a scenario mean for one connection, and why')
    .argument('<scenario>', 'a file, folder or glob, or - for standard input')
    .argument('[from]', 'who connects: namespace/pod, or outside the cluster host/name or an address')
    .argument(
      '[to]',
      'who is connected to: the same or a Service, as service/namespace/name, and a port, as :8080, :53/UDP, :5000/SCTP or :name; without one, every port that the pod declares',
    )
    .option(
      '--all',
      'every pair of pods and hosts at once, as a matrix; what the scenario contradicts is marked',
    )
    .option('--step <step>', 'in which step of the scenario, by its name or its number (default: 1)')
    .addOption(manifestsOption())
    .option('--json', 'print the whole walk, or all predictions, as JSON')
    .addHelpText('after', EXAMPLES);
  for (const option of selectionOptions()) command.addOption(option);
  command.action(
    async (path: string, from: string | undefined, to: string | undefined, options: ExplainOptions) => {
      if (options.all === true) {
        const { text, isContradicted } = await explainAll(path, from, options);
        process.stdout.write(text);
        setExitCode(isContradicted ? 1 : 0);
      } else {
        process.stdout.write(await explain(path, needed(from, 'FROM'), needed(to, 'TO'), options));
        setExitCode(0);
      }
    },
  );
}

function needed(argument: string | undefined, name: string): string {
  if (argument !== undefined) return argument;
  throw new PodreachError('usage', `${name} is missing`, {
    hint: 'Write podreach explain SCENARIO FROM TO, or podreach explain --all SCENARIO.',
  });
}

/** @returns also whether the scenario says otherwise of a pair than its policies */
async function explainAll(
  path: string,
  from: string | undefined,
  options: ExplainOptions,
): Promise<{ readonly text: string; readonly isContradicted: boolean }> {
  if (from !== undefined) {
    throw new PodreachError('usage', `--all is about every pair, and ${from} names one`, {
      hint: 'Leave out either.',
    });
  }
  const { chooseStep } = await import('../scenario/chosen-step.ts');
  const { isContradiction, predictAll, renderPredictions } = await import('../report/prediction.ts');
  const { createPaint, usableWidth } = await import('../report/text/paint.ts');
  const { neutralise } = await import('../report/text/text.ts');
  const plans = await loadCommandPlans([path], options);
  const steps = chooseStep(plans, options.step);
  if (options.step === undefined) tellLaterSteps(steps, neutralise);
  const predicted = steps.map(({ plan, step }) => {
    tellRefused(step.oracle(), neutralise);
    return {
      step: { ...step, scenario: plan.scenario, services: plan.services },
      predictions: predictAll({
        ...step,
        hosts: plan.hosts,
        services: plan.services,
        families: plan.triedFamilies?.listed,
      }),
    };
  });
  const isContradicted = predicted.some(({ predictions }) => predictions.some(isContradiction));
  if (options.json === true) {
    const all = predicted.map(({ step: { scenario, name }, predictions }) => ({
      scenario: scenario.name,
      ...(name === undefined ? {} : { step: name }),
      predictions,
    }));
    return { text: `${JSON.stringify(all, undefined, 2)}\n`, isContradicted };
  }
  const isColoured = process.stdout.isTTY === true && process.stdout.hasColors();
  const canvas = { width: usableWidth(process.stdout.columns ?? 100), paint: createPaint(isColoured) };
  const matrices = predicted.map(({ step, predictions }) =>
    renderPredictions(step, predictions, canvas).join('\n'),
  );
  return { text: `${matrices.join('\n\n')}\n`, isContradicted };
}

async function explain(path: string, from: string, to: string, options: ExplainOptions): Promise<string> {
  const { chooseStep } = await import('../scenario/chosen-step.ts');
  const { renderTrace } = await import('../policy/render-trace.ts');
  const { titleOf } = await import('../report/prediction.ts');
  const { neutralise, neutraliseAll } = await import('../report/text/text.ts');
  const { findFlows } = await import('./flows.ts');
  const plans = await loadCommandPlans([path], options);
  const asked = findFlows(chooseStep(plans, options.step), from, to);
  const { chosen, flows, families, notes = [], undeclared } = asked;
  if (options.step === undefined) tellLaterSteps([chosen], neutralise);
  tellRefused(chosen.step.oracle(), neutralise);
  if (undeclared !== undefined) {
    process.stderr.write(
      `${neutralise(`note: ${undeclared}: nothing listens there in a run, but policies judge it`)}\n`,
    );
  }
  if (asksOfOpenConnections(chosen, flows)) {
    process.stderr.write(
      'note: what becomes of a connection that is open already, policies do not say (I7): "held" is answered by a run alone\n',
    );
  }
  const traces = families.flatMap((family) => flows.map((flow) => chosen.step.oracle(family).explain(flow)));
  if (options.json === true) return `${JSON.stringify(traces, undefined, 2)}\n`;
  const { plan, step } = chosen;
  // Of the first it is said that there are others.
  const title = step.name === undefined ? [] : [titleOf({ ...step, scenario: plan.scenario })];
  return `${[...title, ...traces.map((trace) => renderTrace(neutraliseAll(trace))), ...notes.map(neutralise)].join('\n\n')}\n`;
}

/** Whether the step asks what becomes of open connections of these pairs. */
function asksOfOpenConnections({ step }: ChosenStep, flows: readonly Flow[]): boolean {
  return step.checks.some(
    ({ held, ...check }) =>
      held !== undefined && flows.some((flow) => isDeepStrictEqual(flow, flowBetween(check))),
  );
}

/** What is explained is the first step, and there are others. */
function tellLaterSteps(steps: readonly ChosenStep[], neutralise: (text: string) => string): void {
  for (const { plan } of steps) {
    if (plan.steps.length === 1) continue;
    const text = `note: this is step 1 of ${plan.steps.length} of scenario ${plan.scenario.name}; --step shows another`;
    process.stderr.write(`${neutralise(text)}\n`);
  }
}

/** Policies that the API server will not take, of which an explanation says nothing. */
function tellRefused({ problems }: Oracle, neutralise: (text: string) => string): void {
  for (const { policy, message, location } of problems) {
    const place = location === undefined ? '' : `${location.file}:${location.line}: `;
    const text = `${place}warning: policy ${policy} is left out, since the API server will refuse it: ${message}`;
    process.stderr.write(`${neutralise(text)}\n`);
  }
}
