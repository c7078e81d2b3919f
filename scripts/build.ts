/** Builds `dist/` from `src/`: the compiler, once for Node.js and once for browsers, and what it leaves to others; then the client. */
import { execFileSync } from 'node:child_process';
import { chmodSync, copyFileSync, rmSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { bundleClient } from './bundle-client.ts';

const root = fileURLToPath(new URL('..', import.meta.url));

rmSync(`${root}dist`, { recursive: true, force: true });
for (const project of [['tsconfig.build.json'], ['src/report/formats/html/browser', '--noEmit', 'false']])
  execFileSync('tsc', ['-p', ...project], { cwd: root, stdio: 'inherit' });
for (const style of [
  'report/formats/html/page.css',
  'report/formats/html/timeline.css',
  'report/history/history.css',
])
  copyFileSync(`${root}src/${style}`, `${root}dist/${style}`);
await bundleClient(`${root}dist/kube/client.js`);
chmodSync(`${root}dist/cli.js`, 0o755);
