/** Other programs, behind one small interface: what providers and the renderer start goes through here and nowhere else. */

import type { ChildProcess } from 'node:child_process';
import { stripVTControlCharacters } from 'node:util';
import { execa } from 'execa';
import { endGroup } from '../process-group.ts';
import { isNotThere } from '../search-path.ts';

export interface CommandOptions {
  /** Written to standard input. Absent: there is none. */
  readonly input?: string | undefined;
  /** After it the program is ended. Absent: it may take as long as it likes. */
  readonly processMs?: number | undefined;
  /** Ends the program; `run` then rejects with the signal's reason. */
  readonly signal?: AbortSignal | undefined;
  /** On top of this process's own environment; undefined takes a variable away. */
  readonly env?: Readonly<Record<string, string | undefined>> | undefined;
  /**
   * A session of its own: it finds no terminal to ask questions on, Ctrl-C does not reach it, and what it has started and leaves
   * behind ends with it, or with this process.
   */
  readonly inOwnSession?: boolean | undefined;
  /** Of either output; what prints more is ended. Absent: a hundred million. */
  readonly maxCharacters?: number | undefined;
  /** Called with each line of standard error as it comes. */
  readonly onErrorLine?: ((line: string) => void) | undefined;
}

export interface CommandResult {
  readonly stdout: string;
  readonly stderr: string;
}

export interface CommandRunner {
  /**
   * Runs a program to its end, without a shell.
   * @throws CommandError unless it exits with 0; the signal's reason where that was aborted
   */
  run(command: string, args: readonly string[], options?: CommandOptions): Promise<CommandResult>;
}

/** How a command failed. */
export type CommandFailure =
  /** There is no such program in the PATH. */
  | { readonly reason: 'missing' }
  /** There is one, and it did not start. */
  | { readonly reason: 'not-started'; readonly words: string }
  | { readonly reason: 'exited'; readonly exitCode: number }
  | { readonly reason: 'killed'; readonly signalName: string }
  | { readonly reason: 'timed-out'; readonly processMs: number }
  | { readonly reason: 'too-long'; readonly maxCharacters: number };

/** A command that did not succeed, with its whole output. */
export class CommandError extends Error {
  /** The program. */
  readonly command: string;
  /** As a person would type it. */
  readonly commandLine: string;
  readonly failure: CommandFailure;
  readonly stdout: string;
  readonly stderr: string;

  constructor(command: string, commandLine: string, failure: CommandFailure, output: CommandResult) {
    const words = lastWords(output);
    super(`\`${commandLine}\` ${describeFailure(failure)}${words === '' ? '' : `: ${words}`}`);
    this.name = 'CommandError';
    this.command = command;
    this.commandLine = commandLine;
    this.failure = failure;
    this.stdout = output.stdout;
    this.stderr = output.stderr;
  }
}

export const systemRunner: CommandRunner = {
  async run(command, args, options = {}) {
    const { input, processMs, signal, env, inOwnSession = false, maxCharacters, onErrorLine } = options;
    signal?.throwIfAborted();
    const running = execa(command, args, {
      reject: false,
      ...(input === undefined ? { stdin: 'ignore' as const } : { input }),
      ...(processMs === undefined ? {} : { timeout: processMs }),
      ...(signal === undefined ? {} : { cancelSignal: signal }),
      ...(env === undefined ? {} : { env }),
      ...(maxCharacters === undefined ? {} : { maxBuffer: maxCharacters }),
      detached: inOwnSession,
      ...(onErrorLine === undefined ? {} : { stderr: forwardLines(onErrorLine) }),
    });
    if (inOwnSession) endWithLeader(running.nodeChildProcess);
    const result = await running;
    const { stdout, stderr } = result;
    if (!result.failed) return { stdout, stderr };
    if (signal?.aborted) throw signal.reason;
    throw new CommandError(command, result.escapedCommand, failureOf(command, result, options), {
      stdout,
      stderr,
    });
  },
};

