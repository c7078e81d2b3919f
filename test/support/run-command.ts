import type { ExecRequest, ExecResult, Kube } from '../../src/kube/kube.ts';

interface Command extends ExecRequest {
  readonly stdin?: string;
  readonly timeoutMs: number;
}

/** Runs a command in a container to its end. */
export async function runCommand(
  kube: Pick<Kube, 'exec'>,
  { stdin: input = '', timeoutMs, ...request }: Command,
): Promise<ExecResult> {
  return await kube.exec(request).ask({ input, isLast: () => false, timeoutMs });
}
