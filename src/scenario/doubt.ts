/**
 * What is not known of the cluster at a time, because something in the file before is not as it was meant. What may only follow from
 * that is no mistake to tell; all else is.
 */
import type { Location } from '../errors.ts';
import { type ActionKind, nameObject, parseObject, type StepObject } from '../model/step.ts';
import { isBefore } from './mark.ts';
import type { Doubtful, Hole, WrittenAction } from './scenario.ts';
import { type Declared, find, objectOf } from './state.ts';

/** What is not known after an action of which it is not known what it is done to. Deleting twice, or what is not there, changes nothing. */
export const DOUBTFUL_AFTER: Readonly<Record<ActionKind, readonly Doubtful[]>> = {
  apply: ['policies'],
  delete: [],
  label: ['labels'],
  create: ['pods'],
  remove: ['pods', 'policies'],
  replace: [],
};

/** What is not known after anything. */
export const ALL_DOUBTFUL: readonly Doubtful[] = ['pods', 'policies', 'labels'];

export class Doubt {
  readonly #holes: readonly Hole[];
  readonly #known = new Set<Doubtful>();
  /** Whose labels are not known, by their names as in `Action`. */
  readonly #relabelled = new Set<string>();

  constructor(holes: readonly Hole[]) {
    this.#holes = holes;
    this.#add(holes.filter(({ mark }) => mark === undefined));
  }

  /** @param end where a step ends in the file; absent: with the file */
  reach(end?: Location): void {
    this.#add(this.#holes.filter(({ mark }) => end === undefined || (mark && isBefore(mark.location, end))));
  }

  /** After an action that cannot be done as it is written. */
  raise(action: WrittenAction, declared: Declared): void {
    const object = objectOf(action);
    const isKnown = find(declared, parseObject(object)) !== undefined;
    if (action.kind === 'label' && isKnown) this.#relabelled.add(object);
    else if (!isKnown) for (const one of DOUBTFUL_AFTER[action.kind]) this.#known.add(one);
  }

  #add(holes: readonly Hole[]): void {
    for (const { doubtful } of holes) for (const one of doubtful) this.#known.add(one);
  }

  has(what: Doubtful): boolean {
    return this.#known.has(what);
  }

  /** Whether it is not known if something is there. */
  isAbout({ kind }: StepObject): boolean {
    return this.has(kind === 'networkpolicy' ? 'policies' : 'pods');
  }

  isAboutLabelsOf(object: StepObject): boolean {
    return this.has('labels') || this.has('pods') || this.#relabelled.has(nameObject(object));
  }

  /** Whether it is not known what a selector finds. */
  get isAboutLabels(): boolean {
    return this.has('labels') || this.#relabelled.size > 0;
  }

  /** Whether a part of the file that cannot be read, before or after, may bring this into being. */
  mayBringPods(): boolean {
    return this.has('pods') || this.#holes.some(({ doubtful }) => doubtful.includes('pods'));
  }
}
