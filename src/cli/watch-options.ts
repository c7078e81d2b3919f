/** The options of every command that watches. */
import { type Command, InvalidArgumentError, Option } from 'commander';
import { noteGiven, parseDuration, parseSpan } from './options.ts';

export interface WatchCommandOptions {
  readonly for?: number;
  readonly every?: number;
  readonly after: number;
  readonly maxLeak: number;
  readonly maxGap?: number;
  readonly maxUnknown: number;
  /** Absent: as many as cost little. */
  readonly held?: boolean;
  readonly churn?: number;
}

/** The options of a run, and those of its watch, as they were written. */
export interface OptionsAgain {
  readonly again: readonly string[];
  readonly watchedAgain: readonly string[];
}

/** @returns those of them that are given: filled when the command is parsed */
export function addWatchOptions(command: Command): readonly string[] {
  const others = command.options.length;
  command
    .option(
      '--for <duration>',
      'how long to watch (default: until COMMAND has ended, or Ctrl-C)',
      parseLength,
    )
    .option(
      '--every <duration>',
      'how often each check is tried (default: 1s, or less often where that would be too much for the cluster)',
      parseEvery,
    )
    .addOption(
      new Option('--after <duration>', 'how long to watch on when COMMAND has ended')
        .argParser(parseSpan)
        .default(30_000, '30s'),
    )
    .addOption(
      new Option('--max-leak <duration>', 'how long what must be unreachable may have been open')
        .argParser(parseSpan)
        .default(0, '0'),
    )
    .option(
      '--max-gap <duration>',
      'how long what must be reachable may have been cut off (default: not at all)',
      parseSpan,
    )
    .addOption(
      new Option('--max-unknown <percent>', 'the part of the time that may be unknown of a check')
        .argParser(parsePercent)
        .default(0.1, '10%'),
    )
    .option('--held', 'hold a connection open for each check that must be reachable, however many there are')
    .option('--no-held', 'hold none (default: held where there are few enough to cost little)')
    .option(
      '--churn <pods>',
      'make so many new pods a minute, copies of those that checks start at, which try their checks from their first millisecond',
      parsePodsPerMinute,
    );
  return noteGiven(command, command.options.slice(others));
}

/** A timer cannot wait for longer than three weeks. */
const LONGEST_WATCH_MS = 20 * 24 * 3_600_000;
/** Attempts that follow each other faster say no more: an agent looks at its clock this often. */
const LEAST_EVERY_MS = 100;

function parseLength(text: string): number {
  const ms = parseDuration(text);
  if (ms > LONGEST_WATCH_MS) throw new InvalidArgumentError('Write 480h or less.');
  return ms;
}

function parseEvery(text: string): number {
  const ms = parseDuration(text);
  if (ms < LEAST_EVERY_MS) throw new InvalidArgumentError('Write 100ms or more.');
  return ms;
}

/** One a second costs more than most checks do. */
const MOST_PODS_PER_MINUTE = 60;

function parsePodsPerMinute(text: string): number {
  const pods = /^\d+(\.\d+)?$/.test(text) ? Number(text) : Number.NaN;
  if (!(pods > 0 && pods <= MOST_PODS_PER_MINUTE))
    throw new InvalidArgumentError(
      `Write how many pods a minute, more than 0 and at most ${MOST_PODS_PER_MINUTE}.`,
    );
  return pods;
}

/** @returns a part of one */
function parsePercent(text: string): number {
  const [, number] = /^(\d+(?:\.\d+)?)%$/.exec(text) ?? [];
  const part = Number(number ?? Number.NaN) / 100;
  if (!(part <= 1)) throw new InvalidArgumentError('Write a percentage from 0% to 100%, such as 10%.');
  return part;
}
