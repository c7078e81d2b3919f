/** What to do when a stage fails, by what was said. */
import { CommandError } from '../command-runner.ts';
import { CGROUP_ADVICE, inotifyAdvice, isCgroupRefused } from './machine.ts';
import type { KindWork } from './work.ts';

/** What to do about the failures of `kind create cluster` that people meet. */
export function adviseCreation(thrown: unknown, work: KindWork): string {
  const { options, machine, config } = work;
  const words = thrown instanceof CommandError ? `${thrown.stderr}\n${thrown.stdout}` : '';
  const sysctl = machine.inotify === undefined ? undefined : inotifyAdvice(machine.inotify);
  if (/failed to pull image|no such image|manifest unknown/i.test(words)) {
    return 'Check that Docker can pull the node image, or name one that it has with --node-image.';
  }
  if (/decode config|apiVersion|unknown kind|invalid configuration/i.test(words)) {
    return `Correct ${options.configFile ?? 'the kind config'}: https://kind.sigs.k8s.io/docs/user/configuration/`;
  }
  if (/too many open files|inotify|could not find a log line/i.test(words) && sysctl !== undefined) {
    return `Raise the limits and try again: ${sysctl}`;
  }
  if (isCgroupRefused(machine.cgroupVersion, config)) return `Docker runs on cgroup v1: ${CGROUP_ADVICE}.`;
  return adviseLook(work);
}

/** Where nothing more is known than that it failed: how to see more. */
export function adviseLook({ options: { name, retain }, isReused }: KindWork): string {
  if (retain === true) return `Look at the logs; when you have seen enough: podreach cluster delete ${name}`;
  return isReused
    ? `Run it again with --retain to collect the logs of its nodes, or delete it: podreach cluster delete ${name}`
    : 'Run it again with --retain to keep the nodes and their logs.';
}

/** Where Docker or kind does not answer as it should. */
export function adviseTools(thrown: unknown): string {
  return `Check what \`${thrown instanceof CommandError ? thrown.commandLine : 'docker info'}\` says.`;
}

/** Where something does not become ready. @param otherwise what to do where images are not what keeps it */
export function adviseWait(thrown: unknown, otherwise: string): string {
  return /ImagePull|ErrImage/.test(String(thrown))
    ? 'Check that the nodes can pull images, or load them from the local Docker with --load-images.'
    : otherwise;
}
