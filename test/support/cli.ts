/** Runs the built command line as its users do. */
import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { fileURLToPath } from 'node:url';

export const ROOT = fileURLToPath(new URL('../..', import.meta.url));
export const CLI = join(ROOT, 'dist/cli.js');

export interface CliResult {
  readonly exitCode: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

export interface CliProcess {
  readonly child: ChildProcess;
  readonly ended: Promise<CliResult>;
  /** Resolves once standard output and error together match; rejects when the process ends first. */
  until(pattern: RegExp): Promise<RegExpExecArray>;
}

interface CliOptions {
  readonly cwd?: string;
  readonly env?: NodeJS.ProcessEnv;
  /** What comes in at standard input, as it comes. Absent: it is empty. */
  readonly input?: Readable;
}

/** Starts podreach in the background. */
export function startCli(args: readonly string[], options: CliOptions = {}): CliProcess {
  const child = spawn(process.execPath, [CLI, ...args], {
    cwd: options.cwd ?? ROOT,
    // Wherever the tests run, podreach is to behave as in a terminal of nobody's.
    env: { ...process.env, NO_COLOR: '1', FORCE_COLOR: undefined, GITHUB_ACTIONS: undefined, ...options.env },
    stdio: ['pipe', 'pipe', 'pipe'],
  });
  (options.input ?? Readable.from([])).pipe(child.stdin);
  // It may end without having read all.
  child.stdin.on('error', () => undefined);
  // A test that fails may leave it running.
  const end = (): void => void child.kill();
  process.on('exit', end);
  child.on('close', () => process.off('exit', end));
  let stdout = '';
  let stderr = '';
  let both = '';
  const waiters = new Set<() => void>();
  const listen = (stream: NodeJS.ReadableStream, take: (text: string) => void): void => {
    stream.setEncoding('utf8');
    stream.on('data', (text: string) => {
      take(text);
      both += text;
      for (const waiter of waiters) waiter();
    });
  };
  listen(child.stdout, (text) => {
    stdout += text;
  });
  listen(child.stderr, (text) => {
    stderr += text;
  });
  const ended = new Promise<CliResult>((resolve) => {
    child.on('close', (exitCode) => resolve({ exitCode, stdout, stderr }));
  });
  const until = (pattern: RegExp): Promise<RegExpExecArray> =>
    new Promise((resolve, reject) => {
      const look = (): void => {
        const found = pattern.exec(both);
        if (found === null) return;
        waiters.delete(look);
        resolve(found);
      };
      waiters.add(look);
      look();
      void ended.then(() => reject(new Error(`podreach ended without ${pattern}:\n${both}`)));
    });
  return { child, ended, until };
}

/** Runs podreach to its end. */
export function runCli(args: readonly string[], options: CliOptions = {}): Promise<CliResult> {
  return startCli(args, options).ended;
}

export interface Folder extends Disposable {
  readonly path: string;
}

/** A new folder with these files in it, deleted when disposed. */
export function folderWith(files: Readonly<Record<string, string>>): Folder {
  const path = mkdtempSync(join(tmpdir(), 'podreach-test-'));
  for (const [name, text] of Object.entries(files)) writeFileSync(join(path, name), text);
  return { path, [Symbol.dispose]: () => rmSync(path, { recursive: true, force: true }) };
}
