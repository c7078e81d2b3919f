/**
 * The credential plugin of a kubeconfig's user, by the rules of client.authentication.k8s.io. The Kubernetes client runs plugins too,
 * but waits for them without end, keeps their standard input open, and tells them nothing of the cluster.
 */
import { readFileSync } from 'node:fs';
import type { Cluster } from '@kubernetes/client-node';
import { z } from 'zod';
import { PodreachError } from '../errors.ts';

const pluginSchema = z.object({
  apiVersion: z.string(),
  command: z.string(),
  args: z.array(z.string()).nullish(),
  env: z.array(z.object({ name: z.string(), value: z.string() })).nullish(),
  installHint: z.string().nullish(),
  interactiveMode: z.string().nullish(),
  provideClusterInfo: z.boolean().nullish(),
});
export type Plugin = z.infer<typeof pluginSchema>;

const answerSchema = z.object({
  status: z.object({
    token: z.string().optional(),
    /** PEM, and not in Base64 as in a kubeconfig. */
    clientCertificateData: z.string().optional(),
    clientKeyData: z.string().optional(),
    expirationTimestamp: z.string().optional(),
  }),
});
export type Credential = z.infer<typeof answerSchema>['status'];

/**
 * @param exec the `exec` of a user, as it stands in the kubeconfig
 * @throws PodreachError `cluster-unavailable` where it makes no sense, or wants to ask a person
 */
export function readPlugin(exec: unknown): Plugin {
  const { data, error } = pluginSchema.safeParse(exec);
  if (error !== undefined) throw pluginError(`users[].user.exec: ${z.prettifyError(error)}`);
  if (data.interactiveMode === 'Always')
    throw pluginError(`the credential plugin ${data.command} wants to ask on a terminal`, INTERACTIVE);
  return data;
}

const INTERACTIVE = 'Logins that ask are not supported: use credentials that come without.';

/** As a person would call it. */
export function commandLine({ command, args }: Plugin): string {
  return [command, ...(args ?? [])].join(' ');
}

/**
 * @param cluster told to a plugin that asks for it
 * @param signal ends the plugin, with all that it has started
 * @throws PodreachError `cluster-unavailable` where it does not run, fails, or answers something else; the signal's reason
 */
export async function runPlugin(plugin: Plugin, cluster: Cluster, signal: AbortSignal): Promise<Credential> {
  const { execa } = await import('execa');
  signal.throwIfAborted();
  const running = execa(plugin.command, plugin.args ?? [], {
    reject: false,
    stdin: 'ignore',
    env: {
      ...Object.fromEntries((plugin.env ?? []).map(({ name, value }) => [name, value])),
      KUBERNETES_EXEC_INFO: JSON.stringify(execInfo(plugin, cluster)),
    },
    // A group of its own can be ended as a whole: what a plugin has started would keep its output open.
    detached: true,
  });
  const end = (): void => endGroup(running.pid);
  signal.addEventListener('abort', end);
  process.on('exit', end);
  const result = await running;
  signal.removeEventListener('abort', end);
  process.off('exit', end);
  signal.throwIfAborted();
  const said = `the credential plugin ${plugin.command}`;
  if (result.code === 'ENOENT') throw pluginError(`${said} is not there`, plugin.installHint ?? undefined);
  if (result.failed) throw pluginError(`${said} failed: ${result.stderr.trim() || result.shortMessage}`);
  try {
    return answerSchema.parse(JSON.parse(result.stdout)).status;
  } catch {
    throw pluginError(`${said} did not answer with an ExecCredential`);
  }
}

function endGroup(leader: number | undefined): void {
  if (leader === undefined) return;
  try {
    process.kill(-leader, 'SIGKILL');
  } catch {
    // It has ended by itself.
  }
}

/** What a plugin is told in KUBERNETES_EXEC_INFO. */
function execInfo({ apiVersion, provideClusterInfo }: Plugin, cluster: Cluster): object {
  const { server, tlsServerName, skipTLSVerify, caData, caFile, proxyUrl } = cluster;
  const ca = caFile ? readFileSync(caFile).toString('base64') : caData;
  const info = {
    server,
    'tls-server-name': tlsServerName,
    'insecure-skip-tls-verify': skipTLSVerify,
    'certificate-authority-data': ca,
    'proxy-url': proxyUrl,
  };
  const spec = { interactive: false, ...(provideClusterInfo ? { cluster: info } : {}) };
  return { apiVersion, kind: 'ExecCredential', spec };
}

function pluginError(message: string, hint?: string): PodreachError {
  return new PodreachError('cluster-unavailable', message, { hint });
}
