/**
 * What a scenario knows of its network beside its attempts: the kubelets' visits to its pods, the connections of the witnesses between
 * nodes, and the datagrams that arrived. From it each attempt that was cut off gets its triangle, as soon as enough is known.
 */
import type { Triangle } from '../model/attempt.ts';
import { destinationsOf } from '../model/service.ts';
import { greatest, least } from '../numbers.ts';
import { describeTarget } from '../pair.ts';
import { VISIT_EVERY_MS } from '../probe/manifest.ts';
import type { EndLine } from '../probe/protocol.ts';
import type { CheckDraft, NotedAttempt } from '../record/draft.ts';
import { type ClockBounds, type Exchange, NodeClocks } from './node-clocks.ts';
import { OUTSIDE, type RunningPod } from './provision.ts';
import { UnansweredAttempts } from './unanswered.ts';

/** A visit that is older proves nothing any more: of one a second, four have been missed, which is more than a busy machine delays. */
const FRESH_MS = 5_000;
/** Where packets get lost, a cut takes so many times as many attempts in a row. */
const CONFIRM_MORE = 3;

interface Sent {
  readonly check: CheckDraft;
  readonly attempt: NotedAttempt;
  readonly to: RunningPod;
}

interface Cut extends Omit<Sent, 'to'> {
  readonly from: RunningPod;
  /** Those that did not answer; at least one. A real host is undefined, as is a Service that is there already: it is none of podreach's. */
  readonly to: readonly (RunningPod | undefined)[];
  /** The keys of the ways that it takes. */
  readonly ways: readonly string[];
  /** On the clock of the source's node. */
  readonly lastDialMs: number;
  /** Whether the witnesses of all these ways connected in the same round; `unwitnessed` where there are none to ask. */
  readonly way: 'open' | 'closed' | 'unwitnessed';
}

interface SeenOfPod {
  /** On the node's clock, in ascending order. */
  visits: readonly number[];
  /** Up to when they are known. */
  knownUntilMs: number;
  /** What the pod's network had sent again when it was first asked. */
  retransmissions: number;
}

/** A connection of a witness: when it began, on the clock of its node, how long it took, and how many dials it lost. */
export interface WitnessConnection {
  readonly pod: RunningPod;
  readonly clockMs: number;
  readonly durationMs: number;
  readonly lost: number;
}

export class Evidence {
  readonly #clocks = new NodeClocks();
  readonly #beganMs: number;
  readonly #pods = new Map<RunningPod, SeenOfPod>();
  readonly #ways = new Map<string, ClockBounds[]>();
  readonly #lossy = new Set<RunningPod>();
  readonly #lossyWays = new Set<string>();
  #isClosed = false;
  /** Attempts whose triangle may still change: what is known of their ends does not reach up to their last dial. */
  #open: Cut[] = [];
  /** Attempts with datagrams that may have arrived, by the pod that they went to and the nonce in them. */
  readonly #sent = new Map<RunningPod, Map<string, Sent[]>>();
  readonly unanswered = new UnansweredAttempts();

  /** @param beganMs when the scenario began, on the run's clock */
  constructor(beganMs: number) {
    this.#beganMs = beganMs;
  }

  /**
   * The policies are about to be taken away. From now on packets that get lost count no more: what was cut off cannot be tried again,
   * and one lost packet among the many of the closing control is nothing to doubt it for.
   */
  close(): void {
    this.#isClosed = true;
  }

