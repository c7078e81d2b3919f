/** The options of every command that runs scenarios. */
import type { Command, Option } from 'commander';
import { type KindCommandOptions, kindOptions } from './kind-options.ts';
import type { LoadCommandOptions } from './load.ts';
import {
  checkOption,
  knownIssuesOption,
  manifestsOption,
  nodesOption,
  noteGiven,
  outputOptions,
  parseAttemptTimeout,
  parseDuration,
  parseWhole,
  selectionOptions,
} from './options.ts';
import { type ProbeCommandOptions, probeOptions } from './probe-options.ts';

export interface RunCommandOptions extends LoadCommandOptions, KindCommandOptions, ProbeCommandOptions {
  readonly cluster: string;
  readonly kubeconfig?: string;
  readonly readyWithin?: number;
  readonly nodes?: number;
  readonly report?: string[];
  readonly timeout?: number;
  readonly within?: number;
  readonly confirm: number;
  readonly parallel?: number;
  readonly patient?: boolean;
  readonly printRole?: boolean;
  readonly keep?: boolean;
  readonly failFast?: boolean;
  readonly strict?: boolean;
  readonly quiet?: boolean;
  readonly verbose?: boolean;
}

/**
 * The options of whatever runs scenarios.
 * @param report which reports it makes @param isOnce whether it is one run, which may leave in place what it has made
 * @returns those of them that are given with which a part of the run can be run again: filled when the command is parsed
 */
export function addRunOptions(
  command: Command,
  {
    report = outputOptions().report,
    isOnce = true,
  }: { readonly report?: Option; readonly isOnce?: boolean } = {},
): readonly string[] {
  const { quiet, verbose } = outputOptions();
  const others = command.options.length;
  for (const option of selectionOptions()) command.addOption(option);
  command
    .addOption(checkOption())
    .addOption(manifestsOption())
    .addOption(knownIssuesOption())
    .option('--cluster <name>', 'where to run: sandbox, kind[=NAME] or context[=NAME]', 'sandbox')
    .addOption(nodesOption())
    .option('--kubeconfig <file>', 'the kubeconfig of --cluster context, in place of $KUBECONFIG')
    .addOption(report)
    .option(
      '--timeout <duration>',
      'how long one attempt may take, at most 60s (default: 500ms on the sandbox, 1s elsewhere)',
      parseAttemptTimeout,
    )
    .option(
      '--within <duration>',
      'how long policies, or what a step changes, may take to settle; a step may give itself longer with its own "within" (default: 10s on the sandbox, 30s elsewhere)',
      parseDuration,
    )
    .option('--ready-within <duration>', 'how long probe pods may take to run (default: 2m)', parseDuration)
    .option('--confirm <rounds>', 'rounds in a row that must agree', parseWhole(1, 20), 2)
    .option(
      '--patient',
      'give mismatches all of --within to mend themselves, also those that the policies predict',
    );
  if (isOnce)
    command.option(
      '--keep',
      'leave everything in place at the end and say how to look; the policies stay, so there is no closing control',
    );
  command
    .option('--strict', 'start nothing where validate has a warning')
    .option('--print-role', 'print the role that would grant what is missing on the cluster, and run nothing')
    .addOption(quiet)
    .addOption(verbose);
  for (const option of probeOptions())
    command.addOption(option.helpGroup('Probe pods, on --cluster kind and context:'));
  for (const option of kindOptions())
    command.addOption(option.helpGroup('A kind cluster, on --cluster kind:'));
  return noteGiven(command, command.options.slice(others), NOT_AGAIN);
}

/** What is chosen, said and kept is for each run to decide; everything else makes it the same run. */
const NOT_AGAIN = new Set([
  'only',
  'tag',
  'check',
  'report',
  'keep',
  'fail-fast',
  'strict',
  'parallel',
  'retain',
  'quiet',
  'verbose',
]);
