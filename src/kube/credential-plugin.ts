/**
 * The credential plugin of a kubeconfig's user, by the rules of client.authentication.k8s.io. The Kubernetes client runs plugins too,
 * but waits for them without end, keeps their standard input open, and tells them nothing of the cluster.
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { setTimeout as delay } from 'node:timers/promises';
import type { Cluster } from '@kubernetes/client-node';
import { z } from 'zod';
import { PodreachError } from '../errors.ts';
import { endGroup } from '../process-group.ts';
import { isNotThere } from '../search-path.ts';

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
    token: z.string().nullish(),
    /** PEM, and not in Base64 as in a kubeconfig. */
    clientCertificateData: z.string().nullish(),
    clientKeyData: z.string().nullish(),
    expirationTimestamp: z.string().nullish(),
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

/** What was printed before a plugin ended comes at once. */
const LAST_WORDS_MS = 200;

const INTERACTIVE = 'Interactive logins are not supported: use credentials that need no prompt.';

/**
 * @param cluster told to a plugin that asks for it
 * @param signal ends the plugin, with all that it has started
 * @throws PodreachError `cluster-unavailable` where it does not run, fails, or answers something else; the signal's reason
 */
export async function runPlugin(plugin: Plugin, cluster: Cluster, signal: AbortSignal): Promise<Credential> {
  signal.throwIfAborted();
  // Never with its arguments: they may be secrets.
  const said = `the credential plugin ${plugin.command}`;
  const { exitCode, signalName, stdout, stderr } = await runToItsEnd(plugin, cluster, signal).catch(
    (thrown: unknown) => {
      const code = thrown instanceof Error && 'code' in thrown ? thrown.code : thrown;
      throw isNotThere(plugin.command, code)
        ? pluginError(`${said} is not there`, plugin.installHint ?? undefined)
        : pluginError(`${said} cannot be run: ${code}`);
    },
  );
  signal.throwIfAborted();
  if (exitCode !== 0)
    throw pluginError(`${said} failed: ${stderr.trim() || (signalName ?? `exit code ${exitCode}`)}`);
  try {
    return answerSchema.parse(JSON.parse(stdout)).status;
  } catch {
    throw pluginError(`${said} did not answer with an ExecCredential`);
  }
}

interface Ended {
  readonly exitCode: number | null;
  readonly signalName: NodeJS.Signals | null;
  readonly stdout: string;
  readonly stderr: string;
}

/**
 * Of the plugin itself: what it has started and leaves behind may hold its output open for as long as it likes.
 * @throws Error of the system, where it cannot be started
 */
async function runToItsEnd(plugin: Plugin, cluster: Cluster, signal: AbortSignal): Promise<Ended> {
  const child = spawn(plugin.command, plugin.args ?? [], {
    stdio: ['ignore', 'pipe', 'pipe'],
    env: {
      ...process.env,
      ...Object.fromEntries((plugin.env ?? []).map(({ name, value }) => [name, value])),
      KUBERNETES_EXEC_INFO: JSON.stringify(execInfo(plugin, cluster)),
    },
    // A group of its own can be ended as a whole.
    detached: true,
  });
  const output = { stdout: '', stderr: '' };
  for (const name of ['stdout', 'stderr'] as const) {
    child[name].setEncoding('utf8').on('data', (text: string) => {
      output[name] += text;
    });
  }
  const end = (): void => endGroup(child.pid);
  signal.addEventListener('abort', end);
  process.on('exit', end);
  const closed = once(child, 'close').catch(() => undefined);
  try {
    const [exitCode, signalName] = (await once(child, 'exit')) as [number | null, NodeJS.Signals | null];
    await Promise.race([closed, delay(LAST_WORDS_MS, undefined, { ref: false })]);
    return { exitCode, signalName, ...output };
  } finally {
    signal.removeEventListener('abort', end);
    process.off('exit', end);
    child.stdout.destroy();
    child.stderr.destroy();
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
