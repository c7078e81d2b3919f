import { expect, test } from 'vitest';
import { loadPlans, REPORTS, run, sandboxCluster, systemClock } from '../src/index.ts';
import { SCENARIO } from './run/run-with.ts';
import { folderWith } from './support/cli.ts';

test('the library alone loads a scenario, runs and judges it, and reports', async () => {
  using folder = folderWith({ 'pair.yaml': SCENARIO });
  const { record, kept } = await run(await loadPlans(['pair.yaml'], { cwd: folder.path }), {
    provider: sandboxCluster({ nodes: 1, enforcement: 'on' }),
    version: '0.0.0',
    clock: systemClock,
    signal: new AbortController().signal,
    confirm: 2,
    parallel: 1,
    keep: false,
    failFast: false,
    progress: () => undefined,
    save: () => undefined,
  });
  expect(kept).toBeUndefined();
  expect(record.run.exitCode).toBe(0);
  const text = REPORTS.terminal(record, { width: 100, colour: false, verbose: false, quiet: false });
  expect(text).toContain('PASSED');
});
