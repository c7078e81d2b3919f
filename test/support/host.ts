/**
 * What of a sandbox would stand on the machine itself if it did not stay in its namespaces: links and mounts, by the names that it
 * gives them. All others come and go as they like.
 */
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { requireTools, searchPath } from '../../src/sandbox/host.ts';

export function sandboxLinks(): string[] {
  const { ip } = requireTools(process.platform, searchPath(process.env['PATH']));
  const links: { ifname: string }[] = JSON.parse(execFileSync(ip, ['-json', 'link'], { encoding: 'utf8' }));
  return links.map(({ ifname }) => ifname).filter((name) => /^(node-|pod)\d+$/.test(name));
}

export function sandboxMounts(): string[] {
  const mounts = readFileSync('/proc/self/mountinfo', 'utf8').trim().split('\n');
  // The files of network namespaces, and what lies in the folders that it makes for itself.
  return mounts.filter((line) => /\/netns\/(node-|pod)\d+ | - \S+ podreach /.test(line));
}
