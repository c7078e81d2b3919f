/** `npm run test:kind`: the whole command line on real kind clusters. Apart from the other tests, since it takes minutes and pulls images. */
import { fileURLToPath } from 'node:url';
import { defineConfig } from 'vitest/config';

const MINUTE_MS = 60_000;

// biome-ignore lint/style/noDefaultExport: vitest reads its configuration from there.
export default defineConfig({
  test: {
    root: fileURLToPath(new URL('../..', import.meta.url)),
    include: ['test/kind/*.kind.ts'],
    // One cluster at a time is what a runner of two cores carries.
    fileParallelism: false,
    testTimeout: 30 * MINUTE_MS,
    hookTimeout: 10 * MINUTE_MS,
    reporters: ['verbose'],
  },
});