  /** What an agent told at the end of a batch. */
  noteEnd(pod: RunningPod, sent: Pick<Exchange, 'sentMs' | 'receivedMs'>, end: EndLine): void {
    this.#clocks.note(pod, { ...sent, clockMs: end.clockMs, elapsedMs: end.elapsedMs });
    const visits = end.visitsMs.map((visitMs) => end.clockMs + visitMs);
    const knownUntilMs = end.clockMs + end.elapsedMs;
    const { retransmissions } = this.#pods.get(pod) ?? end;
    this.#pods.set(pod, { visits, knownUntilMs, retransmissions });
    if (end.retransmissions > retransmissions) this.noteLoss(pod);
    for (const nonce of end.arrived) this.#arrive(pod, nonce);
    // Without the policies, what is answered now says nothing about them.
    if (this.#isClosed) return;
    this.unanswered.hearHalfOpen(pod, end.halfOpen);
    this.unanswered.hearLate(pod, end.late);
  }

  /** The nonces that the agent in a pod is to be asked for. */
  askedOf(pod: RunningPod): readonly string[] {
    return [...(this.#sent.get(pod)?.keys() ?? [])];
  }

  /** The agent has answered for these: those that have not arrived by now never will. */
  forget(pod: RunningPod, nonces: readonly string[]): void {
    const sent = this.#sent.get(pod);
    for (const nonce of nonces) {
      for (const { attempt } of sent?.get(nonce) ?? []) attempt.release();
      sent?.delete(nonce);
    }
  }

  /** A dial to or from these was answered only after another had been lost. */
  noteLoss(...pods: readonly RunningPod[]): void {
    if (this.#isClosed) return;
    for (const pod of pods) this.#lossy.add(pod);
  }

  /**
   * The witnesses of two nodes connected, in each direction. Where the clock of one of them is not known, as just after two pods of a node
   * turned out to have clocks of their own, nobody can say when: it is no evidence then. @param key see {@link wayKey}
   */
  noteWay(key: string, connections: readonly WitnessConnection[]): void {
    if (connections.some(({ lost }) => lost > 0)) this.#lossyWays.add(key);
    const moments: ClockBounds[] = [];
    for (const { pod, clockMs, durationMs } of connections) {
      const from = this.#clocks.at(pod, clockMs);
      const until = this.#clocks.at(pod, clockMs + durationMs);
      if (from === undefined || until === undefined) return;
      moments.push({ earliest: from.earliest, latest: until.latest });
    }
    const times = this.#ways.get(key) ?? [];
    times.push({
      earliest: least(moments.map(({ earliest }) => earliest)),
      latest: greatest(moments.map(({ latest }) => latest)),
    });
    this.#ways.set(key, times);
  }

  /** When it happened at the latest, in milliseconds after the scenario began. @param clockMs on the pod's node's clock */
  latest(pod: RunningPod, clockMs: number): number | undefined {
    const moment = this.#clocks.at(pod, clockMs);
    return moment && moment.latest - this.#beganMs;
  }

  /**
   * When the kubelet will have come by a pod certainly after a moment: it keeps its pace. Both in milliseconds after the scenario began.
   * @returns undefined where it is not known to come
   */
  nextVisit(pod: RunningPod, afterMs: number): number | undefined {
    const last = this.#pods.get(pod)?.visits.at(-1);
    const moment = last === undefined ? undefined : this.#clocks.at(pod, last);
    if (moment === undefined) return undefined;
    const after = this.#beganMs + afterMs;
    const periods = Math.max(0, Math.ceil((after - moment.earliest) / VISIT_EVERY_MS));
    return moment.latest - this.#beganMs + periods * VISIT_EVERY_MS;
  }

  /** Keeps an attempt that was cut off until its triangle is known. */
  noteCut(cut: Cut): void {
    cut.attempt.hold();
    this.#open.push(cut);
  }

  noteSent(nonce: string, sent: Sent): void {
    sent.attempt.hold();
    const known = this.#sent.get(sent.to) ?? new Map<string, Sent[]>();
    // What leads to the same address may share its datagrams.
    known.set(nonce, [...(known.get(nonce) ?? []), sent]);
    this.#sent.set(sent.to, known);
  }

  /** Destinations that have more to tell about attempts of these checks. */
  unheard(checks: readonly CheckDraft[]): ReadonlySet<RunningPod> {
    const wanted = new Set(checks);
    const sent = [...this.#sent.values()].flatMap((nonces) => [...nonces.values()].flat());
    return new Set([
      ...this.#open.flatMap(({ check, to }) => (wanted.has(check) ? to.flatMap((pod) => pod ?? []) : [])),
      ...sent.flatMap(({ check, to }) => (wanted.has(check) ? [to] : [])),
    ]);
  }

  /**
   * Gives every attempt whose triangle is not final the one that is known now, and every check whose pods lose packets the number of
   * attempts that it takes.
   */
  review(
    checks: readonly CheckDraft[],
    podOf: (key: string) => RunningPod | undefined,
    confirm: number,
  ): void {
    this.#open = this.#open.filter((cut) => {
      this.#see(cut);
      if (!this.#isFinal(cut)) return true;
      cut.attempt.release();
      return false;
    });
    if (this.#lossy.size + this.#lossyWays.size === 0) return;
    for (const check of checks) {
      const from = podOf(check.from);
      if (from === undefined) continue;
      const isLossy =
        this.#lossy.has(from) ||
        // It takes the way between any two nodes.
        (check.path === 'nodePort' && this.#lossyWays.size > 0) ||
        destinationsOf(check)
          .map(podOf)
          .some(
            (to) => (to !== undefined && this.#lossy.has(to)) || this.#lossyWays.has(wayOf(check, from, to)),
          );
      if (isLossy) check.confirm = CONFIRM_MORE * confirm;
    }
  }

  #arrive(pod: RunningPod, nonce: string): void {
    for (const { attempt } of this.#sent.get(pod)?.get(nonce) ?? [])
      attempt.amend({ outcome: 'one-way', detail: 'the datagram arrived, and no answer came back' });
  }

  /** Gives an attempt its triangle, as it is known by now. */
  #see(cut: Cut): void {
    const { source, destination, between } = cut.attempt.attempt.seen ?? {};
    const seen = this.#triangleOf(cut);
    const isNews =
      cut.attempt.attempt.seen === undefined ||
      source !== seen.source ||
      destination !== seen.destination ||
      between !== seen.between;
    if (isNews) cut.attempt.amend({ seen });
  }

  #triangleOf(cut: Cut): Triangle {
    const lastDial = this.#clocks.at(cut.from, cut.lastDialMs);
    if (lastDial === undefined) return {};
    const between = earliestOf(cut.ways.map((key) => this.#lastOpening(key, cut, lastDial)));
    // Nobody visits a host: its network is part of the way, whose witness connects with this very host. Without one, it is the way that is missed.
    const seenOf = (pod: RunningPod | undefined): number | undefined =>
      pod === undefined || isOutside(pod)
        ? (between ?? lastDial.latest)
        : this.#lastVisit(pod, cut, lastDial);
    const source = seenOf(cut.from);
    const destination = earliestOf(cut.to.map(seenOf));
    return {
      ...(source === undefined ? {} : { source: this.#since(source) }),
      ...(destination === undefined ? {} : { destination: this.#since(destination) }),
      ...(between === undefined ? {} : { between: this.#since(between) }),
    };
  }

  /**
   * The newest visit that certainly came before the last dial, as early as it can have been. Undefined where it is too old.
   * On the source's own clock it is put as late as the attempt itself is (see {@link Evidence.latest}): the two compare exactly.
   */
  #lastVisit(pod: RunningPod, { from, lastDialMs }: Cut, lastDial: ClockBounds): number | undefined {
    const { visits = [] } = this.#pods.get(pod) ?? {};
    const isSameClock = this.#clocks.clockOf(pod) === this.#clocks.clockOf(from);
    const last = visits.findLast((visit) =>
      isSameClock
        ? visit <= lastDialMs
        : (this.#clocks.at(pod, visit)?.latest ?? Infinity) <= lastDial.earliest,
    );
    const moment = last === undefined ? undefined : this.#clocks.at(pod, last);
    if (moment === undefined) return undefined;
    const at = isSameClock ? moment.latest : moment.earliest;
    return lastDial.latest - at > FRESH_MS ? undefined : at;
  }

  #lastOpening(key: string, { way }: Cut, lastDial: ClockBounds): number | undefined {
    if (way === 'unwitnessed') return lastDial.latest;
    if (way === 'closed') return undefined;
    const times = this.#ways.get(key) ?? [];
    return times.findLast(({ latest }) => latest <= lastDial.earliest)?.earliest;
  }

  #isFinal({ from, to, lastDialMs }: Cut): boolean {
    const lastDial = this.#clocks.at(from, lastDialMs);
    return (
      lastDial !== undefined &&
      to.every((pod) => {
        if (pod === undefined) return true;
        const { knownUntilMs } = this.#pods.get(pod) ?? {};
        const known = knownUntilMs === undefined ? undefined : this.#clocks.at(pod, knownUntilMs);
        return known !== undefined && known.earliest >= lastDial.latest;
      })
    );
  }

  #since(ms: number): number {
    return Math.round(ms - this.#beganMs);
  }
}

/** Undefined where one of several was not seen. */
function earliestOf(moments: readonly (number | undefined)[]): number | undefined {
  const known = moments.filter((moment) => moment !== undefined);
  return known.length < moments.length ? undefined : least(known);
}

function isOutside({ node }: Pick<RunningPod, 'node'>): boolean {
  return node === OUTSIDE;
}

type WayEnds = Pick<CheckDraft, 'from' | 'to' | 'port' | 'protocol' | 'family'> &
  Partial<Pick<CheckDraft, 'path'>>;

/**
 * The key of the way that a check takes to a destination: between two nodes, from a node to a port of a host or of a Service that is there
 * already, or from a host to a node.
 * @param to absent: a real host, or such a Service
 */
export function wayOf(
  check: WayEnds,
  from: Pick<RunningPod, 'node'>,
  to: Pick<RunningPod, 'node'> | undefined,
): string {
  if (to === undefined || isOutside(to)) return `${from.node} ${describeTarget(check)}`;
  return wayKey(isOutside(from) ? check.from : from.node, to.node, check);
}

/** Both directions of a way are one. What is open in one family may be shut in the other. */
export function wayKey(
  one: string,
  other: string,
  { protocol, family }: Pick<CheckDraft, 'protocol' | 'family'>,
): string {
  return `${[one, other].toSorted().join(' ')} ${protocol} ${family}`;
}
