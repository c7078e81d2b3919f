/** What a kubeconfig says about reaching its cluster: the address, and how to be trusted there. */
import { Agent as HttpAgent } from 'node:http';
import { Agent as HttpsAgent, type RequestOptions } from 'node:https';
import type { Cluster, Context, KubeConfig, User } from '@kubernetes/client-node';
import type { ClientOptions } from 'ws';
import { messageOf, PodreachError } from '../errors.ts';
import { credentialReader, type Headers, type Writable } from './credentials.ts';
import { proxyFor } from './proxy.ts';

/** Credentials, TLS settings and the agent for one connection; fits `https.request` and `ws` alike. */
export type ConnectionOptions = Omit<RequestOptions, 'headers' | 'agent'> &
  Pick<ClientOptions, 'agent'> & { readonly headers: Headers };

export interface Access {
  /** The API server's address without a slash at its end; may have a path. */
  readonly server: string;
  /** The server as an error names it: with the proxy on the way there, without what logs in at it. */
  readonly place: string;
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

/** The user of a context that names none. */
const ANONYMOUS: User = { name: '' };

/** An API server serves few requests of one client at a time; more only wait there instead of here. */
const MAX_CONNECTIONS = 32;

/**
 * Reads a kubeconfig. Files that it names must be absolute paths: its own place is not known here.
 *
 * Credentials and TLS come from the Kubernetes client, which knows tokens, client certificates and proxies; it is imported only now,
 * because what needs no cluster is to begin without it.
 * @param credentialsMs how long reading the credentials may take
 * @param env names the proxy where the kubeconfig does not
 * @throws PodreachError `cluster-unavailable` where it names no usable cluster; the client by itself would go to localhost:8080
 */
export async function readAccess(
  kubeconfigText: string,
  credentialsMs: number,
  env: NodeJS.ProcessEnv = process.env,
): Promise<Access> {
  const { KubeConfig } = await import('./client.ts');
  const load = (): KubeConfig => {
    const loaded = new KubeConfig();
    try {
      loaded.loadFromString(kubeconfigText, { onInvalidEntry: 'filter' });
      const chosen: Writable<Context> | null = loaded.getContextObject(loaded.getCurrentContext());
      for (const one of loaded.clusters) if (one.name === chosen?.cluster) useProxy(one, env);
      // Without a user the client would not even trust the cluster's own authority.
      if (chosen && !chosen.user) {
        chosen.user = ANONYMOUS.name;
        loaded.users.push({ ...ANONYMOUS });
      }
    } catch (thrown) {
      throw new PodreachError('cluster-unavailable', `the kubeconfig cannot be read: ${messageOf(thrown)}`, {
        hint: 'Check it with: kubectl --kubeconfig FILE config view',
        cause: thrown,
      });
    }
    return loaded;
  };
  const config = load();
  const context = config.getContextObject(config.getCurrentContext());
  const cluster = config.getCurrentCluster();
  const user = config.getCurrentUser();
  if (context === null || cluster === null || user === null) {
    const what = missing(config.getCurrentContext(), context, cluster);
    throw new PodreachError('cluster-unavailable', `the kubeconfig is not complete: ${what}`, {
      hint: 'Complete it, or choose another context with --cluster context=NAME.',
    });
  }
  const credentials = credentialReader({
    kubeconfigText,
    load,
    context: context.name,
    cluster,
    user,
    withinMs: credentialsMs,
  });

  const secure = cluster.server.startsWith('https:');
  const kept = secure
    ? new HttpsAgent({ keepAlive: true, maxSockets: MAX_CONNECTIONS })
    : new HttpAgent({ keepAlive: true, maxSockets: MAX_CONNECTIONS });
  const single = secure ? new HttpsAgent() : new HttpAgent();
  let generation = 1;
  const optionsWith = async (agent: HttpAgent, signal?: AbortSignal): Promise<ConnectionOptions> => {
    // The client's own agent is needed for nothing but a proxy: it keeps no connection and bounds none.
    const { agent: clients, ...rest } = await credentials.read(signal);
    return { ...rest, agent: cluster.proxyUrl && clients instanceof HttpAgent ? clients : agent };
  };
  return {
    server: cluster.server,
    place: cluster.proxyUrl
      ? `${cluster.server}, through the proxy ${originOf(cluster.proxyUrl)}`
      : cluster.server,
    context: context.name,
    shared: (signal) => optionsWith(kept, signal),
    alone: (signal) => optionsWith(single, signal),
    get generation() {
      return generation;
    },
    renew(refused) {
      if (refused !== generation) return;
      generation += 1;
      credentials.renew();
    },
    close() {
      credentials.close();
      kept.destroy();
      single.destroy();
    },
  };
}

function originOf(proxy: string): string {
  return URL.canParse(proxy) ? new URL(proxy).host : 'that is named';
}

/** The kubeconfig's own proxy goes before the environment's. */
function useProxy(cluster: Writable<Cluster>, env: NodeJS.ProcessEnv): void {
  const proxy = cluster.proxyUrl ?? proxyFor(cluster.server, env);
  if (proxy !== undefined) cluster.proxyUrl = proxy;
}

/** Which link from the current context to a cluster and a user does not hold. */
function missing(current: string | undefined, context: Context | null, cluster: Cluster | null): string {
  if (!current) return 'it names no current context';
  if (context === null) return `its current context "${current}" is not among its contexts`;
  return cluster === null
    ? `its context "${current}" needs the cluster "${context.cluster}", which is not there or has no server`
    : `its context "${current}" needs the user "${context.user}", which is not there`;
}
