/** Option values shared by the commands: what they accept, and what they say when they do not. */
import { type Command, InvalidArgumentError, Option } from 'commander';
import { readDuration } from '../duration.ts';
import { PodreachError } from '../errors.ts';
import { FORMAT_NAMES } from '../report/formats.ts';

/** `500ms`, `1.5s`, `2m` or `8h` in milliseconds. A bare number is refused: half of the readers would take it for the other unit. */
export function parseDuration(text: string): number {
  const ms = readDuration(text);
  if (ms !== undefined) return ms;
  throw new InvalidArgumentError(
    /^\d+(\.\d+)?$/.test(text)
      ? 'Write it with a unit: 500ms, 2s or 1m.'
      : 'Write a duration such as 500ms, 2s or 1m.',
  );
}

/** The same, and `0`. */
export function parseSpan(text: string): number {
  return /^0+(ms|s|m|h)?$/.test(text) ? 0 : parseDuration(text);
}

/** An attempt must end before the kernel gives up on its own, which on Linux is after about two minutes. */
const LONGEST_ATTEMPT_MS = 60_000;

/** How long an attempt may take. */
export function parseAttemptTimeout(text: string): number {
  const ms = parseDuration(text);
  if (ms > LONGEST_ATTEMPT_MS)
    throw new InvalidArgumentError('Write 60s or less: a connection that takes longer may end by itself.');
  return ms;
}

/** A whole number within bounds, both inclusive. */
export function parseWhole(min: number, max: number): (text: string) => number {
  return (text) => {
    const value = /^\d+$/.test(text) ? Number(text) : Number.NaN;
    if (!(value >= min && value <= max))
      throw new InvalidArgumentError(`Write a whole number from ${min} to ${max}.`);
    return value;
  };
}

/**
 * The value of `--cluster`: a kind of cluster, and after an equals sign the name of one.
 * @throws PodreachError `usage` where the name is empty, as from a variable that is not set, or where there is none to give
 */
export function parseCluster(text: string): { readonly kind: string; readonly name: string | undefined } {
  const [, kind = '', name] = /^([^=]*)(?:=(.*))?$/s.exec(text) ?? [];
  if (kind === 'sandbox' && name !== undefined) {
    throw new PodreachError('usage', `--cluster ${text}: a sandbox has no name`, {
      hint: 'Write --cluster sandbox.',
    });
  }
  if (name === '') {
    throw new PodreachError(
      'usage',
      `--cluster ${text} names no ${kind === 'context' ? 'context' : 'cluster'}`,
      {
        hint: `Write --cluster ${kind}=NAME, or --cluster ${kind} for the ${kind === 'context' ? 'current' : 'default'} one.`,
      },
    );
  }
  return { kind, name };
}

function collect(value: string, previous: readonly string[] | undefined): string[] {
  return [...(previous ?? []), value];
}

export interface SelectionOptions {
  readonly only?: string[];
  readonly tag?: string[];
}

/** Which scenarios of the given files count. */
export function selectionOptions(): Option[] {
  return [
    new Option('--only <name>', 'take only the scenario of this name (repeatable)').argParser(collect),
    new Option('--tag <tag>', 'take only scenarios with this tag (repeatable: any of them)').argParser(
      collect,
    ),
  ];
}

/** Which of their checks are tried. */
export function checkOption(): Option {
  return repeatable(
    '--check <from → to:port>',
    'try only this check, such as "shop/web -> shop/db:5432" (repeatable); pods and policies stay as they are',
  );
}

/** Known issues that lie in files of their own. */
export function knownIssuesOption(): Option {
  return repeatable(
    '--known-issues <file>',
    'a list of known issues, beside those that scenarios list themselves (repeatable)',
  );
}

/** What the argument of a command says that is about scenarios. */
export const SCENARIO_PATHS = 'files, folders or globs, or - for standard input; without any: scenarios/';

/** Manifests that the command line adds to scenarios. */
export function manifestsOption(): Option {
  return repeatable(
    '--manifests <[namespace=]path>',
    'manifests for every scenario, beside those that it names: a file, folder, glob or kustomization, or - for standard input; a namespace is that of what names none (repeatable)',
  );
}

/** Of the sandbox. */
export const DEFAULT_NODES = 2;

/** Without a default of its own, so that it can be told whether it was given. */
export function nodesOption(): Option {
  return new Option('--nodes <count>', `nodes of the sandbox (default: ${DEFAULT_NODES})`).argParser(
    parseWhole(1, 10),
  );
}

function repeatable(flags: string, description: string): Option {
  return new Option(flags, description).argParser(collect);
}

/** `a, b or c` */
const EITHER = new Intl.ListFormat('en-GB', { type: 'disjunction' });

/** Which reports a command makes, of those that it has. */
export function reportOption(formats: readonly string[]): Option {
  return repeatable(
    '--report <format[=file]>',
    `${EITHER.format(formats)}, to standard output or a file (repeatable)`,
  );
}

/** What a command says, where, and how much of it. */
export function outputOptions(): {
  readonly report: Option;
  readonly quiet: Option;
  readonly verbose: Option;
} {
  return {
    report: reportOption(FORMAT_NAMES),
    quiet: new Option('-q, --quiet', 'only what is not as expected, and the last line'),
    verbose: new Option('-v, --verbose', 'show every matrix and every mismatch'),
  };
}

/**
 * Those options that a command is given, as they were written: filled when it is parsed.
 * @param options of the command @param left the names of those that do not count
 */
export function noteGiven(
  command: Command,
  options: readonly Option[],
  left: ReadonlySet<string> = new Set(),
): readonly string[] {
  const given: string[] = [];
  for (const option of options) {
    const { long } = option;
    if (long === undefined || left.has(option.name())) continue;
    command.on(`option:${option.name()}`, (value: string | undefined) => {
      given.push(long, ...(typeof value === 'string' ? [value] : []));
    });
  }
  return given;
}

/** The flags of those options that were given, as commander hands them over. */
export function givenFlags(known: readonly Option[], options: object): string[] {
  const given: Readonly<Record<string, unknown>> = { ...options };
  return known.filter((option) => given[option.attributeName()] !== undefined).map(({ long }) => long ?? '');
}

/** @throws PodreachError `usage` where there are any */
export function refuseMisplaced(flags: readonly string[], place: string): void {
  if (flags.length === 0) return;
  const isOne = flags.length === 1;
  throw new PodreachError('usage', `${flags.join(', ')} ${isOne ? 'is' : 'are'} for ${place}`, {
    hint: `Leave ${isOne ? 'it' : 'them'} out, or write ${place}.`,
  });
}
