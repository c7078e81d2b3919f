/** Finds the kubeconfig that a person's own tools would use, by kubectl's rules. */
import { existsSync, readFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { delimiter, dirname, join, resolve } from 'node:path';
import type { KubeConfig, User } from '@kubernetes/client-node';
import { parse } from 'yaml';
import { z } from 'zod';
import { messageOf, PodreachError } from '../errors.ts';
import type { Writable } from './credentials.ts';
import { type Impersonation, impersonationIn } from './impersonation.ts';

export interface FoundKubeconfig {
  /** One kubeconfig as text: files merged, paths in it absolute, the wanted context current. */
  readonly text: string;
  readonly context: string;
  readonly server: string;
}

const SERVICE_ACCOUNT_TOKEN = '/var/run/secrets/kubernetes.io/serviceaccount/token';

/**
 * The files of `KUBECONFIG`, merged, the first to name something wins; else `~/.kube/config`; else the service account of the pod
 * that this runs in.
 * @param wanted the context's name; absent: the current one
 * @param file goes before all of these, and must exist
 * @throws PodreachError `cluster-unavailable` where there is no kubeconfig, or no such context
 */
export async function findKubeconfig(
  wanted: string | undefined,
  file?: string,
  env: NodeJS.ProcessEnv = process.env,
): Promise<FoundKubeconfig> {
  const { KubeConfig } = await import('@kubernetes/client-node');
  const config = new KubeConfig();
  const files = file === undefined ? kubeconfigFiles(env) : [file];
  const impersonations = new Map<User, Impersonation>();
  try {
    for (const [index, file] of files.entries()) {
      const next = index === 0 ? config : new KubeConfig();
      next.loadFromFile(file);
      followTokenFiles(next, file);
      followPlugins(next, file);
      const text = readFileSync(file, 'utf8');
      for (const user of next.users) impersonations.set(user, impersonationIn(text, user.name));
      if (next !== config) addMissing(config, next);
    }
    if (files.length === 0 && existsSync(SERVICE_ACCOUNT_TOKEN)) config.loadFromCluster();
  } catch (thrown) {
    throw new PodreachError('cluster-unavailable', `the kubeconfig cannot be read: ${messageOf(thrown)}`, {
      hint: 'Check it with: kubectl config view',
      cause: thrown,
    });
  }
  const names = config.getContexts().map(({ name }) => name);
  if (names.length === 0) {
    throw new PodreachError('cluster-unavailable', 'there is no kubeconfig with a context', {
      hint: 'Set KUBECONFIG, or write ~/.kube/config.',
    });
  }
  const context = wanted ?? config.getCurrentContext();
  if (!names.includes(context)) {
    const what = context
      ? `no context "${context}" in the kubeconfig`
      : 'the kubeconfig has no current context';
    throw new PodreachError('cluster-unavailable', what, {
      hint: `Write --cluster context=NAME with one of: ${names.join(', ')}.`,
    });
  }
  config.setCurrentContext(context);
  return { text: textOf(config, impersonations), context, server: config.getCurrentCluster()?.server ?? '' };
}

/** The client leaves out whom users act as, but for the name, when it writes a kubeconfig. */
function textOf(config: KubeConfig, impersonations: ReadonlyMap<User, Impersonation>): string {
  const { users, ...rest }: { users: { user: object }[] } = JSON.parse(config.exportConfig());
  const whole = users.map((entry, index) => {
    const user = config.users[index];
    return { ...entry, user: { ...entry.user, ...(user && impersonations.get(user)) } };
  });
  return JSON.stringify({ ...rest, users: whole });
}

/**
 * The client reads `token-file`, which no kubeconfig has: the field is `tokenFile`, goes before `token`, and is to be read again
 * from time to time. That the client does for what it finds in a pod, and for what is written down in the same way.
 */
function followTokenFiles(config: KubeConfig, file: string): void {
  const { users = [] } = tokenFiles.parse(parse(readFileSync(file, 'utf8')) ?? {});
  for (const user of config.users as Writable<User>[]) {
    const tokenFile = users.find(({ name }) => name === user.name)?.user?.tokenFile;
    if (tokenFile == null || tokenFile === '') continue;
    delete user.token;
    user.authProvider = { name: 'tokenFile', config: { tokenFile: resolve(dirname(file), tokenFile) } };
  }
}

/** A command with a slash in it is looked for beside the kubeconfig; the client looks in the current folder. */
function followPlugins({ users }: KubeConfig, file: string): void {
  for (const { exec } of users) {
    const command: unknown = exec?.command;
    if (typeof command === 'string' && command.includes('/')) exec.command = resolve(dirname(file), command);
  }
}

const tokenFiles = z.looseObject({
  users: z
    .array(
      z.looseObject({
        name: z.string(),
        user: z.looseObject({ tokenFile: z.string().nullish() }).nullish(),
      }),
    )
    .nullish()
    .transform((users) => users ?? undefined),
});

/** The client's own merge ends with an error where two files name the same thing; for kubectl the first wins. */
function addMissing(config: KubeConfig, next: KubeConfig): void {
  const missing = <Item extends { readonly name: string }>(items: Item[], known: readonly Item[]): Item[] =>
    items.filter(({ name }) => !known.some((one) => one.name === name));
  next.clusters = missing(next.clusters, config.clusters);
  next.users = missing(next.users, config.users);
  next.contexts = missing(next.contexts, config.contexts);
  config.mergeConfig(next, Boolean(config.currentContext));
}

/** Files that do not exist are passed over, as kubectl does. */
function kubeconfigFiles(env: NodeJS.ProcessEnv): string[] {
  const listed = env['KUBECONFIG'];
  const files =
    listed === undefined || listed === ''
      ? [join(env['HOME'] ?? homedir(), '.kube', 'config')]
      : listed.split(delimiter);
  return files.filter((file) => file !== '' && existsSync(file));
}
