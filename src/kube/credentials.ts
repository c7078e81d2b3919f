/** Reads the credentials and TLS settings of a kubeconfig's current context, in bounded time, and as often as they run out. */
import type { RequestOptions } from 'node:https';
import type { Cluster, KubeConfig, User } from '@kubernetes/client-node';
import { type ErrorDetails, messageOf, PodreachError } from '../errors.ts';
import { type Credential, type Plugin, readPlugin, runPlugin } from './credential-plugin.ts';
import { impersonationHeaders, impersonationIn } from './impersonation.ts';

export type Headers = Readonly<Record<string, string | string[]>>;
export type Credentials = Omit<RequestOptions, 'headers'> & { readonly headers: Headers };
/** As the client writes them. */
type ClientCredentials = Omit<RequestOptions, 'headers'> & { headers: Record<string, string> };
export type Writable<T> = { -readonly [Key in keyof T]: T[Key] };

export interface CredentialReader {
  /**
   * @param signal ends the waiting
   * @throws PodreachError `cluster-unavailable`; the signal's reason
   */
  read(signal: AbortSignal | undefined): Promise<Credentials>;
  /** What has been read so far does not count any more. */
  renew(): void;
  /** Ends a plugin that is still running. */
  close(): void;
}

export interface CredentialSource {
  readonly kubeconfigText: string;
  /** What the client learns of tokens it keeps; a new one knows nothing yet. */
  readonly load: () => KubeConfig;
  /** The current context's name, cluster and user. */
  readonly context: string;
  readonly cluster: Cluster;
  readonly user: User;
  /** How long reading may take. */
  readonly withinMs: number;
}

/** @throws PodreachError `cluster-unavailable` where the user's entry makes no sense */
export function credentialReader(source: CredentialSource): CredentialReader {
  const { load, cluster, user, withinMs } = source;
  const plugin = user.exec ? readPlugin(user.exec) : undefined;
  const impersonation = impersonationHeaders(impersonationIn(source.kubeconfigText, user.name));
  const closing = new AbortController();
  let config = load();
  let credential: Credential | undefined;

  const readOnce = async (signal: AbortSignal): Promise<ClientCredentials> => {
    if (plugin !== undefined && isOver(credential)) {
      credential = await runPlugin(plugin, cluster, signal);
      config = load();
    }
    if (credential !== undefined) takeOver(credential, config.getCurrentUser());
    const options: ClientCredentials = { headers: {} };
    await config.applyToHTTPSOptions(options);
    return options;
  };
  const readInTime = async (): Promise<Credentials> => {
    const limit = AbortSignal.timeout(withinMs);
    const signal = AbortSignal.any([limit, closing.signal]);
    try {
      const { headers, ...options } = await orAborted(readOnce(signal), signal);
      return { ...options, headers: { ...trimmed(headers), ...impersonation } };
    } catch (thrown) {
      throw limit.aborted ? lateError(source, plugin, thrown) : unusableError(source, thrown);
    }
  };
  /** Many requests begin at once; a plugin is run once for all of them. */
  let reading: Promise<Credentials> | undefined;
  return {
    async read(signal) {
      reading ??= readInTime().finally(() => {
        reading = undefined;
      });
      return await orAborted(reading, signal);
    },
    renew() {
      reading = undefined;
      credential = undefined;
      config = load();
    },
    close: () => closing.abort(),
  };
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
  if (token) user.token ??= token;
  if (clientCertificateData) user.certData = base64(clientCertificateData);
  if (clientKeyData) user.keyData = base64(clientKeyData);
}

function base64(text: string): string {
  return Buffer.from(text).toString('base64');
}

/** Files with a token often end with a line break, which no header may hold. */
function trimmed(headers: Readonly<Record<string, string>>): Readonly<Record<string, string>> {
  const { Authorization: authorization } = headers;
  return authorization === undefined ? headers : { ...headers, Authorization: authorization.trim() };
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

function lateError(source: CredentialSource, plugin: Plugin | undefined, cause: unknown): PodreachError {
  const who = plugin === undefined ? 'the identity provider' : `the credential plugin ${plugin.command}`;
  return credentialsError(source, `${who} gave no answer within ${source.withinMs / 1000} s`, {
    hint:
      plugin &&
      `Interactive logins are not supported: kubectl --context ${source.context} version must work without a prompt.`,
    cause,
  });
}

function unusableError(source: CredentialSource, cause: unknown): PodreachError {
  const hint = cause instanceof PodreachError ? cause.hint : undefined;
  return credentialsError(source, messageOf(cause).trim(), { hint, cause });
}

function credentialsError(
  { context }: CredentialSource,
  words: string,
  { hint = `Log in again: kubectl --context ${context} version must work.`, cause }: ErrorDetails,
): PodreachError {
  return new PodreachError(
    'cluster-unavailable',
    `the credentials of context "${context}" cannot be used: ${words}`,
    { hint, cause },
  );
}
