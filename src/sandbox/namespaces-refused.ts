/** Namespaces that the kernel refuses to make: what stands in the way, and what to do about it. */
import { readFileSync } from 'node:fs';
import { SandboxError } from './sandbox-error.ts';

/** Reads a file of /proc; undefined where it does not exist. */
type ReadProc = (file: string) => string | undefined;

/**
 * @param stderr what `unshare` said
 * @param isRoot whether this process is root, so that namespaces were also tried without a user namespace
 */
export function namespacesRefused(
  stderr: string,
  isRoot: boolean,
  readProc: ReadProc = readFile,
): SandboxError {
  const said = stderr.trim().split('\n').at(-1) ?? '';
  const message = `the kernel refuses the namespaces that the sandbox is made of${said === '' ? '' : ` (${said})`}`;
  const limit = blockingSetting(LIMITS, readProc);
  const hint = isRoot ? adviceForRoot(said, readProc) : adviceForUser(readProc);
  return new SandboxError('not-supported', message, limit === undefined ? hint : `${limit}.`);
}

function adviceForRoot(said: string, readProc: ReadProc): string {
  if (said.includes('root filesystem propagation')) {
    return 'This is a chroot whose folder is no mount point: leave it, make it one with "mount --bind FOLDER FOLDER", and enter it again.';
  }
  if (said.includes('mount /proc failed: No such file')) return 'There is no folder /proc: make it.';
  const status = readProc('/proc/self/status') ?? '';
  if (isConfined(status)) return 'This container may not make namespaces: start it with --privileged.';
  const capabilities = /^CapEff:\s*([0-9a-f]+)$/m.exec(status)?.[1];
  return capabilities === undefined || (BigInt(`0x${capabilities}`) & CAP_SYS_ADMIN) !== 0n
    ? 'A security module may forbid them: see what the kernel has logged (dmesg).'
    : 'This root lacks CAP_SYS_ADMIN: run podreach with it, such as in a container started with --privileged.';
}

function adviceForUser(readProc: ReadProc): string {
  if (isChroot(readProc('/proc/self/mountinfo')))
    return 'This is a chroot, in which the kernel makes no user namespaces: run podreach outside of it.';
  const setting = blockingSetting(USER_NAMESPACES, readProc);
  if (setting !== undefined) return `${setting}, or run podreach as root.`;
  return isConfined(readProc('/proc/self/status') ?? '')
    ? 'A seccomp filter forbids user namespaces here: start the container with --privileged, or run podreach outside of it.'
    : 'Allow unprivileged user namespaces (kernel.unprivileged_userns_clone, user.max_user_namespaces, kernel.apparmor_restrict_unprivileged_userns; in a chroot there are none), or run podreach as root.';
}

/** Nothing is mounted at the root of a process in a chroot, as far as it can see, unless its folder is a mount point. */
function isChroot(mounts: string | undefined): boolean {
  return mounts !== undefined && !/^(?:\S+ ){4}\/ /m.test(mounts);
}

function isConfined(status: string): boolean {
  return /^Seccomp:\s*2$/m.test(status);
}

/** The bit of the capability in a set. */
const CAP_SYS_ADMIN = 1n << 21n;

interface Setting {
  readonly name: string;
  readonly blocks: string;
  readonly wanted: string;
}

const USER_NAMESPACES: readonly Setting[] = [
  { name: 'kernel.unprivileged_userns_clone', blocks: '0', wanted: '1' },
  { name: 'user.max_user_namespaces', blocks: '0', wanted: '15000' },
  { name: 'kernel.apparmor_restrict_unprivileged_userns', blocks: '1', wanted: '0' },
];
const LIMITS: readonly Setting[] = ['net', 'mnt', 'pid', 'uts'].map((kind) => ({
  name: `user.max_${kind}_namespaces`,
  blocks: '0',
  wanted: '15000',
}));

/** What to set, for the first setting that stands in the way. */
function blockingSetting(settings: readonly Setting[], readProc: ReadProc): string | undefined {
  const found = settings.find(
    ({ name, blocks }) => readProc(`/proc/sys/${name.replaceAll('.', '/')}`)?.trim() === blocks,
  );
  return (
    found && `${found.name} is ${found.blocks}: set it as root with "sysctl -w ${found.name}=${found.wanted}"`
  );
}

function readFile(file: string): string | undefined {
  try {
    return readFileSync(file, 'utf8');
  } catch {
    return undefined;
  }
}
