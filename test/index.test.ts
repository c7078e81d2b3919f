import { expect, test } from 'vitest';
import {
  compareUpgrade,
  loadPlans,
  monitor,
  REPORTS,
  type RunOptions,
  run,
  sandboxCluster,
  systemClock,
  UPGRADE_REPORTS,
  upgrade,
} from '../src/index.ts';
import { SCENARIO } from './run/run-with.ts';
import { folderWith } from './support/cli.ts';

/** What every run needs. */
const options = (): Omit<RunOptions, 'save' | 'keep' | 'failFast' | 'parallel'> => ({
  provider: sandboxCluster({ nodes: 1, enforcement: 'on' }),
  version: '0.0.0',
  clock: systemClock,
  signal: new AbortController().signal,
  confirm: 2,
  progress: () => undefined,
});
const PLAIN = { width: 100, colour: false, verbose: false, quiet: false };
const WATCH = {
  afterMs: 0,
  budgets: { maxLeakMs: 0, maxUnknown: 0.5 },
  enough: new AbortController().signal,
};

test('the library alone loads a scenario, runs and judges it, and reports', async () => {
  using folder = folderWith({ 'pair.yaml': SCENARIO });
  const { record, kept } = await run(await loadPlans(['pair.yaml'], { cwd: folder.path }), {
    ...options(),
    parallel: 1,
    keep: false,
    failFast: false,
    save: () => undefined,
  });
  expect(kept).toBeUndefined();
  expect(record.run.exitCode).toBe(0);
  expect(REPORTS.terminal(record, PLAIN)).toContain('PASSED');
});

test('the library alone watches checks while something of its own goes on', async () => {
  using folder = folderWith({ 'pair.yaml': SCENARIO });
  let kubeconfig = '';
  const { record } = await monitor(await loadPlans(['pair.yaml'], { cwd: folder.path }), {
    ...options(),
    keep: false,
    save: () => undefined,
    watch: {
      ...WATCH,
      command: {
        line: ['something of our own'],
        run(_, text) {
          kubeconfig = text;
          return Promise.resolve({ failure: 'it had no time' });
        },
      },
    },
  });
  expect(kubeconfig).toContain('server: https://');
  expect(record.watch).toMatchObject({
    endedBy: 'command',
    command: { line: ['something of our own'], failure: 'it had no time' },
  });
  expect(record.run.exitCode).toBe(3);
});

test('the library alone goes through an upgrade, as far as it makes sense', async () => {
  // What must be reachable is cut off, and so its policies say.
  const broken = SCENARIO.replace('reachable:', 'reachable:\n  - { from: pair/c, to: pair/b }');
  using folder = folderWith({ 'pair.yaml': broken });
  const saved = new Set<string>();
  const records = await upgrade(await loadPlans(['pair.yaml'], { cwd: folder.path }), {
    ...options(),
    parallel: 1,
    isAnyway: false,
    save: (part) => saved.add(part),
    watch: WATCH,
    command: { line: ['upgrade'], run: () => Promise.reject(new Error('it must not be run')) },
  });
  expect([...saved]).toEqual(['before']);
  expect(compareUpgrade(records)).toMatchObject({ outcome: 'no-go', exitCode: 1 });
  expect(UPGRADE_REPORTS.terminal(records, PLAIN)).toMatch(
    /^No go: before the upgrade 1 check was broken; the command was not run$/m,
  );
});
