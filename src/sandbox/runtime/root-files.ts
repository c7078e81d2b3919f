/**
 * The files that pods see otherwise than the host has them. All of it is mounted in the supervisor's mount namespace and in
 * memory; nothing is written to the host's disk.
 */
import { existsSync, realpathSync } from 'node:fs';
import { mkdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { ToolPaths } from '../host.ts';
import { run } from '../run.ts';

/** Of the nodes, who ask nobody: the comment makes it a file that resolvers take as it is. */
const RESOLV_CONF = '# no name server\n';
const HOSTS = '127.0.0.1\tlocalhost\n::1\tlocalhost ip6-localhost ip6-loopback\n';

/** The files of one pod. */
export interface PodFiles {
  /** To be mounted over /etc/hosts. */
  readonly hosts: string;
  /** To be mounted over /etc/resolv.conf. */
  readonly resolvConf: string;
}

/** A folder in memory that only the sandbox sees. */
export interface RootFiles {
  /** The folder itself. All pods see it. */
  readonly folder: string;
  /** Holds `node` and nothing else: the first entry of every container's search path. */
  readonly programs: string;
  writePodFiles(
    podUid: string,
    addresses: readonly string[],
    hostname: string,
    resolvConf: string,
  ): Promise<PodFiles>;
  removePodFiles(podUid: string): Promise<void>;
}

/**
 * Makes the private folder and mounts what all pods share. Runs in the supervisor's mount namespace.
 * @param nodeBinary the Node.js of the containers; it may lie under /tmp, which pods do not see
 * @param keepVisible files that the private folder must not hide
 */
export async function mountRootFiles(
  tools: ToolPaths,
  nodeBinary: string,
  keepVisible: readonly string[],
): Promise<RootFiles> {
  const folder = choosePrivateFolder([nodeBinary, ...keepVisible]);
  const programs = join(folder, 'bin');
  const pods = join(folder, 'pods');
  await run('covering files of the host', tools.sh, ['-s'], mountScript(tools, folder, programs, nodeBinary));
  await mkdir(pods);
  return {
    folder,
    programs,
    async writePodFiles(podUid, addresses, hostname, resolvConf) {
      const files = { hosts: join(pods, `${podUid}.hosts`), resolvConf: join(pods, `${podUid}.resolv.conf`) };
      const own = addresses.map((address) => `${address}\t${hostname}\n`).join('');
      await Promise.all([
        writeFile(files.hosts, `${HOSTS}${own}`, { mode: 0o644 }),
        writeFile(files.resolvConf, resolvConf, { mode: 0o644 }),
      ]);
      return files;
    },
    async removePodFiles(podUid) {
      const files = ['hosts', 'resolv.conf'].map((name) => join(pods, `${podUid}.${name}`));
      await Promise.all(files.map((file) => rm(file, { force: true })));
    },
  };
}

/** A folder that every Linux has and nobody in the sandbox needs. */
function choosePrivateFolder(keepVisible: readonly string[]): string {
  const folder = ['/media', '/mnt', '/srv', '/dev/shm'].find(
    (candidate) =>
      existsSync(candidate) &&
      realpathSync(candidate) === candidate &&
      !keepVisible.some((file) => file.startsWith(`${candidate}/`)),
  );
  if (folder === undefined) throw new Error('none of /media, /mnt, /srv and /dev/shm can be mounted over');
  return folder;
}

function mountScript({ mount }: ToolPaths, folder: string, programs: string, nodeBinary: string): string {
  return `set -e
${mount} -t tmpfs -o mode=755 podreach ${folder}
mkdir ${programs} ${folder}/etc
: > ${programs}/node
${mount} -o bind ${quote(nodeBinary)} ${programs}/node
printf '%s' ${quote(RESOLV_CONF)} > ${folder}/etc/resolv.conf
printf '%s' ${quote(HOSTS)} > ${folder}/etc/hosts
# Both must be files to be mounted over. Where one is missing, or a link to nowhere, /etc is covered with files that are there.
if [ -f /etc/resolv.conf ] && [ -f /etc/hosts ]; then
  ${mount} -o bind ${folder}/etc/resolv.conf /etc/resolv.conf
else
  ${mount} -t overlay -o lowerdir=${folder}/etc:/etc podreach /etc
fi
`;
}

/** A word of a shell script. */
function quote(text: string): string {
  return `'${text.replaceAll("'", "'\\''")}'`;
}
