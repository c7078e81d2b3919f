import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Command } from 'commander';
import { afterAll, describe, expect, test } from 'vitest';
import { reportCommand } from '../../src/cli/report.ts';
import { PodreachError } from '../../src/errors.ts';
import { renderJson } from '../../src/report/formats/json.ts';
import { renderJunit } from '../../src/report/formats/junit.ts';
import { viewOf } from '../../src/report/view/run.ts';
import { everyVerdict } from '../report/fixture.ts';

const folder = mkdtempSync(join(tmpdir(), 'podreach-report-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

function file(name: string, text: string): string {
  const path = join(folder, name);
  writeFileSync(path, text);
  return path;
}

/** Runs the command with these arguments. @returns the exit code */
async function report(...args: string[]): Promise<number | undefined> {
  let exitCode: number | undefined;
  const program = new Command('podreach').exitOverride();
  reportCommand(program, (code) => {
    exitCode = code;
  });
  await program.parseAsync(['report', ...args], { from: 'user' });
  return exitCode;
}

async function failureOf(...args: string[]): Promise<PodreachError> {
  try {
    await report(...args);
  } catch (thrown) {
    if (thrown instanceof PodreachError) return thrown;
    throw thrown;
  }
  return expect.unreachable('nothing was thrown');
}

test('renders a saved record in every format that is asked for, and succeeds whatever the run came to', async () => {
  const record = file('run.json', renderJson(everyVerdict()));
  const [json, junit] = [join(folder, 'again.json'), join(folder, 'junit.xml')];
  expect(
    await report(
      record,
      '--report',
      `json=${json}`,
      '--report',
      `junit=${junit}`,
      '--report',
      `terminal=${join(folder, 'run.txt')}`,
    ),
  ).toBe(0);
  expect(readFileSync(json, 'utf8')).toBe(renderJson(everyVerdict()));
  expect(readFileSync(junit, 'utf8')).toBe(renderJunit(viewOf(everyVerdict())));
});

describe('a file that is no record', () => {
  test('but missing is told by its name', async () => {
    const error = await failureOf(join(folder, 'missing.json'));
    expect(error.code).toBe('usage');
    expect(error.message).toMatch(/missing\.json cannot be read: ENOENT/);
  });

  test('but a folder is told to be one, and what compares folders', async () => {
    const error = await failureOf(folder);
    expect(error.message).toMatch(/ is a folder$/);
    expect(error.hint).toContain('podreach diff --manifests');
  });

  test('but no JSON either is told by its name', async () => {
    const error = await failureOf(file('cut.json', '{"schemaVersion": 1,'));
    expect(error.code).toBe('usage');
    expect(error.message).toMatch(/cut\.json is not JSON: /);
  });

  test('but some other JSON is told by what is wrong with it', async () => {
    const { run, ...others } = everyVerdict();
    const error = await failureOf(file('other.json', JSON.stringify(others)));
    expect(error.message).toMatch(/other\.json is no run record: run: /);
    expect(error.hint).toBe('Give a file that podreach run --report json=FILE has written.');
  });

  test('names the place of what is wrong deep inside, and how much more there is', async () => {
    const record = everyVerdict();
    const scenarios = record.scenarios.map((scenario) => ({
      ...scenario,
      steps: scenario.steps.map(({ checks }) => ({
        checks: checks.map((check) => ({ ...check, verdict: 'fine' })),
      })),
    }));
    const error = await failureOf(file('verdicts.json', JSON.stringify({ ...record, scenarios })));
    expect(error.message).toMatch(
      /verdicts\.json is no run record: scenarios\[0\]\.steps\[0\]\.checks\[0\]\.verdict: /,
    );
    expect(error.message).toMatch(/; and 14 more$/);
  });

  test('but one of a newer podreach says so', async () => {
    const path = file('newer.json', JSON.stringify({ schemaVersion: 3, all: 'different' }));
    const error = await failureOf(path);
    expect(error.message).toBe(
      `${path} was written by a newer podreach: its record is of version 3, and this one reads up to version 2`,
    );
  });
});
