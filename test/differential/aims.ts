/** What one end tries: connections, and which flows each of them shows. What is thought of policies has no part in it. */
import { isHost } from '../../src/model/endpoint.ts';
import { addressIn, FAMILIES, type Family } from '../../src/model/family.ts';
import type { CheckPath } from '../../src/model/path.ts';
import { type Flow, flowBetween } from '../../src/policy/model.ts';
import { attemptsIn, batchDeadlineMs, PLAIN_BATCH } from '../../src/probe/batch.ts';
import type { AttemptLine, Batch, DialRequest, SpreadRequest } from '../../src/probe/protocol.ts';
import { askAgent } from '../../src/run/ask-agent.ts';
import type { Trying } from '../../src/run/context.ts';
import { addressesOfPod } from '../../src/run/families.ts';
import type { RunningPods } from '../../src/run/provision.ts';
import type { Port } from '../../src/scenario/scenario.ts';

/** One connection; or, to a port of a Service, so many that nobody behind it is missed. */
export interface Aim {
  readonly family: Family;
  readonly request: Omit<DialRequest, 'id'> | Omit<SpreadRequest, 'id'>;
  /** One; of a Service one for each pod that listens behind it, at the ports of nodes by way of each node that leads there. */
  readonly flows: readonly AimedFlow[];
  /** Absent: it goes to a pod or host. */
  readonly way?: ServiceWay;
}

interface AimedFlow {
  readonly flow: Flow;
  /** Who answers where it comes through. */
  readonly answerer: string;
  /** The address of the node by way of which. Absent: of none. */
  readonly node?: string;
}

/** A port of a Service, and how it is reached, as a rule of a scenario names it. */
export interface ServiceWay extends Port {
  readonly to: string;
  readonly path: CheckPath;
  /** Whether a scenario tries it in the same way, with all of its flows. */
  readonly isOrdinary: boolean;
}

/** A pod or host with its ports. */
export interface OpenEnd {
  readonly key: string;
  readonly ports: readonly { readonly port: number; readonly protocol: string }[];
}

/** Every declared port of all others, by their addresses. Policies have no say between hosts. */
export function aimsAtEnds(from: string, ends: readonly OpenEnd[], running: RunningPods): readonly Aim[] {
  return ends
    .filter(({ key }) => !isHost(from) || !isHost(key))
    .flatMap(({ key, ports }) =>
      ports.flatMap(({ port, protocol }) =>
        protocol === 'TCP' || protocol === 'UDP'
          ? FAMILIES.map((family) => aimAt({ from, to: key, port, protocol }, family, running))
          : [],
      ),
    );
}

/** One port of a pod or host. */
export function aimAt(
  pair: { readonly from: string; readonly to: string } & Port,
  family: Family,
  running: RunningPods,
): Aim {
  const { to, port, protocol } = pair;
  const found = running.get(to);
  const host = addressIn(family, found === undefined ? [] : addressesOfPod(found)) ?? '';
  return {
    family,
    request: { host, port, protocol, pod: to },
    flows: [{ flow: flowBetween(pair), answerer: to }],
  };
}

/** How hard to look. */
export interface Look {
  readonly timeoutMs: number;
  /** How many of the connections to a Service are made, as a part: with fewer, a pod behind it is missed now and then. */
  readonly part: number;
}

/**
 * Of each aim what each of its flows showed: `connected`, `timeout`, `refused`, `wrong-peer` or `error`.
 * @throws Error where the probe did not answer
 */
export async function see(
  from: string,
  aims: readonly Aim[],
  { timeoutMs, part }: Look,
  running: RunningPods,
  context: Trying,
): Promise<readonly (readonly string[])[]> {
  const targets = aims.map(({ request }, id) => ({
    ...request,
    id,
    ...('connections' in request ? { connections: Math.ceil(part * request.connections) } : {}),
  }));
  const lines = await askFor(from, targets, timeoutMs, running, context);
  return aims.map((aim, id) => outcomesOf(aim, lines.get(id)));
}

function outcomesOf(
  { request, flows }: Aim,
  { outcome, answered = [] }: Partial<AttemptLine> = {},
): readonly string[] {
  if (outcome === undefined) return flows.map(() => 'error');
  if (!('connections' in request)) return [outcome];
  // Somebody else has answered, or nothing could be tried.
  if (outcome === 'wrong-peer' || outcome === 'error') return flows.map(() => outcome);
  return flows.map(({ answerer, node }) =>
    answered.some((one) => one.pod === answerer && one.node === node) ? 'connected' : 'timeout',
  );
}

/** The lines of a pod's attempts, by their ids. */
async function askFor(
  from: string,
  targets: Batch['targets'],
  timeoutMs: number,
  running: RunningPods,
  context: Trying,
): Promise<ReadonlyMap<number, AttemptLine>> {
  const pod = running.get(from);
  if (pod === undefined) throw new Error(`${from} does not run`);
  const { answer } = await context.execLimit(() =>
    askAgent(
      pod,
      {
        ...PLAIN_BATCH,
        runId: context.runId,
        timeoutMs,
        deadlineMs: batchDeadlineMs(attemptsIn(targets), timeoutMs),
        targets,
        listeners: [],
      },
      context,
    ),
  );
  if (answer.kind === 'broken') throw new Error(`the probe in ${from} did not answer: ${answer.reason}`);
  return new Map(answer.attempts.map((line) => [line.id, line]));
}