/** What is left of a group may hold the output open for as long as it likes. */
function endWithLeader(leader: ChildProcess): void {
  if (leader.pid === undefined) return;
  const end = (): void => endGroup(leader.pid);
  process.on('exit', end);
  leader.once('exit', () => {
    process.off('exit', end);
    end();
  });
}

function forwardLines(listener: (line: string) => void): (line: unknown) => Generator<unknown> {
  return function* (line) {
    listener(stripVTControlCharacters(String(line)));
    yield line;
  };
}

interface ProcessEnding {
  readonly timedOut: boolean;
  readonly isMaxBuffer: boolean;
  readonly exitCode?: number | undefined;
  readonly signal?: string | undefined;
  readonly code?: string | undefined;
  readonly originalMessage?: string | undefined;
}

function failureOf(
  command: string,
  ending: ProcessEnding,
  { processMs, maxCharacters }: CommandOptions,
): CommandFailure {
  if (ending.isMaxBuffer && maxCharacters !== undefined) return { reason: 'too-long', maxCharacters };
  if (ending.timedOut && processMs !== undefined) return { reason: 'timed-out', processMs };
  if (ending.exitCode !== undefined) return { reason: 'exited', exitCode: ending.exitCode };
  if (ending.signal !== undefined) return { reason: 'killed', signalName: ending.signal };
  if (isNotThere(command, ending.code)) return { reason: 'missing' };
  return { reason: 'not-started', words: ending.originalMessage ?? ending.code ?? 'for no known reason' };
}

function describeFailure(failure: CommandFailure): string {
  switch (failure.reason) {
    case 'missing':
      return 'did not start: there is no such program in the PATH';
    case 'not-started':
      return `did not start: ${failure.words}`;
    case 'exited':
      return `exited with ${failure.exitCode}`;
    case 'killed':
      return `was ended by ${failure.signalName}`;
    case 'timed-out':
      return `had not ended after ${Math.round(failure.processMs / 1000)} s`;
    case 'too-long':
      return `printed more than ${failure.maxCharacters.toLocaleString('en')} characters`;
  }
}

/** A frame of a Go stack trace is two lines: the function, and `file.go:123`, perhaps with an offset. */
const FRAME = /^\S+\.(go|s):\d+( \+0x[0-9a-f]+)?$/;

function isFrame(line: string, next: string | undefined): boolean {
  return FRAME.test(line) || (next !== undefined && FRAME.test(next) && /^[\w./*()[\]…{}-]+$/.test(line));
}

function isTrace(line: string): boolean {
  return /^goroutine \d+ \[|^To see the stack trace of this error/.test(line);
}

const LONGEST_WORDS = 700;

/**
 * What a program said last, on one line: from the first line that begins with "error" on, without the stack traces of Go
 * programs, and without their advice to ask for one; the last lines where there is no such line. Long logs are cut in the middle, since their cause is at either end.
 */
export function lastWords({ stdout, stderr }: CommandResult): string {
  const text = stripVTControlCharacters(stderr.trim() === '' ? stdout : stderr).replace(
    /\nStack Trace:.*$/s,
    '',
  );
  const lines = text
    .split('\n')
    .map((line) => line.replaceAll(/\s+/g, ' ').trim())
    .filter((line, index, all) => line !== '' && !isTrace(line) && !isFrame(line, all[index + 1]));
  const errorAt = lines.findIndex((line) => /^error\b/i.test(line));
  const said = errorAt === -1 ? lines.slice(-3) : lines.slice(errorAt);
  const kept = said.length <= 4 ? said : [...said.slice(0, 2), '…', ...said.slice(-2)];
  const words = kept.join(' | ');
  if (words.length <= LONGEST_WORDS) return words;
  return `${words.slice(0, LONGEST_WORDS / 2)} … ${words.slice(-LONGEST_WORDS / 2)}`;
}
