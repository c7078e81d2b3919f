/**
 * Execs that stay: the agent of a pod is asked again and again through one relay, because starting a process for each round would cost
 * more than the round.
 */

import type { Clock } from '../clock.ts';
import type { StartTalk } from '../cluster/cluster.ts';
import { namespaceOf, objectKey } from '../keys.ts';
import type { ExecSession, Kube } from '../kube/kube.ts';
import { PROBE_CONTAINER } from '../probe/protocol.ts';
import { PROBE_COMMAND, RELAY_IDLE_MS } from '../probe/relay.ts';
import { ContainerSession } from './container-session.ts';
import type { RunningPod } from './provision.ts';

/** One that has rested for longer is not asked again: its relay is about to end. */
const REST_MS = RELAY_IDLE_MS / 2;

export interface Taken {
  readonly session: ExecSession;
  /** It has not been asked yet. */
  readonly isNew: boolean;
}

interface Resting {
  readonly session: ExecSession;
  readonly sinceMs: number;
}

export class Sessions {
  readonly #kube: Pick<Kube, 'exec'>;
  readonly #clock: Clock;
  readonly #signal: AbortSignal;
  readonly #talk: StartTalk | undefined;
  readonly #resting = new Map<string, Resting[]>();
  readonly #agents = new Map<RunningPod, string>();

  /**
   * @param signal ends all of them
   * @param talk absent: there are no hosts that are containers
   */
  constructor(kube: Pick<Kube, 'exec'>, clock: Clock, signal: AbortSignal, talk?: StartTalk) {
    this.#kube = kube;
    this.#clock = clock;
    this.#signal = signal;
    this.#talk = talk;
  }

  /** One that rests, or a new one: its taker alone talks to it. */
  take(pod: RunningPod): Taken {
    const resting = this.#resting.get(objectKey(pod)) ?? [];
    for (let last = resting.pop(); last !== undefined; last = resting.pop()) {
      if (last.session.isOpen && this.#clock.now() - last.sinceMs < REST_MS)
        return { session: last.session, isNew: false };
      last.session.close();
    }
    return { session: this.#open(pod), isNew: true };
  }

  #open({ namespace, name, container }: RunningPod): ExecSession {
    const common = { command: PROBE_COMMAND, signal: this.#signal };
    if (container === undefined)
      return this.#kube.exec({ namespace, pod: name, container: PROBE_CONTAINER, ...common });
    if (this.#talk === undefined) throw new Error(`nothing talks with the container ${container}`);
    return new ContainerSession(this.#talk, { container, ...common });
  }

  /** Whether the agent that has answered is the one that answered for this pod first: another has come with another pod. */
  isSameAgent(pod: RunningPod, agent: string): boolean {
    const first = this.#agents.get(pod) ?? agent;
    this.#agents.set(pod, first);
    return first === agent;
  }

  /** Gives one back that has answered and can be asked again. */
  rest(pod: RunningPod, session: ExecSession): void {
    const key = objectKey(pod);
    const resting = this.#resting.get(key) ?? [];
    resting.push({ session, sinceMs: this.#clock.now() });
    this.#resting.set(key, resting);
  }

  /** Ends those that rest into pods that are about to go, by `namespace/name`: what comes under their names is others. */
  leave(pods: Iterable<string>): void {
    for (const key of pods) {
      for (const { session } of this.#resting.get(key) ?? []) session.close();
      this.#resting.delete(key);
    }
  }

  /** Ends those that rest. @param only into pods of these namespaces; absent: all */
  close(only?: ReadonlySet<string>): void {
    this.leave([...this.#resting.keys()].filter((key) => only?.has(namespaceOf(key)) !== false));
  }
}
