/** Is the machine that Docker runs on large enough? What may become too little is told, never an error: often it does suffice. */
import { readFileSync } from 'node:fs';
import { statfs } from 'node:fs/promises';
import { availableParallelism, freemem } from 'node:os';
import type { KindConfig } from './config.ts';
import type { DockerInfo } from './tools.ts';

const GIB = 1024 ** 3;
/** Node images, Calico's and the probe's, unpacked on three nodes. */
const ENOUGH_DISK_BYTES = 8 * GIB;
/** Three nodes with Calico, and room for a hundred probe pods. */
const ENOUGH_MEMORY_BYTES = 4 * GIB;
/** Recommended by kind for clusters of several nodes. */
const INOTIFY = { max_user_watches: 524_288, max_user_instances: 512 } as const;

/** What Docker's machine has left; undefined where it cannot be told from here. */
export interface Machine {
  readonly inotify: Readonly<Record<keyof typeof INOTIFY, number>> | undefined;
  readonly freeDiskBytes: number | undefined;
  readonly freeMemoryBytes: number | undefined;
  readonly processors: number | undefined;
  readonly cgroupVersion: string;
}

export async function readMachine(docker: DockerInfo): Promise<Machine> {
  const { cgroupVersion, isLocal, rootFolder } = docker;
  if (!isLocal) {
    return {
      inotify: undefined,
      freeDiskBytes: undefined,
      freeMemoryBytes: undefined,
      processors: undefined,
      cgroupVersion,
    };
  }
  return {
    inotify: readInotify(),
    freeDiskBytes: await freeDisk(rootFolder),
    freeMemoryBytes: freemem(),
    processors: availableParallelism(),
    cgroupVersion,
  };
}

function readInotify(): Machine['inotify'] {
  const read = (name: string): number => Number(readFileSync(`/proc/sys/fs/inotify/${name}`, 'utf8'));
  try {
    return {
      max_user_watches: read('max_user_watches'),
      max_user_instances: read('max_user_instances'),
    };
  } catch {
    return undefined;
  }
}

async function freeDisk(folder: string): Promise<number | undefined> {
  try {
    const { bavail, bsize } = await statfs(folder);
    return bavail * bsize;
  } catch {
    return undefined;
  }
}

/** What may become too little on this machine: one line each, with what to do. */
export function machineWarnings(
  { inotify, freeDiskBytes, freeMemoryBytes, processors, cgroupVersion }: Machine,
  config: Pick<KindConfig, 'text'>,
): string[] {
  const sysctl = inotify === undefined ? undefined : inotifyAdvice(inotify);
  const gib = (bytes: number): string => `${(bytes / GIB).toFixed(1)} GiB`;
  return [
    ...(sysctl === undefined
      ? []
      : [`inotify limits are low, which ends in "too many open files" on the nodes; raise them: ${sysctl}`]),
    ...(freeDiskBytes !== undefined && freeDiskBytes < ENOUGH_DISK_BYTES
      ? [
          `${gib(freeDiskBytes)} of disk are free where Docker keeps images; ${gib(ENOUGH_DISK_BYTES)} are advised`,
        ]
      : []),
    ...(freeMemoryBytes !== undefined && freeMemoryBytes < ENOUGH_MEMORY_BYTES
      ? [`${gib(freeMemoryBytes)} of memory are free; ${gib(ENOUGH_MEMORY_BYTES)} are advised`]
      : []),
    ...(processors === 1 ? ['there is one processor; a cluster of three nodes is slow to start on it'] : []),
    ...(isCgroupRefused(cgroupVersion, config)
      ? [`Docker runs on cgroup v1, where Kubernetes 1.35 and newer do not start: ${CGROUP_ADVICE}`]
      : []),
  ];
}

export const CGROUP_ADVICE =
  'take an older --node-image or a newer system, or set failCgroupV1: false for the kubelet in a --kind-config (kubeadmConfigPatches, KubeletConfiguration)';

/** Whether kubelets since Kubernetes 1.35 do not start there. @param config the kubelet's settings are somewhere in its text */
export function isCgroupRefused(cgroupVersion: string, { text }: Pick<KindConfig, 'text'>): boolean {
  return cgroupVersion === '1' && !/^\s*failCgroupV1:\s*false\b/m.test(text);
}

/** The command that raises what is too low; undefined where all is well. */
export function inotifyAdvice(limits: NonNullable<Machine['inotify']>): string | undefined {
  const settings = [
    ...(limits.max_user_watches < INOTIFY.max_user_watches
      ? [`fs.inotify.max_user_watches=${INOTIFY.max_user_watches}`]
      : []),
    ...(limits.max_user_instances < INOTIFY.max_user_instances
      ? [`fs.inotify.max_user_instances=${INOTIFY.max_user_instances}`]
      : []),
  ];
  return settings.length === 0 ? undefined : `sudo sysctl ${settings.join(' ')}`;
}
