/** Finds the kubeconfig that a person's own tools would use, by kubectl's rules. */
import { existsSync, readFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { delimiter, dirname, join, resolve } from 'node:path';
import type { KubeConfig, User } from '@kubernetes/client-node';
import { parse } from 'yaml';
import { z } from 'zod';
import { messageOf, PodreachError } from '../errors.ts';
import { shellCommand } from '../shell.ts';
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
 * The files of `KUBECONFIG`, merged, the first to name something wins; else `~/.kube/config`. Where they hold nothing: the service
 * account of the pod that this runs in.
 * @param wanted the context's name; absent: the current one
 * @param file goes before all of these, and must exist
 * @param root the folder that stands for `/` where a service account is looked for
 * @throws PodreachError `cluster-unavailable` where there is no kubeconfig, or no such context
 */
export async function findKubeconfig(
  wanted: string | undefined,
  file?: string,
  env: NodeJS.ProcessEnv = process.env,
  root = '',
): Promise<FoundKubeconfig> {
  if (file !== undefined && !existsSync(file)) {
    throw new PodreachError('cluster-unavailable', `there is no kubeconfig ${file}`, {
      hint: 'Check the name after --kubeconfig.',
    });
  }
  const { KubeConfig } = await import('./client.ts');
  const config = new KubeConfig();
  const impersonations = new Map<User, Impersonation>();
  for (const one of file === undefined ? kubeconfigFiles(env) : [file]) {
    const next = new KubeConfig();
    try {
      loadInto(next, one, impersonations);
      addMissing(config, next);
    } catch (thrown) {
      throw new PodreachError(
        'cluster-unavailable',
        `the kubeconfig ${one} cannot be read: ${messageOf(thrown)}`,
        { hint: `Check it with: ${viewCommand(one)}`, cause: thrown },
      );
    }
  }
  if (file === undefined && isEmpty(config) && isInCluster(env, root)) config.loadFromCluster(root);
  const context = chooseContext(config, wanted, file);
  config.setCurrentContext(context);
  return { text: textOf(config, impersonations), context, server: config.getCurrentCluster()?.server ?? '' };
}

/** An empty file is an empty kubeconfig. What is not complete in one is left out: it only matters where it is chosen. */
function loadInto(config: KubeConfig, file: string, impersonations: Map<User, Impersonation>): void {
  const text = readFileSync(file, 'utf8');
  const { data: document, error } = kubeconfigSchema.safeParse(parse(text) ?? {});
  if (error !== undefined) throw new Error(z.prettifyError(error));
  const { kind, users } = document;
  if (kind != null && kind !== 'Config') throw new Error(`it is of the kind ${kind}`);
  // The client cannot read a text in which there is nothing.
  config.loadFromString(Object.keys(document).length === 0 ? '{}' : text, { onInvalidEntry: 'filter' });
  config.makePathsAbsolute(dirname(file));
  followTokenFiles(config, users ?? [], file);
  followPlugins(config, file);
  for (const user of config.users) impersonations.set(user, impersonationIn(text, user.name));
}

function chooseContext(config: KubeConfig, wanted: string | undefined, file: string | undefined): string {
  const names = config.getContexts().map(({ name }) => name);
  if (names.length === 0) {
    throw file === undefined
      ? new PodreachError('cluster-unavailable', 'there is no kubeconfig with a context', {
          hint: 'Set KUBECONFIG, or write ~/.kube/config.',
        })
      : new PodreachError('cluster-unavailable', `the kubeconfig ${file} has no context`, {
          hint: `See what it has: ${viewCommand(file)}`,
        });
  }
  const context = wanted ?? config.getCurrentContext();
  if (names.includes(context)) return context;
  throw new PodreachError(
    'cluster-unavailable',
    context ? `no context "${context}" in the kubeconfig` : 'the kubeconfig has no current context',
    { hint: `Write --cluster context=NAME with one of: ${names.join(', ')}.` },
  );
}

function viewCommand(file: string): string {
  return shellCommand(['kubectl', '--kubeconfig', file, 'config', 'view']);
}

function isEmpty({ clusters, users, contexts, currentContext }: KubeConfig): boolean {
  return clusters.length + users.length + contexts.length === 0 && !currentContext;
}

/** What client-go asks before it takes the service account of a pod. */
function isInCluster(env: NodeJS.ProcessEnv, root: string): boolean {
  const { KUBERNETES_SERVICE_HOST: host, KUBERNETES_SERVICE_PORT: port } = env;
  return Boolean(host && port) && existsSync(root + SERVICE_ACCOUNT_TOKEN);
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
function followTokenFiles(config: KubeConfig, users: readonly UserEntry[], file: string): void {
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

const userEntrySchema = z.looseObject({
  name: z.string().nullish(),
  user: z.looseObject({ tokenFile: z.string().nullish() }).nullish(),
});
type UserEntry = z.infer<typeof userEntrySchema>;

const kubeconfigSchema = z.looseObject({
  kind: z.string().nullish(),
  users: z.array(userEntrySchema).nullish(),
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
