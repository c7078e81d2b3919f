/** The programs that the sandbox needs of the machine. */
import { accessSync, constants, realpathSync } from 'node:fs';
import { basename, delimiter, join } from 'node:path';
import { SandboxError } from './sandbox-error.ts';

/** The programs that the sandbox runs. */
export const TOOLS = ['ip', 'nft', 'unshare', 'nsenter', 'setpriv', 'mount', 'sh'] as const;
export type Tool = (typeof TOOLS)[number];
/** Absolute paths, symbolic links resolved: a later mount may hide the links. */
export type ToolPaths = Readonly<Record<Tool, string>>;

const PACKAGE_OF: Readonly<Record<Tool, 'iproute2' | 'nftables' | 'util-linux' | undefined>> = {
  ip: 'iproute2',
  nft: 'nftables',
  unshare: 'util-linux',
  nsenter: 'util-linux',
  setpriv: 'util-linux',
  mount: 'util-linux',
  sh: undefined,
};

/** Package managers in the order in which they are looked for, with their commands and their own name of iproute2. */
const PACKAGE_MANAGERS = [
  {
    program: 'apt-get',
    refresh: ['update'],
    install: ['install'],
    unattended: ['--yes', '--no-install-recommends'],
    iproute2: 'iproute2',
  },
  {
    program: 'dnf',
    refresh: ['makecache'],
    install: ['install'],
    unattended: ['--assumeyes'],
    iproute2: 'iproute',
  },
  { program: 'apk', refresh: ['update'], install: ['add'], unattended: [], iproute2: 'iproute2' },
  {
    program: 'pacman',
    refresh: ['--sync', '--refresh'],
    install: ['--sync'],
    unattended: ['--noconfirm'],
    iproute2: 'iproute2',
  },
] as const;

/** How this machine's package manager installs what is missing. */
export interface PackageManager {
  readonly program: string;
  /** Arguments that fetch the lists of packages. */
  readonly refresh: readonly string[];
  /** Arguments that install the missing packages, for a person to type. */
  readonly install: readonly string[];
  /** Arguments that make the same happen without questions. */
  readonly unattended: readonly string[];
}

/** What a search for the programs showed. */
export type HostTools =
  | { readonly kind: 'complete'; readonly tools: ToolPaths }
  | {
      readonly kind: 'incomplete';
      readonly missing: readonly Tool[];
      /** This machine's package manager, ready to install what is missing; undefined where none is known. */
      readonly packages: PackageManager | undefined;
    };

/**
 * The search path with the system administrator's folders at its end: they hold `ip` and `nft`, and are missing from
 * the path of an ordinary user on Debian. Without the folders that may not be looked into: they would make of a name that is
 * nowhere one that is forbidden.
 */
export function searchPath(path: string | undefined): string {
  return [...(path ?? '').split(delimiter), '/usr/sbin', '/sbin', '/usr/bin', '/bin']
    .filter(isExecutable)
    .join(delimiter);
}

/**
 * Looks for the sandbox's programs.
 * @param path a search path as in `$PATH`
 */
export function findTools(path: string): HostTools {
  const found = TOOLS.map((tool) => [tool, findTool(tool, path)] as const);
  const missing = found.filter(([, file]) => file === undefined).map(([tool]) => tool);
  // Every tool has a path when none is missing; Object.fromEntries cannot say so.
  if (missing.length === 0) return { kind: 'complete', tools: Object.fromEntries(found) as ToolPaths };
  return { kind: 'incomplete', missing, packages: packageManager(missing, path) };
}

/**
 * The sandbox's programs on this machine.
 * @throws SandboxError `not-supported` where this is not Linux, `tool-missing` with the package to install
 */
export function requireTools(platform: NodeJS.Platform, path: string): ToolPaths {
  if (platform !== 'linux') {
    throw new SandboxError(
      'not-supported',
      `the sandbox is made of Linux network namespaces, and this is ${platform}`,
      'Run podreach on Linux: a virtual machine or a privileged container will do.',
    );
  }
  const search = findTools(path);
  if (search.kind === 'complete') return search.tools;
  throw new SandboxError('tool-missing', describeMissing(search.missing), adviseInstall(search.packages));
}

/** `nft and ip are not installed` */
export function describeMissing(missing: readonly Tool[]): string {
  const list = new Intl.ListFormat('en').format(missing);
  return `${list} ${missing.length === 1 ? 'is' : 'are'} not installed`;
}

/** One sentence that says how to install what is missing. */
export function adviseInstall(packages: PackageManager | undefined): string {
  return packages === undefined
    ? 'Install the packages nftables, iproute2 and util-linux of your distribution.'
    : `Install as root: ${packages.program} ${packages.install.join(' ')}`;
}

function findTool(tool: Tool, path: string): string | undefined {
  for (const folder of path.split(delimiter)) {
    const file = join(folder, tool);
    try {
      accessSync(file, constants.X_OK);
      const resolved = realpathSync(file);
      // BusyBox has an unshare and an nsenter that lack most options, and a multi-call program needs its link's name.
      if (basename(resolved) !== 'busybox') return resolved;
      if (PACKAGE_OF[tool] === undefined || tool === 'mount') return file;
    } catch {
      // Not here; the next folder may have it.
    }
  }
  return undefined;
}

function packageManager(missing: readonly Tool[], path: string): PackageManager | undefined {
  const manager = PACKAGE_MANAGERS.find(({ program }) =>
    path.split(delimiter).some((folder) => isExecutable(join(folder, program))),
  );
  if (manager === undefined) return undefined;
  const packages = new Set(missing.map((tool) => PACKAGE_OF[tool]).filter((name) => name !== undefined));
  const names = [...packages].map((name) => (name === 'iproute2' ? manager.iproute2 : name));
  return { ...manager, install: [...manager.install, ...names] };
}

/** Of a folder: whether names may be looked for in it. */
function isExecutable(file: string): boolean {
  try {
    accessSync(file, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}
