/** Into what another process sees of the file system. */

/**
 * Options of `nsenter`: the mount namespace of a process, its root and its root as the working folder. Without the root, `nsenter`
 * leaves a chroot, and what is meant for the sandbox's files meets the host's.
 */
export function mountsOf(pid: number | undefined): string[] {
  return [`--mount=/proc/${pid}/ns/mnt`, `--root=/proc/${pid}/root`, `--wd=/proc/${pid}/root`];
}
