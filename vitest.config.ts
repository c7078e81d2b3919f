import { fileURLToPath } from 'node:url';
import { defineConfig } from 'vitest/config';
import { BaseSequencer, type TestSpecification } from 'vitest/node';

/** Where the time goes, the longest first: begun last, they would keep one core waiting. */
const SLOW = [
  'test/run/degraded.test.ts',
  'test/run/faults.test.ts',
  'test/differential/failures.test.ts',
  'test/differential/differential.test.ts',
  'test/e2e/upgrade.test.ts',
  'test/differential/',
  'test/run/',
  'test/e2e/',
  'test/monitor/',
];

class SlowFirst extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const rank = ({ moduleId }: TestSpecification): number => {
      const index = SLOW.findIndex((part) => moduleId.includes(part));
      return index === -1 ? SLOW.length : index;
    };
    return (await super.sort(files)).sort((left, right) => rank(left) - rank(right));
  }
}

/** What the processes of the tests have compiled, and stripped of types: hundreds of them run the same files. */
const COMPILED = fileURLToPath(new URL('node_modules/.cache/podreach-compiled', import.meta.url));

export default defineConfig({
  test: {
    include: ['test/**/*.test.ts'],
    // A process runs the files of many: one of its own for each would cost nearly as much as the tests. They leave nothing behind in it.
    isolate: false,
    // Tests wait for timeouts a quarter of their time: three files at a time, with two tests of each, keep two cores busy, and leave room for what has a deadline.
    maxWorkers: 3,
    // Each of those in a file that go side by side has a sandbox of its own, or several: more of them would only be slower, and later than they expect.
    maxConcurrency: 2,
    sequence: { sequencer: SlowFirst },
    // However busy the machine is: a whole run on a sandbox takes seconds, and ten times that beside other work.
    testTimeout: 300_000,
    hookTimeout: 300_000,
    expect: { poll: { timeout: 60_000 } },
    env: { NODE_COMPILE_CACHE: COMPILED },
  },
});
