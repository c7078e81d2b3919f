import { mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { findTools, namespacesRefused, requireTools, searchPath, TOOLS } from '../../src/sandbox/host.ts';
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
    expect(searchPath('/home/me/bin')).toBe('/home/me/bin:/usr/sbin:/sbin:/usr/bin:/bin');
    expect(searchPath(undefined)).toBe('/usr/sbin:/sbin:/usr/bin:/bin');
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

describe('namespaces that the kernel refuses', () => {
  const refusal = 'unshare: unshare failed: Operation not permitted\n';
  const message =
    'the kernel refuses the namespaces that the sandbox is made of (unshare: unshare failed: Operation not permitted)';
  const settings = (values: Readonly<Record<string, string>>) => (file: string) => values[file];

  test.each([
    [
      '/proc/sys/kernel/unprivileged_userns_clone',
      '0\n',
      'kernel.unprivileged_userns_clone is 0: set it as root with "sysctl -w kernel.unprivileged_userns_clone=1", or run podreach as root.',
    ],
    [
      '/proc/sys/user/max_user_namespaces',
      '0\n',
      'user.max_user_namespaces is 0: set it as root with "sysctl -w user.max_user_namespaces=15000", or run podreach as root.',
    ],
    [
      '/proc/sys/kernel/apparmor_restrict_unprivileged_userns',
      '1\n',
      'kernel.apparmor_restrict_unprivileged_userns is 1: set it as root with "sysctl -w kernel.apparmor_restrict_unprivileged_userns=0", or run podreach as root.',
    ],
    [
      '/proc/self/status',
      'Name:\tnode\nSeccomp:\t2\n',
      'A seccomp filter forbids user namespaces here: start the container with --privileged, or run podreach outside of it.',
    ],
  ])('are explained by %s', (file, value, hint) => {
    const error = namespacesRefused(refusal, false, settings({ [file]: value }));
    expect({ code: error.code, message: error.message, hint: error.hint }).toEqual({
      code: 'not-supported',
      message,
      hint,
    });
  });

  test('name all settings where none of them stands out', () => {
    expect(namespacesRefused(refusal, false, settings({})).hint).toBe(
      'Allow unprivileged user namespaces (kernel.unprivileged_userns_clone, user.max_user_namespaces, kernel.apparmor_restrict_unprivileged_userns), or run podreach as root.',
    );
  });

  test('are a matter of capabilities for root', () => {
    expect(namespacesRefused(refusal, true, settings({ '/proc/self/status': 'Seccomp:\t2\n' })).hint).toBe(
      'This container may not make namespaces: start it with --privileged.',
    );
    expect(namespacesRefused('', true, settings({}))).toMatchObject({
      message: 'the kernel refuses the namespaces that the sandbox is made of',
      hint: 'This root lacks CAP_SYS_ADMIN: run podreach with it, such as in a container started with --privileged.',
    });
  });
});
