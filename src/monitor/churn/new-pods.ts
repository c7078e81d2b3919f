/** The new pods of a watch that have told what they saw: each is held against the rest of the watch once that is known, and then forgotten. */
import type { Dark } from '../../judge/windows/track.ts';
import type { Window } from '../../model/window.ts';
import type { CheckDraft } from '../../record/draft.ts';
import { accountOf, type NewPodRecord, type NewPodWindows } from './account.ts';
import type { NewPodTarget } from './copies.ts';
import type { SeenNewPod } from './new-pod.ts';

/** Of each check so many are kept: each pod's account counts them all the same. */
const WINDOWS_KEPT = 1_000;

/** What is known of the rest of the watch, in milliseconds after it began. */
export interface KnownWatch {
  /** When the destination of a check, or the way there, could not be relied on. */
  readonly around: (
    pod: SeenNewPod,
    one: NewPodTarget,
  ) => { readonly destination: readonly Dark[]; readonly way: readonly Dark[] };
  /** Until when all was heard of on which what a new pod saw of a check rests. */
  readonly heardMs: (pod: SeenNewPod, one: NewPodTarget) => number;
  readonly endMs: number;
  /** Nothing more will become known. */
  readonly isLast: boolean;
}

export class NewPods {
  readonly #withinMs: number;
  #waiting: SeenNewPod[] = [];
  readonly #accounts: NewPodRecord[] = [];
  readonly #windows = new Map<CheckDraft, readonly Window[]>();

  /** @param withinMs how old one may become until all that must be reachable is */
  constructor(withinMs: number) {
    this.#withinMs = withinMs;
  }

  /** One has told what it saw. */
  add(pod: SeenNewPod): void {
    this.#waiting.push(pod);
  }

  /** How many are not accounted for yet. */
  get waiting(): number {
    return this.#waiting.length;
  }

  /** In the order of time. */
  get accounts(): NewPodRecord[] {
    return this.#accounts;
  }

  /** The leaks and gaps that new pods saw of a check. */
  windowsOf(check: CheckDraft): readonly Window[] {
    return this.#windows.get(check) ?? [];
  }

  /** Works out what those saw of whose destinations all is known. @returns leaks and gaps that are new */
  settle({ around, heardMs, endMs, isLast }: KnownWatch): readonly NewPodWindows[] {
    const isKnown = (pod: SeenNewPod): boolean =>
      isLast || pod.checks.every((one) => heardMs(pod, one) >= pod.heard.span.toMs);
    const known = this.#waiting.filter(isKnown);
    this.#waiting = this.#waiting.filter((pod) => !known.includes(pod));
    const news = known.flatMap((pod) => {
      const rules = { withinMs: this.#withinMs, endMs };
      const { account, found } = accountOf(pod, (one) => around(pod, one), rules);
      this.#accounts.push(account);
      return found;
    });
    this.#accounts.sort((left, right) => left.beganMs - right.beganMs);
    for (const { check, windows } of news)
      this.#windows.set(check, [...this.windowsOf(check), ...windows].slice(0, WINDOWS_KEPT));
    return news;
  }
}
