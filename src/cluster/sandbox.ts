/** The embedded cluster as a provider: the default, and the only one that needs nothing but this machine. */
import { type ErrorCode, PodreachError } from '../errors.ts';
import { OUTSIDE, OUTSIDE_NAME } from '../sandbox/annotations.ts';
import { hasIPv6 } from '../sandbox/ip-family.ts';
import { type SandboxExit, type SandboxOptions, startSandbox } from '../sandbox/sandbox.ts';
import { SandboxError, type SandboxErrorCode } from '../sandbox/sandbox-error.ts';
import type { Cluster, ClusterProvider, ClusterTiming, Trust } from './cluster.ts';

/** Rules are in force within milliseconds, and nothing is further away than this machine's memory. */
const TIMING: ClusterTiming = { timeoutMs: 500, withinMs: 10_000, settleFloorMs: 250 };

/** Its ways where the specification leaves it open are in docs/sandbox.md. */
const TRUST: Trust = {
  kind: 'proven',
  ipBlocksMatchPods: true,
  hostNetworkPodsAreNodes: true,
  ipBlocksMatchHostNetwork: true,
  servicesAreTranslatedFirst: true,
  nodePortsHideSourceElsewhere: true,
};

const CODES: Readonly<Record<SandboxErrorCode, ErrorCode>> = {
  'not-supported': 'not-supported',
  'tool-missing': 'tool-missing',
  'start-failed': 'cluster-unavailable',
};

/** The number of nodes (1 to 10), whether policies are enforced, when the DNS server starts, and whether there is no IPv6. */
export type SandboxClusterOptions = Omit<SandboxOptions, 'signal'>;

/** What to know of all sandboxes on this machine. */
export function sandboxNotes(): readonly string[] {
  return hasIPv6() ? [] : ['the kernel of this machine has no IPv6, so the sandbox has IPv4 alone'];
}

export function sandboxCluster(options: SandboxClusterOptions): ClusterProvider {
  return {
    kind: 'sandbox',
    async start({ signal }): Promise<Cluster> {
      const sandbox = await startSandbox({ ...options, signal }).catch((thrown: unknown) => {
        throw thrown instanceof SandboxError ? harnessError(thrown) : thrown;
      });
      const lost = new AbortController();
      void sandbox.exited.then((exit) => abortWhenLost(lost, exit));
      const { kubeconfig } = sandbox;
      return {
        kind: 'sandbox',
        kubeconfig,
        timing: TIMING,
        trust: TRUST,
        lifetime: { kind: 'ends-with-run' },
        outside: { kind: 'pods', address: OUTSIDE, name: OUTSIDE_NAME },
        lost: lost.signal,
        stop: () => sandbox.stop(),
      };
    },
  };
}

function harnessError(error: SandboxError): PodreachError {
  return new PodreachError(CODES[error.code], error.message, { hint: error.hint, cause: error });
}

function abortWhenLost(lost: AbortController, exit: SandboxExit): void {
  if (exit.kind === 'lost') lost.abort(new PodreachError('cluster-lost', exit.reason));
}
