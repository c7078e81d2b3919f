/** Making a cluster as a sequence of actions: each with its start, end and time; undone in reverse when a later one fails. */
import type { Clock } from '../../clock.ts';
import { Interruption, messageOf, PodreachError } from '../../errors.ts';
import { CommandError } from '../command-runner.ts';

/** What a sequence tells while it goes. Stages are named by what is being done: `creating the nodes`. */
export type StageEvent =
  | { readonly type: 'started'; readonly stage: string }
  /** What it is doing, or what it still waits for. */
  | { readonly type: 'progress'; readonly stage: string; readonly text: string }
  | { readonly type: 'ended'; readonly stage: string; readonly durationMs: number }
  | { readonly type: 'failed'; readonly stage: string; readonly durationMs: number }
  /** Something that a person should hear of, and that does not end the sequence. */
  | { readonly type: 'warning'; readonly text: string };

/** What is over faster than this needs no word of how long it took. */
const WORTH_TELLING_MS = 5000;

export type StageListener = (event: StageEvent) => void;

interface UndoableAction<T> {
  /** What is being done, as a gerund: the error of a failure is `NAME failed: …`. */
  readonly name: string;
  readonly run: (progress: (text: string) => void) => Promise<T>;
  /** Takes back what the action did, also when it did only a part of it. */
  readonly undo?: { readonly name: string; readonly run: () => Promise<void> };
  /** What to do when it fails, in the imperative; asked with what was thrown. */
  readonly advise?: (thrown: unknown) => string;
}

export interface Sequence {
  /** Runs one action. @throws PodreachError naming the action, the command with its output, and what to do */
  perform<T>(action: UndoableAction<T>): Promise<T>;
  /** Takes back all that was done, the last thing first. Never throws: what could not be taken back is told as a warning. */
  undo(): Promise<void>;
}

export function startSequence(tell: StageListener, clock: Clock): Sequence {
  const done: NonNullable<UndoableAction<unknown>['undo']>[] = [];

  async function timed<T>(stage: string, work: () => Promise<T>): Promise<T> {
    const beganMs = clock.now();
    tell({ type: 'started', stage });
    try {
      const result = await work();
      tell({ type: 'ended', stage, durationMs: clock.now() - beganMs });
      return result;
    } catch (thrown) {
      tell({ type: 'failed', stage, durationMs: clock.now() - beganMs });
      throw thrown;
    }
  }

  return {
    async perform({ name, run, undo, advise }) {
      if (undo !== undefined) done.unshift(undo);
      try {
        return await timed(name, () => run((text) => tell({ type: 'progress', stage: name, text })));
      } catch (thrown) {
        throw stageError(name, thrown, advise?.(thrown));
      }
    },
    async undo() {
      for (const { name, run } of done.splice(0)) {
        await timed(name, run).catch((thrown: unknown) => {
          tell({ type: 'warning', text: `${name} failed: ${messageOf(thrown)}` });
        });
      }
    },
  };
}

/** The error of a stage. An interruption, and an error that says already what to do, stay what they are. */
export function stageError(stage: string, thrown: unknown, advice?: string): PodreachError {
  if (thrown instanceof Interruption) return thrown;
  if (thrown instanceof PodreachError) {
    if (thrown.hint !== undefined || advice === undefined) return thrown;
    return new PodreachError(thrown.code, thrown.message, { hint: advice, cause: thrown });
  }
  const isMissing = thrown instanceof CommandError && thrown.failure.reason === 'missing';
  return new PodreachError(
    isMissing ? 'tool-missing' : 'cluster-unavailable',
    `${stage} failed: ${messageOf(thrown).replaceAll(/\s+/g, ' ')}`,
    { hint: isMissing ? adviseTool(thrown.command) : advice, cause: thrown },
  );
}

/** Where to get the programs that the provider runs. */
export function adviseTool(command: string): string {
  const source =
    command === 'kind'
      ? 'https://kind.sigs.k8s.io/docs/user/quick-start/#installation'
      : 'https://docs.docker.com/engine/install/';
  return `Install ${command} (${source}), or run on --cluster sandbox, which needs neither Docker nor kind.`;
}

/** An event as a line for people; undefined for what only a listener that draws would show. */
export function describeStageEvent(event: StageEvent): string | undefined {
  switch (event.type) {
    case 'started':
      return event.stage;
    case 'progress':
      return `${event.stage}: ${event.text}`;
    case 'warning':
      return `warning: ${event.text}`;
    case 'ended':
      return event.durationMs < WORTH_TELLING_MS
        ? undefined
        : `${event.stage} took ${Math.round(event.durationMs / 1000)} s`;
    case 'failed':
      return undefined;
  }
}
