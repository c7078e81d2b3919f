/** What a kubeconfig says about reaching its cluster: the address, and how to be trusted there. */
import { Agent as HttpAgent } from 'node:http';
import { Agent as HttpsAgent, type RequestOptions } from 'node:https';
import type { Cluster, KubeConfig, User } from '@kubernetes/client-node';
import type { ClientOptions } from 'ws';
import { messageOf, PodreachError } from '../errors.ts';
import { type Credential, commandLine, type Plugin, readPlugin, runPlugin } from './credential-plugin.ts';
import { impersonationHeaders, impersonationIn } from './impersonation.ts';
import { proxyFor } from './proxy.ts';

/** Credentials, TLS settings and the agent for one connection; fits `https.request` and `ws` alike. */
export type ConnectionOptions = Omit<RequestOptions, 'headers' | 'agent'> &
  Pick<ClientOptions, 'agent'> & { readonly headers: Readonly<Record<string, string | string[]>> };

export interface Access {
  /** The API server's address without a slash at its end; may have a path. */
  readonly server: string;
  readonly context: string;
  /**
   * For a request over connections that are kept, shared and bounded.
   * @param signal ends the waiting for credentials
   * @throws PodreachError `cluster-unavailable`; the signal's reason
   */
  shared(signal?: AbortSignal): Promise<ConnectionOptions>;
  /** The same for a request or a stream over a connection of its own. */
  alone(signal?: AbortSignal): Promise<ConnectionOptions>;
  /** Grows by one each time the credentials are read. */
  readonly generation: number;
  /**
   * Lets the credentials be read again by whoever comes next: the server did not take those of `generation`. Nothing happens where
   * that has been done already.
   */
  renew(generation: number): void;
  /** Closes idle connections, and ends a credential plugin that is still running. */
  close(): void;
}

type Writable<T> = { -readonly [Key in keyof T]: T[Key] };

/** As the client writes them. */
type ClientCredentials = Omit<RequestOptions, 'headers'> & { headers: Record<string, string> };
type Credentials = Omit<RequestOptions, 'headers'> & Pick<ConnectionOptions, 'headers'>;

/** An API server serves few requests of one client at a time; more only wait there instead of here. */
const MAX_CONNECTIONS = 32;

/**
 * Reads a kubeconfig. Files that it names must be absolute paths: its own place is not known here.
 *
 * Credentials and TLS come from the Kubernetes client, which knows tokens, client certificates and proxies; it is imported only here
 * and only now, because that takes a good part of a second.
 * @param credentialsMs how long reading the credentials may take
 * @param env names the proxy where the kubeconfig does not
 * @throws PodreachError `cluster-unavailable` where it names no usable cluster; the client by itself would go to localhost:8080
 */
export async function readAccess(
  kubeconfigText: string,
  credentialsMs: number,
  env: NodeJS.ProcessEnv = process.env,
): Promise<Access> {
  const { KubeConfig } = await import('@kubernetes/client-node');
  /** What it learns of tokens and plugins it keeps; a new one knows nothing yet. */
  const load = (): KubeConfig => {
    const loaded = new KubeConfig();
    try {
      loaded.loadFromString(kubeconfigText);
      for (const cluster of loaded.clusters) useProxy(cluster, env);
    } catch (thrown) {
      throw new PodreachError('cluster-unavailable', `the kubeconfig cannot be read: ${messageOf(thrown)}`, {
        hint: 'Check it with: kubectl config view',
        cause: thrown,
      });
    }
    return loaded;
  };
  let config = load();
  let generation = 1;
  const context = config.getContextObject(config.getCurrentContext());
  const cluster = config.getCurrentCluster();
  const user = config.getCurrentUser();
  if (context === null || cluster === null || user === null) {
    throw new PodreachError(
      'cluster-unavailable',
      `the kubeconfig is not complete: ${missing(config.getCurrentContext(), context)}`,
      {
        hint: 'Choose a context with: kubectl config use-context NAME',
      },
    );
  }

  const secure = cluster.server.startsWith('https:');
  const kept = secure
    ? new HttpsAgent({ keepAlive: true, maxSockets: MAX_CONNECTIONS })
    : new HttpAgent({ keepAlive: true, maxSockets: MAX_CONNECTIONS });
  const single = secure ? new HttpsAgent() : new HttpAgent();
  const impersonation = impersonationHeaders(impersonationIn(kubeconfigText, user.name));
  const closing = new AbortController();
  const plugin = user.exec ? readPlugin(user.exec) : undefined;
  let credential: Credential | undefined;
  const applyCredentials = async (options: ClientCredentials, signal: AbortSignal): Promise<void> => {
    if (plugin !== undefined && isOver(credential)) {
      credential = await runPlugin(plugin, cluster, signal);
      config = load();
    }
    if (credential !== undefined) takeOver(credential, config.getCurrentUser());
    await orAborted(config.applyToHTTPSOptions(options), signal);
  };
  const readCredentials = async (): Promise<Credentials> => {
    const options: ClientCredentials = { headers: {} };
    const limit = AbortSignal.timeout(credentialsMs);
    try {
      await applyCredentials(options, AbortSignal.any([limit, closing.signal]));
    } catch (thrown) {
      throw credentialsError(context.name, plugin, thrown, limit.aborted ? credentialsMs : undefined);
    }
    // Files with a token often end with a line break, which no header may hold.
    const { Authorization: authorization, ...own } = options.headers;
    const headers = { ...own, ...impersonation };
    return {
      ...options,
      headers: authorization === undefined ? headers : { ...headers, Authorization: authorization.trim() },
    };
  };
  /** Many requests begin at once; a credential plugin is run once for all of them. */
  let reading: Promise<Credentials> | undefined;
  const optionsWith = async (agent: HttpAgent, signal?: AbortSignal): Promise<ConnectionOptions> => {
    reading ??= readCredentials().finally(() => {
      reading = undefined;
    });
    const options = await orAborted(reading, signal);
    // The client's own agent is needed for nothing but a proxy: it keeps no connection and bounds none.
    const { agent: clients, ...rest } = options;
    return { ...rest, agent: cluster.proxyUrl && clients instanceof HttpAgent ? clients : agent };
  };
  return {
    server: cluster.server,
    context: context.name,
    shared: (signal) => optionsWith(kept, signal),
    alone: (signal) => optionsWith(single, signal),
    get generation() {
      return generation;
    },
    renew(refused) {
      if (refused !== generation) return;
      generation += 1;
      reading = undefined;
      credential = undefined;
      config = load();
    },
    close() {
      closing.abort();
      kept.destroy();
      single.destroy();
    },
  };
}

