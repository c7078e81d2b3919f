/**
 * Sees to the programs that the sandbox needs (ip, nft, unshare, nsenter and a few more): as root it installs what is missing, and
 * says so; otherwise it says in one line which packages to install, and exits with 3. Says nothing where all is there.
 */
import { execFileSync } from 'node:child_process';
import {
  adviseInstall,
  describeMissing,
  findTools,
  type HostTools,
  type PackageManager,
  searchPath,
} from '../src/sandbox/host.ts';

const path = searchPath(process.env['PATH']);

if (process.platform !== 'linux') giveUp(`podreach's sandbox needs Linux, and this is ${process.platform}.`);
const found = findTools(path);
if (found.kind === 'incomplete') provide(found);

function provide({ missing, packages }: Extract<HostTools, { kind: 'incomplete' }>): void {
  if (packages === undefined || process.geteuid?.() !== 0) {
    giveUp(`${describeMissing(missing)}. ${adviseInstall(packages)}`);
  }
  console.log(
    `${describeMissing(missing)}: installing with ${packages.program} ${packages.install.join(' ')}`,
  );
  provideWith(packages);
  const after = findTools(path);
  if (after.kind === 'incomplete')
    giveUp(`${describeMissing(after.missing)}, even now. ${adviseInstall(after.packages)}`);
}

/** A fresh image has no package lists: those are fetched when the first try fails. */
function provideWith({ program, refresh, install, unattended }: PackageManager): void {
  const runQuietly = (args: readonly string[]): void =>
    void execFileSync(program, args, {
      stdio: ['ignore', 'ignore', 'pipe'],
      env: { ...process.env, PATH: path, DEBIAN_FRONTEND: 'noninteractive' },
    });
  try {
    runQuietly([...install, ...unattended]);
  } catch {
    try {
      runQuietly(refresh);
      runQuietly([...install, ...unattended]);
    } catch (thrown) {
      const said =
        thrown instanceof Error && 'stderr' in thrown ? String(thrown.stderr).trim().split('\n').at(-1) : '';
      giveUp(`${program} could not install them: ${said}`);
    }
  }
}

function giveUp(line: string): never {
  console.error(line);
  process.exit(3);
}
