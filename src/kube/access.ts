/** What a kubeconfig says about reaching its cluster: the address, and how to be trusted there. */
import { Agent as HttpAgent } from 'node:http';
import { Agent as HttpsAgent, type RequestOptions } from 'node:https';
import type { KubeConfig } from '@kubernetes/client-node';
import type { ClientOptions } from 'ws';
import { messageOf, PodreachError } from '../errors.ts';

/** Credentials, TLS settings and the agent for one connection; fits `https.request` and `ws` alike. */
export type ConnectionOptions = Omit<RequestOptions, 'headers' | 'agent'> &
  Pick<ClientOptions, 'agent'> & { readonly headers: Readonly<Record<string, string>> };

export interface Access {
  /** The API server's address without a slash at its end; may have a path. */
  readonly server: string;
  readonly context: string;
  /** For a request over connections that are kept, shared and bounded. @throws PodreachError `cluster-unavailable` */
  shared(): Promise<ConnectionOptions>;
  /** For a request or a stream over a connection of its own. @throws PodreachError `cluster-unavailable` */
  alone(): Promise<ConnectionOptions>;
  /** Grows by one each time the credentials are read. */
  readonly generation: number;
  /**
   * Lets the credentials be read again by whoever comes next: the server did not take those of `generation`. Nothing happens where
   * that has been done already.
   */
  renew(generation: number): void;
  /** Closes idle connections. */
  close(): void;
}

type Credentials = Omit<RequestOptions, 'headers'> & { headers: Record<string, string> };

/** An API server serves few requests of one client at a time; more only wait there instead of here. */
const MAX_CONNECTIONS = 32;

/**
 * Reads a kubeconfig. Files that it names must be absolute paths: its own place is not known here.
 *
 * Credentials and TLS come from the Kubernetes client, which knows tokens, client certificates, exec plugins and proxies;
 * it is imported only here and only now, because that takes a good part of a second.
 * @throws PodreachError `cluster-unavailable` where it names no usable cluster; the client by itself would go to localhost:8080
 */
export async function readAccess(kubeconfigText: string): Promise<Access> {
  const { KubeConfig } = await import('@kubernetes/client-node');
  /** What it learns of tokens and plugins it keeps; a new one knows nothing yet. */
  const load = (): KubeConfig => {
    const loaded = new KubeConfig();
    try {
      loaded.loadFromString(kubeconfigText);
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
  if (context === null || cluster === null || config.getCurrentUser() === null) {
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
  const readCredentials = async (): Promise<Credentials> => {
    const options: Credentials = { headers: {} };
    try {
      await config.applyToHTTPSOptions(options);
    } catch (thrown) {
      throw new PodreachError(
        'cluster-unavailable',
        `the credentials of context "${context.name}" cannot be used: ${messageOf(thrown).trim()}`,
        { hint: `Log in again: kubectl --context ${context.name} version must work.`, cause: thrown },
      );
    }
    // Files with a token often end with a line break, which no header may hold.
    const { Authorization: authorization, ...headers } = options.headers;
    return {
      ...options,
      headers: authorization === undefined ? headers : { ...headers, Authorization: authorization.trim() },
    };
  };
  /** Many requests begin at once; a credential plugin is run once for all of them. */
  let reading: Promise<Credentials> | undefined;
  const optionsWith = async (agent: HttpAgent): Promise<ConnectionOptions> => {
    reading ??= readCredentials().finally(() => {
      reading = undefined;
    });
    const options = await reading;
    // The client's own agent is needed for nothing but a proxy: it keeps no connection and bounds none.
    const { agent: clients, ...rest } = options;
    return { ...rest, agent: cluster.proxyUrl && clients instanceof HttpAgent ? clients : agent };
  };
  return {
    server: cluster.server,
    context: context.name,
    shared: () => optionsWith(kept),
    alone: () => optionsWith(single),
    get generation() {
      return generation;
    },
    renew(refused) {
      if (refused !== generation) return;
      generation += 1;
      reading = undefined;
      config = load();
    },
    close() {
      kept.destroy();
      single.destroy();
    },
  };
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
