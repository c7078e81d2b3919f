/** A pair of pods on two nodes whose packets get lost, and what a run sees of it: rounds as `src/run/round.ts` makes them. */
import type { Attempt } from '../../../src/model/attempt.ts';
import { newestOf } from '../../../src/model/observation.ts';
import { Attempts, type CheckDraft, type NotedAttempt } from '../../../src/record/draft.ts';
import type { CheckRecord } from '../../../src/record/schema.ts';
import { Evidence, wayKey } from '../../../src/run/evidence.ts';
import type { RunningPod } from '../../../src/run/provision.ts';
import { attemptOn, reversed, type Shown, SOUND, visitOn, type Way } from './packets.ts';

/** Where and how packets get lost, and what the truth is. */
export interface Setting {
  /** How probable it is that a packet is lost. */
  readonly loss: number;
  /** Seen from the source. */
  readonly direction: 'both' | 'there' | 'back';
  /** On the source pod's own link, or between the nodes. */
  readonly place: 'source' | 'between';
  /** Whether the policies really cut the pair. */
  readonly isCut: boolean;
  readonly expected: CheckRecord['expected'];
}

/** The sandbox's. */
export const TIMEOUT_MS = 500;
const VISIT_EVERY_MS = 1_000;
/** An exec takes between one and two of these to arrive, and as long for its answer. */
const EXEC_MS = 10;

export interface Witnessed {
  /** Whether both could connect. */
  readonly isOpen: boolean;
  readonly endedMs: number;
}

interface Pod {
  readonly running: RunningPod;
  /** What its node's clock is ahead of the run's. */
  readonly aheadMs: number;
  readonly visitedOn: Way;
  readonly visits: number[];
  nextVisitMs: number;
  /** How often its kernel has repeated data. */
  retransmissions: number;
}

export class Pair {
  readonly check: CheckDraft;
  readonly #attempts = new Attempts();
  /** Since the scenario began. */
  nowMs = 0;
  readonly #setting: Setting;
  readonly #confirm: number;
  readonly #random: () => number;
  readonly #evidence = new Evidence(0);
  readonly #way: Way;
  readonly #from: Pod;
  readonly #to: Pod;

  constructor(setting: Setting, confirm: number, random: () => number) {
    const { loss, direction, place, expected } = setting;
    this.#setting = setting;
    this.#confirm = confirm;
    this.#random = random;
    this.#way = { there: direction === 'back' ? 0 : loss, back: direction === 'there' ? 0 : loss };
    this.#from = this.#podOn('one', 3_000_000, place === 'source' ? reversed(this.#way) : SOUND);
    this.#to = this.#podOn('other', 70_000, SOUND);
    this.check = {
      id: 0,
      from: 'x/one',
      to: 'x/other',
      port: 80,
      protocol: 'TCP',
      path: 'podIP',
      family: 'IPv4',
      expected,
      declared: { file: 'loss.yaml', line: 1, column: 1 },
    };
  }

