/** Colours on a real terminal, which `script` of util-linux stands in for, and without one. */
import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import { shellCommand } from '../../src/shell.ts';
import { CLI } from '../support/cli.ts';

const RECORD = fileURLToPath(new URL('../report/golden/every-verdict.json', import.meta.url));
const COMMAND = [process.execPath, CLI, 'report', RECORD];
const { PATH = '' } = process.env;
const COLOUR = '\u001b[';

const hasScript = spawnSync('script', ['--version']).status === 0;

function onTerminal(env: Readonly<Record<string, string>>): string {
  const args = ['--quiet', '--command', shellCommand(COMMAND), '/dev/null'];
  return spawnSync('script', args, { env: { PATH, TERM: 'xterm-256color', ...env }, encoding: 'utf8' })
    .stdout;
}

function intoPipe(env: Readonly<Record<string, string>>): string {
  const [program = '', ...args] = COMMAND;
  return spawnSync(program, args, { env: { PATH, TERM: 'xterm-256color', ...env }, encoding: 'utf8' }).stdout;
}

test.skipIf(!hasScript)(
  'a terminal gets colours, unless NO_COLOR is set or it has none (skipped without script)',
  () => {
    expect(onTerminal({})).toContain(COLOUR);
    for (const env of [{ NO_COLOR: '1' }, { TERM: 'dumb' }, { FORCE_COLOR: '0' }]) {
      const output = onTerminal(env);
      expect(output).toContain('FAILED');
      expect(output, JSON.stringify(env)).not.toContain(COLOUR);
    }
  },
);

test('a pipe gets none, unless FORCE_COLOR is set', () => {
  expect(intoPipe({})).toContain('FAILED');
  expect(intoPipe({})).not.toContain(COLOUR);
  expect(intoPipe({ FORCE_COLOR: '1' })).toContain(COLOUR);
});
