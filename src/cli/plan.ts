/** `podreach plan`: what a run would create and try, without a cluster. */
import type { Command } from 'commander';
import { objectKey } from '../keys.ts';
import type { Check } from '../model/check.ts';
import type { Labels } from '../model/labels.ts';
import { greatest } from '../numbers.ts';
import { describePort, describePortName, describeTarget } from '../pair.ts';
import type { Plan, Port } from '../scenario/scenario.ts';
import type { SetExitCode } from './main.ts';
import { type SelectionOptions, selectionOptions } from './options.ts';

const EXAMPLES = `
Examples:
  podreach plan scenarios/three-tier.yaml    everything that a run of it would do
  podreach plan --only three-tier            the same, chosen by name
  podreach plan --json scenarios             for a script`;

interface PlanOptions extends SelectionOptions {
  readonly json?: boolean;
}

export function planCommand(program: Command, setExitCode: SetExitCode): void {
  const command = program
    .command('plan')
    .description('show what would be created and every check, without a cluster')
    .argument('[paths...]', 'files, folders or globs; without any: scenarios/')
    .option('--json', 'print the plans as JSON')
    .addHelpText('after', EXAMPLES);
  for (const option of selectionOptions()) command.addOption(option);
  command.action(async (paths: string[], options: PlanOptions) => {
    const { loadPlans } = await import('../scenario/load-plans.ts');
    const plans = await loadPlans(paths, {
      cwd: process.cwd(),
      only: options.only ?? [],
      tags: options.tag ?? [],
    });
    const { disarmCommands, neutraliseAll } = await import('../report/text/text.ts');
    process.stdout.write(
      options.json === true
        ? `${JSON.stringify(plans, undefined, 2)}\n`
        : disarmCommands(plans.map((plan) => describePlan(neutraliseAll(plan))).join('\n')),
    );
    setExitCode(0);
  });
}

function describePlan(plan: Plan): string {
  const { scenario } = plan;
  return [
    `${scenario.name}  (${scenario.location.file}:${scenario.location.line})`,
    ...section(
      'namespaces',
      plan.namespaces.map(({ name, labels }) => [name, describeLabels(labels)]),
    ),
    ...section(
      'pods',
      plan.pods.map((pod) => [
        objectKey(pod),
        pod.ports.map(describeDeclared).join(' ') || 'no ports',
        describeLabels(pod.labels),
      ]),
    ),
    ...section(
      'policies',
      plan.steps[0].policies.map(({ namespace, name, location }) => [
        `${namespace}/${name}`,
        `${location.file}:${location.line}`,
      ]),
    ),
    ...section('checks', plan.steps[0].checks.map(describeCheck)),
    '',
  ].join('\n');
}

function describeCheck(check: Check): string[] {
  return [
    check.expected,
    check.from,
    `→ ${describeTarget(check)}${describePortName(check.portName)}`,
    `${check.declared.file}:${check.declared.line}`,
    ...(check.cutBy === undefined ? [] : [`cut by ${check.cutBy}`]),
  ];
}

function section(title: string, rows: readonly (readonly string[])[]): string[] {
  const widths = rows[0]?.map((_, column) => greatest(rows.map((row) => row[column]?.length ?? 0))) ?? [];
  const lines = rows.map((row) =>
    `    ${row.map((cell, column) => cell.padEnd(widths[column] ?? 0)).join('  ')}`.trimEnd(),
  );
  return [`  ${title} (${rows.length})`, ...lines];
}

function describeLabels(labels: Labels): string {
  return Object.entries(labels)
    .map(([key, value]) => `${key}=${value}`)
    .join(',');
}

function describeDeclared(port: Port): string {
  return `${port.name === undefined ? '' : `${port.name}:`}${describePort(port)}`;
}