  /** Until the kubelets have found both pods ready. */
  becomeReady(): void {
    while (this.#from.visits.length === 0 || this.#to.visits.length === 0) {
      this.nowMs += VISIT_EVERY_MS;
      for (const pod of [this.#from, this.#to]) this.#visit(pod);
    }
  }

  /** Has the witnesses of both nodes connect to each other. */
  witness(): Witnessed {
    const way = this.#setting.place === 'between' ? this.#way : SOUND;
    const made = [this.#from, this.#to].map((pod) => {
      const startedMs = this.nowMs + this.#execMs();
      const shown = attemptOn(pod === this.#from ? way : reversed(way), false, TIMEOUT_MS, this.#random);
      const endedMs = this.#hear(pod, startedMs, shown.durationMs);
      return { ...shown, pod: pod.running, clockMs: startedMs + pod.aheadMs, endedMs };
    });
    const isOpen = made.every(({ outcome }) => outcome === 'connected');
    if (isOpen) this.#evidence.noteWay(this.#wayKey(), made);
    return { isOpen, endedMs: Math.max(...made.map(({ endedMs }) => endedMs)) };
  }

  /**
   * One round. Under policies the destination tells what it knows only when the attempt is over.
   * @param witnessed just before; absent: there are no policies
   */
  round(phase: Attempt['phase'], number: number, witnessed?: Witnessed): void {
    const { isCut, expected } = this.#setting;
    const isUnderPolicies = witnessed !== undefined;
    const mayBeCut = expected === 'unreachable' || newestOf(this.check)?.outcome !== 'connected';
    const startedMs = this.nowMs + this.#execMs();
    const shown = attemptOn(this.#way, isUnderPolicies && isCut, TIMEOUT_MS, this.#random);
    this.#from.retransmissions += shown.repeats.client;
    this.#to.retransmissions += shown.repeats.server;
    const endedMs = Math.max(
      this.#hear(this.#from, startedMs, shown.durationMs),
      this.#hear(this.#to, this.nowMs + this.#execMs(), isUnderPolicies && mayBeCut ? TIMEOUT_MS : 1),
    );
    const attempt = this.#record(shown, startedMs, { phase, round: number });
    if (witnessed !== undefined && shown.outcome !== 'connected')
      this.#evidence.noteCut({
        check: this.check,
        attempt,
        from: this.#from.running,
        to: [this.#to.running],
        ways: [this.#wayKey()],
        lastDialMs: startedMs + this.#from.aheadMs + shown.lastDialMs,
        way: witnessed.isOpen ? 'open' : 'closed',
      });
    this.nowMs = endedMs;
    this.#review();
  }

  /** From now on loss counts no more. */
  close(): void {
    this.#evidence.close();
  }

  #review(): void {
    const podOf = (key: string): RunningPod => (key === this.check.from ? this.#from : this.#to).running;
    this.#evidence.review([this.check], podOf, this.#confirm);
  }

  #record(
    { outcome, durationMs, lost }: Shown,
    startedMs: number,
    round: Pick<Attempt, 'phase' | 'round'>,
  ): NotedAttempt {
    const { running, aheadMs } = this.#from;
    const atMs = this.#evidence.latest(running, startedMs + aheadMs) ?? 0;
    const noted = this.#attempts.note(this.check, {
      ...round,
      atMs,
      outcome,
      durationMs,
      listenerAlive: true,
    });
    if (lost > 0) this.#evidence.noteLoss(running, this.#to.running);
    return noted;
  }

  /** Notes what a batch in a pod tells at its end. @returns when that has arrived */
  #hear(pod: Pod, arrivedMs: number, elapsedMs: number): number {
    const receivedMs = arrivedMs + elapsedMs + this.#execMs();
    this.#visit(pod, arrivedMs + elapsedMs);
    this.#evidence.noteEnd(
      pod.running,
      { sentMs: this.nowMs, receivedMs },
      {
        kind: 'end',
        agent: 'agent',
        attempts: 1,
        listeners: 1,
        clockMs: arrivedMs + pod.aheadMs,
        elapsedMs,
        visitsMs: pod.visits.map((visitMs) => visitMs - arrivedMs),
        retransmissions: pod.retransmissions,
        arrived: [],
        late: [],
        halfOpen: [],
      },
    );
    return receivedMs;
  }

  #podOn(node: string, aheadMs: number, visitedOn: Way): Pod {
    const running = { namespace: 'x', name: node, ip: node, node };
    return {
      running,
      aheadMs,
      visitedOn,
      visits: [],
      nextVisitMs: VISIT_EVERY_MS * this.#random(),
      retransmissions: 0,
    };
  }

  /** Has the kubelet come by each second. */
  #visit(pod: Pod, untilMs = this.nowMs): void {
    for (; pod.nextVisitMs <= untilMs; pod.nextVisitMs += VISIT_EVERY_MS) {
      const visit = visitOn(pod.visitedOn, this.#random);
      if (visit === undefined) continue;
      pod.visits.push(pod.nextVisitMs + visit.afterMs);
      pod.retransmissions += visit.server;
    }
  }

  #execMs(): number {
    return EXEC_MS * (1 + this.#random());
  }

  #wayKey(): string {
    return wayKey(this.#from.running.node, this.#to.running.node, this.check);
  }
}
