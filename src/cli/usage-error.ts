/** What commander says of wrong usage, with hints for options that another command has, or another tool that people know. */
import type { Command } from 'commander';
import { disarmCommands, neutralise } from '../report/text/text.ts';

/** @param text of commander: a message, and perhaps its own guess on a line below */
export function renderUsageError(text: string, program: Command, argv: readonly string[]): string {
  const [, message = text, guess = ''] = /^(.*?)(\n\(Did you mean .*\?\))?\n$/s.exec(text) ?? [];
  const hint = hintForUsage(message, program, argv);
  const lines = [`${neutralise(message)}${guess}`, ...(hint === undefined ? [] : [`hint: ${hint}`])];
  return disarmCommands(`${lines.join('\n')}\n`);
}

function hintForUsage(message: string, program: Command, argv: readonly string[]): string | undefined {
  const [, flag] = /unknown option '(-[^'=]*)/.exec(message) ?? [];
  if (flag === undefined) return undefined;
  const command = commandOf(program, argv);
  return hintForHabit(flag, command) ?? hintForPlace(flag, command, program);
}

/** What those who come from kubectl write. */
function hintForHabit(flag: string, command: Command): string | undefined {
  switch (flag) {
    case '-f':
    case '--file':
    case '--filename':
      return `Files are named without an option: ${pathOf(command)} FILE.`;
    case '-n':
    case '--namespace':
      return 'A scenario names its namespaces itself, so there is no option for one.';
    case '-o':
    case '--output':
    case '--format':
      return has(command, '--json')
        ? 'Write --json.'
        : has(command, '--report')
          ? 'Write --report json, or --report FORMAT=FILE.'
          : undefined;
    case '--context':
      return has(command, '--cluster')
        ? 'Write --cluster context=NAME.'
        : 'Only podreach run and podreach clean go to a cluster: with --cluster context=NAME.';
    default:
      return undefined;
  }
}

/** Which commands have an option that this one lacks. */
function hintForPlace(flag: string, command: Command, program: Command): string | undefined {
  const others = allCommands(program).filter((other) => other !== command && has(other, flag));
  return others.length === 0 ? undefined : `${flag} is an option of ${others.map(pathOf).join(', ')}.`;
}

/** The command that the words before any option name. */
function commandOf(program: Command, argv: readonly string[]): Command {
  let command = program;
  for (const word of argv) {
    const next = command.commands.find((one) => one.name() === word);
    if (next === undefined) break;
    command = next;
  }
  return command;
}

function allCommands(command: Command): readonly Command[] {
  return command.commands.flatMap((one) => [one, ...allCommands(one)]);
}

function has(command: Command, flag: string): boolean {
  return command.options.some(({ long, short }) => long === flag || short === flag);
}

function pathOf(command: Command): string {
  return command.parent === null ? command.name() : `${pathOf(command.parent)} ${command.name()}`;
}
