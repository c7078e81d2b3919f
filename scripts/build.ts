/** Builds `dist/` from `src/`: the compiler, once for Node.js and once for browsers, and what it leaves to others. */
import { execFileSync } from 'node:child_process';
import { chmodSync, copyFileSync, rmSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { bundle, licencesOf } from './bundle.ts';

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
const client = `${root}dist/kube/client.js`;
const bundled = [
  await bundle(client),
  await bundle(`${root}dist/sandbox/supervisor.js`),
  await bundle(`${root}dist/cli/main.js`, { beside: [client], alone: true }),
];
writeFileSync(`${root}dist/LICENSES.txt`, licencesOf(bundled.flat()));
chmodSync(`${root}dist/cli.js`, 0o755);
