import { describe, expect, test } from 'vitest';
import { namespacesRefused } from '../../src/sandbox/namespaces-refused.ts';

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
      '/proc/sys/user/max_net_namespaces',
      '0\n',
      'user.max_net_namespaces is 0: set it as root with "sysctl -w user.max_net_namespaces=15000".',
    ],
    [
      '/proc/self/mountinfo',
      '30 24 0:5 / /proc rw,nosuid shared:13 - proc proc rw\n',
      'This is a chroot, in which the kernel makes no user namespaces: run podreach outside of it.',
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
      'Allow unprivileged user namespaces (kernel.unprivileged_userns_clone, user.max_user_namespaces, kernel.apparmor_restrict_unprivileged_userns; in a chroot there are none), or run podreach as root.',
    );
  });

  test('are not blamed on a chroot that is none', () => {
    const mounts = '24 1 8:1 / / rw,relatime shared:1 - ext4 /dev/sda1 rw\n';
    expect(namespacesRefused(refusal, false, settings({ '/proc/self/mountinfo': mounts })).hint).toMatch(
      /^Allow unprivileged user namespaces/,
    );
  });

  const status = (lines: string) => settings({ '/proc/self/status': lines });
  const LACKS =
    'This root lacks CAP_SYS_ADMIN: run podreach with it, such as in a container started with --privileged.';
  const MODULE = 'A security module may forbid them: see what the kernel has logged (dmesg).';

  test.each([
    [
      'a seccomp filter',
      'Seccomp:\t2\n',
      'This container may not make namespaces: start it with --privileged.',
    ],
    ['a capability that is missing', 'CapEff:\t00000000a80425fb\nSeccomp:\t0\n', LACKS],
    ['neither', 'CapEff:\t000001ffffffffff\nSeccomp:\t0\n', MODULE],
    ['nobody knows what', '', MODULE],
  ])('are for root a matter of %s', (_, lines, hint) => {
    expect(namespacesRefused('', true, status(lines))).toMatchObject({
      message: 'the kernel refuses the namespaces that the sandbox is made of',
      hint,
    });
  });

  test.each([
    [
      'unshare: cannot change root filesystem propagation: Invalid argument',
      'This is a chroot whose folder is no mount point: leave it, make it one with "mount --bind FOLDER FOLDER", and enter it again.',
    ],
    ['unshare: mount /proc failed: No such file or directory', 'There is no folder /proc: make it.'],
  ])('are for root in a chroot a matter of what it lacks: %s', (said, hint) => {
    expect(namespacesRefused(said, true, status('CapEff:\t000001ffffffffff\n')).hint).toBe(hint);
  });
});