/** The kubeconfig's own proxy goes before the environment's. */
function useProxy(cluster: Writable<Cluster>, env: NodeJS.ProcessEnv): void {
  const proxy = cluster.proxyUrl ?? proxyFor(cluster.server, env);
  if (proxy !== undefined) cluster.proxyUrl = proxy;
}

/** Whether there is none, or none that holds any more. */
function isOver(credential: Credential | undefined): boolean {
  if (credential === undefined) return true;
  return Date.parse(credential.expirationTimestamp ?? '') <= Date.now();
}

/** What a plugin handed out, in the place of what a kubeconfig may hold; the client has nothing left to run then. */
function takeOver(credential: Credential, user: Writable<User> | null): void {
  if (user === null) return;
  const { token, clientCertificateData, clientKeyData } = credential;
  delete user.exec;
  if (token !== undefined) user.token ??= token;
  if (clientCertificateData !== undefined) user.certData = base64(clientCertificateData);
  if (clientKeyData !== undefined) user.keyData = base64(clientKeyData);
}

function base64(text: string): string {
  return Buffer.from(text).toString('base64');
}

/** @param waitedMs how long nothing came; absent: something else went wrong */
function credentialsError(
  context: string,
  plugin: Plugin | undefined,
  thrown: unknown,
  waitedMs: number | undefined,
): PodreachError {
  const source = plugin === undefined ? 'whoever hands them out' : `the credential plugin ${plugin.command}`;
  const words =
    waitedMs === undefined
      ? messageOf(thrown).trim()
      : `${source} gave no answer within ${waitedMs / 1000} s`;
  const login = `Log in again: kubectl --context ${context} version must work.`;
  const byHand = plugin && `Run it by hand: ${commandLine(plugin)}. Logins that ask are not supported.`;
  const hint = waitedMs === undefined ? (thrown instanceof PodreachError ? thrown.hint : undefined) : byHand;
  return new PodreachError(
    'cluster-unavailable',
    `the credentials of context "${context}" cannot be used: ${words}`,
    { hint: hint ?? login, cause: thrown },
  );
}

/** What `work` comes to, unless the signal is aborted first: the work itself goes on then. @throws the signal's reason */
async function orAborted<Result>(work: Promise<Result>, signal: AbortSignal | undefined): Promise<Result> {
  if (signal === undefined) return await work;
  return await new Promise((resolve, reject) => {
    const stop = (): void => reject(signal.reason);
    if (signal.aborted) stop();
    signal.addEventListener('abort', stop, { once: true });
    work.then(resolve, reject).finally(() => signal.removeEventListener('abort', stop));
  });
}

/** Which link from the current context to a cluster and a user does not hold. */
function missing(
  current: string | undefined,
  context: { readonly cluster: string; readonly user: string } | null,
): string {
  if (!current) return 'it names no current context';
  if (context === null) return `its current context "${current}" is not among its contexts`;
  return `its context "${current}" needs the cluster "${context.cluster}" and the user "${context.user}", and one of them is not there`;
}
