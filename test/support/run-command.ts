import type { ExecRequest, ExecResult, Kube } from '../../src/kube/kube.ts';

interface Command extends ExecRequest {
  readonly stdin?: string;
  readonly answerMs: number;
}

/** Runs a command in a container to its end. */
export async function runCommand(
  kube: Pick<Kube, 'exec'>,
  { stdin: input = '', answerMs, ...request }: Command,
): Promise<ExecResult> {
  return await kube.exec(request).ask({ input, isLast: () => false, answerMs });
}
