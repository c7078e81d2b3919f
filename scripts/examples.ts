/**
 * Writes what reports look like into docs/reports.md: below each comment such as `<!-- junit of run.json -->` the lines of that
 * report of that record in docs/examples. A part of it is named by words of its first and of its last line:
 * `<!-- junit of run.json: <testcase … </testcase> -->`, or by those of its only line.
 *
 *     node scripts/examples.ts             with the records that are there
 *     node scripts/examples.ts --record    with new ones, of real runs on the sandbox (build first)
 *     node scripts/examples.ts --check     writes nothing and fails where the page is not current
 */
import { spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { runRecordSchema } from '../src/record.ts';
import { REPORTS, type ReportFormat } from '../src/report/report.ts';

const ROOT = fileURLToPath(new URL('../', import.meta.url));
const RECORDS = 'docs/examples';
const PAGE = join(ROOT, 'docs/reports.md');
const EXAMPLE =
  /^(<!-- (?<format>\w+) of (?<file>[\w-]+\.json)(?:: (?<first>.+?)(?: … (?<last>.+?))?)? -->\n\n```\w*\n).*?^```$/gms;

/** The page with every example as its record renders. @throws Error where a record or a line is not there */
function fill(page: string): string {
  return page.replaceAll(EXAMPLE, (...match) => {
    const { format, file, first, last } = match.at(-1) as Record<string, string | undefined>;
    const text = render(format as ReportFormat, file ?? '');
    return `${match[1]}${first === undefined ? text : excerpt(text, first, last)}\`\`\``;
  });
}

function render(format: ReportFormat, file: string): string {
  const record = runRecordSchema.parse(JSON.parse(readFileSync(join(ROOT, RECORDS, file), 'utf8')));
  return REPORTS[format](record, { width: 80, colour: false, verbose: false, quiet: false });
}

function excerpt(text: string, first: string, last: string = first): string {
  const lines = text.split('\n');
  const from = lines.findIndex((line) => line.includes(first));
  const length = lines.slice(from).findIndex((line) => line.includes(last)) + 1;
  if (from === -1 || length === 0) throw new Error(`no lines from "${first}" to "${last}"`);
  const part = lines.slice(from, from + length);
  const indent = Math.min(...part.filter((line) => line !== '').map((line) => line.search(/\S/)));
  return part.map((line) => `${line.slice(indent)}\n`).join('');
}

/** A run with a leak and a broken connection, one that is interrupted, and one on a cluster that does not enforce policies. */
async function recordAll(): Promise<void> {
  const record = (name: string): string[] => [
    '--report',
    'terminal',
    '--report',
    `json=${RECORDS}/${name}.json`,
  ];
  const paths = [`${RECORDS}/payments.yaml`, 'scenarios/default-deny.yaml'];
  await podreach(['run', ...paths, ...record('run')]).ended;
  const inTurn = ['scenarios/namespace-isolation.yaml', ...paths, '--parallel', '1'];
  const interrupted = podreach(['run', ...inTurn, ...record('interrupted')]);
  await interrupted.until(/payments: waiting for the policies/);
  interrupted.child.kill('SIGINT');
  await interrupted.ended;
  const folder = mkdtempSync(join(tmpdir(), 'podreach-examples-'));
  const KUBECONFIG = join(folder, 'kubeconfig');
  const sandbox = podreach(['sandbox', '--no-enforcement', '--kubeconfig', KUBECONFIG]);
  await sandbox.until(/The sandbox is running/);
  await podreach(['run', ...paths, '--cluster', 'context', ...record('not-enforcing')], { KUBECONFIG }).ended;
  sandbox.child.kill('SIGINT');
  await sandbox.ended;
  rmSync(folder, { recursive: true });
}

/** The built command line in the root of the repository, as its users run it. */
function podreach(args: readonly string[], env: Readonly<Record<string, string>> = {}) {
  const child = spawn(process.execPath, ['dist/cli.js', ...args], {
    cwd: ROOT,
    env: { ...process.env, ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const ended = new Promise<void>((resolve) => child.on('close', () => resolve()));
  let output = '';
  const until = (pattern: RegExp): Promise<void> =>
    new Promise((resolve, reject) => {
      for (const stream of [child.stdout, child.stderr])
        stream.setEncoding('utf8').on('data', (text: string) => {
          output += text;
          if (pattern.test(output)) resolve();
        });
      void ended.then(() => reject(new Error(`no ${pattern} in:\n${output}`)));
    });
  return { child, ended, until };
}

if (process.argv.includes('--record')) await recordAll();
const page = readFileSync(PAGE, 'utf8');
const filled = fill(page);
if (!process.argv.includes('--check')) {
  writeFileSync(PAGE, filled);
} else if (filled !== page) {
  console.error('docs/reports.md is not current. Run: npm run examples');
  process.exitCode = 1;
}
