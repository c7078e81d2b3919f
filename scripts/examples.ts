/**
 * Writes what reports look like into docs/reports.md: below each comment such as `<!-- junit of run.json -->` the lines of that
 * report of that record in docs/examples. A part of it is named by words of its first and of its last line:
 * `<!-- junit of run.json: <testcase … </testcase> -->`, or by those of its only line.
 *
 *     node scripts/examples.ts             with the records that are there
 *     node scripts/examples.ts --record    with new ones, of real runs on the sandbox (build first)
 *     node scripts/examples.ts --check     writes nothing and fails where the page is not current
 */
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { readRecord } from '../src/record/read.ts';
import type { ReportFormat } from '../src/report/formats.ts';
import { REPORTS } from '../src/report/report.ts';
import { ROOT, runCli, startCli } from '../test/support/cli.ts';

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
  const reading = readRecord(JSON.parse(readFileSync(join(ROOT, RECORDS, file), 'utf8')));
  if (reading.kind !== 'record') throw new Error(`${RECORDS}/${file} is no run record`);
  const { record } = reading;
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

/** Who runs them is nobody in particular. */
const ORIGIN = {
  GITHUB_ACTOR: 'mia',
  GITHUB_SERVER_URL: 'https://github.com',
  GITHUB_REPOSITORY: 'example/payments',
  GITHUB_RUN_ID: '4711',
};

/** A run with a leak and a broken connection, one in steps, one that is interrupted, and one on a cluster that does not enforce policies. */
async function recordAll(): Promise<void> {
  const record = (name: string): string[] => [
    '--report',
    'terminal',
    '--report',
    `json=${RECORDS}/${name}.json`,
  ];
  const paths = [`${RECORDS}/payments.yaml`, 'scenarios/default-deny.yaml'];
  await runCli(['run', ...paths, ...record('run')], { env: ORIGIN });
  await runCli(['run', `${RECORDS}/rollback.yaml`, ...record('rollback')], { env: ORIGIN });
  const inTurn = ['scenarios/namespace-isolation.yaml', ...paths, '--parallel', '1'];
  const interrupted = startCli(['run', ...inTurn, ...record('interrupted')], { env: ORIGIN });
  await interrupted.until(/payments: waiting for the policies/);
  interrupted.child.kill('SIGINT');
  await interrupted.ended;
  // Its kubeconfig is gone when it has ended.
  const sandbox = startCli(['sandbox', '--no-enforcement']);
  const [, KUBECONFIG = ''] = await sandbox.until(/Its kubeconfig: (\S+)/);
  await runCli(['run', ...paths, '--cluster', 'context', ...record('not-enforcing')], {
    env: { ...ORIGIN, KUBECONFIG },
  });
  sandbox.child.kill('SIGINT');
  await sandbox.ended;
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
