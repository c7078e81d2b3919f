import { mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { findTools, requireTools, searchPath, TOOLS } from '../../src/sandbox/host.ts';
import { SandboxError } from '../../src/sandbox/sandbox-error.ts';

let folder: string;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'podreach-host-'));
});
afterEach(() => rmSync(folder, { recursive: true }));

/** Puts programs of this machine into the folder that is searched. */
function install(...names: readonly string[]): void {
  for (const name of names) symlinkSync(process.execPath, join(folder, name));
}

function thrownBy(action: () => unknown): unknown {
  try {
    return action();
  } catch (thrown) {
    return thrown;
  }
}

describe('tools', () => {
  test('are found, with links resolved', () => {
    install(...TOOLS);
    expect(requireTools('linux', folder)).toEqual(
      Object.fromEntries(TOOLS.map((tool) => [tool, process.execPath])),
    );
  });

  test('are looked for in the administrator folders too', () => {
    expect(searchPath(folder)).toBe(`${folder}:${searchPath(undefined)}`);
    expect(searchPath(`${folder}/none::${folder}`)).toBe(searchPath(folder));
    expect(searchPath(undefined).split(':')).toEqual(expect.arrayContaining(['/usr/sbin', '/usr/bin']));
    expect(findTools(searchPath(undefined)).kind).toBe('complete');
  });

  test.each([
    ['apt-get', 'Install as root: apt-get install iproute2 nftables'],
    ['dnf', 'Install as root: dnf install iproute nftables'],
    ['apk', 'Install as root: apk add iproute2 nftables'],
    ['pacman', 'Install as root: pacman --sync iproute2 nftables'],
    ['emerge', 'Install the packages nftables, iproute2 and util-linux of your distribution.'],
  ])('that are missing are named with what %s installs', (manager, hint) => {
    install('unshare', 'nsenter', 'setpriv', 'mount', 'sh', manager);
    const error = thrownBy(() => requireTools('linux', folder));
    expect(error).toEqual(new SandboxError('tool-missing', 'ip and nft are not installed', hint));
  });

  test('of BusyBox count only where it has all that the sandbox needs of them', () => {
    install('nft', 'setpriv', 'apk');
    const busybox = join(folder, 'busybox');
    writeFileSync(busybox, '', { mode: 0o755 });
    for (const name of ['ip', 'unshare', 'nsenter', 'mount', 'sh']) symlinkSync(busybox, join(folder, name));
    expect(findTools(folder)).toMatchObject({
      missing: ['ip', 'unshare', 'nsenter'],
      packages: { install: ['add', 'iproute2', 'util-linux'] },
    });
  });

  test('do not matter on a system that has no network namespaces', () => {
    const error = thrownBy(() => requireTools('darwin', folder));
    expect(error).toMatchObject({
      code: 'not-supported',
      message: 'the sandbox is made of Linux network namespaces, and this is darwin',
    });
  });
});
