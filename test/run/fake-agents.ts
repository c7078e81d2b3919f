/** Agents that see what a test says, and a context in which time passes only where somebody waits. */
import pLimit from 'p-limit';
import type { Clock } from '../../src/clock.ts';
import type { ExecRequest, ExecResult, Kube } from '../../src/kube/kube.ts';
import type { Outcome } from '../../src/model/attempt.ts';
import type { AgentLine, Batch, DialRequest } from '../../src/probe/protocol.ts';
import type { Proving } from '../../src/run/canary.ts';
import { Sessions } from '../../src/run/sessions.ts';

const ROUND_MS = 40;
/** An attempt that nobody answers dials for the last time after four fifths of its time. */
const LAST_DIAL_MS = 24;

type Answering = (request: ExecRequest, input: string) => Promise<ExecResult>;

/** Execs whose every question is answered so. */
export function sessionsThat(answer: Answering): Kube['exec'] {
  return (request) => ({ isOpen: true, ask: ({ input }) => answer(request, input), close: () => {} });
}

interface Seeing {
  readonly outcomeOf: (target: DialRequest, pod: string) => Outcome;
  /** Whether the kubelet, which comes each second, reaches a pod. */
  readonly isVisited?: (pod: string) => boolean;
}

/** Agents that work through batches in {@link ROUND_MS}. An attempt that is an `error` breaks the exec of its batch. */
export function agentsThat({ outcomeOf, isVisited = () => true }: Seeing, clock: Clock): Answering {
  return async ({ pod }, input) => {
    const clockMs = clock.now();
    const { targets, listeners }: Batch = JSON.parse(input);
    const outcomes = targets.map((target): [number, Outcome] => {
      // What goes to a Service is cut off.
      if ('pods' in target) return [target.id, 'timeout'];
      return [target.id, outcomeOf(target, pod)];
    });
    if (targets.length > 0) await clock.sleep(ROUND_MS);
    if (outcomes.some(([, outcome]) => outcome === 'error'))
      return { kind: 'broken', reason: 'the exec broke', mayHeal: false, stdout: '', stderr: '' };
    const seconds = Array.from({ length: 20 }, (_, second) => second * 1_000);
    const lines: AgentLine[] = [
      ...outcomes.map(([id, outcome]): AgentLine => {
        const dials =
          outcome === 'timeout'
            ? { dials: 3, lastDialMs: LAST_DIAL_MS, nonce: `nonce-${id}`, localPorts: [40_000 + id] }
            : {};
        return { kind: 'attempt', id, outcome, startedMs: 0, durationMs: 1, ...dials };
      }),
      ...listeners.map(
        ({ host, port, protocol }): AgentLine => ({ kind: 'listener', host, port, protocol, alive: true }),
      ),
      {
        kind: 'end',
        agent: pod,
        attempts: targets.length,
        listeners: listeners.length,
        clockMs,
        elapsedMs: clock.now() - clockMs,
        visitsMs: isVisited(pod)
          ? seconds.filter((second) => second <= clock.now()).map((second) => second - clockMs)
          : [],
        retransmissions: 0,
        arrived: [],
        late: [],
        halfOpen: [],
      },
    ];
    return { kind: 'answered', stdout: lines.map((line) => `${JSON.stringify(line)}\n`).join('') };
  };
}

/** Of rounds by themselves: nothing is waited for. */
export const ROUND_TIMING: Proving['timing'] = {
  timeoutMs: 30,
  denialMs: 30,
  withinMs: 0,
  controlMs: 0,
  settleFloorMs: 0,
  execGraceMs: 0,
  confirm: 2,
  isPatient: false,
};

export type Answers = Partial<Pick<Kube, 'apply' | 'delete' | 'exec' | 'list'>>;

/** What attempts are made with, again and again, on an API server that answers so, and nothing else. */
export function contextOn(answers: Answers, clock: Clock, timing: Proving['timing']): Proving {
  const { signal } = new AbortController();
  const kube = {
    apply: unexpected,
    create: unexpected,
    patch: unexpected,
    delete: unexpected,
    exec: unexpected,
    list: unexpected,
    ...answers,
  };
  return {
    runId: 'run',
    kube,
    clock,
    random: () => 0,
    timing,
    sessions: new Sessions(kube, clock, signal),
    execLimit: pLimit(10),
    waitLimit: pLimit(10),
    signal,
    progress: () => undefined,
    save: () => undefined,
  };
}

function unexpected(): never {
  throw new Error('nobody was to ask that');
}
