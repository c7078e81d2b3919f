/** The harness's end of a watch: what to ask an agent, and what its answer proves. */
import { z } from 'zod';
import { OUTCOMES } from '../model/attempt.ts';
import { excerpt } from './batch.ts';
import type { CollectRequest, WatchEndLine, WatchLine, WatchRequest } from './watch-protocol.ts';

/**
 * How many lines an agent keeps that nobody has fetched. 100 agents whose checks all change each time, and that nobody asks, stay below
 * 64 MB together with that (docs/performance.md).
 */
export const LINES_KEPT = 1_500;

/** The line that the agent reads. */
export function watchInput(request: WatchRequest | CollectRequest): string {
  return `${JSON.stringify(request)}\n`;
}

/** What an exec's output is worth: a whole answer, or nothing. */
export type WatchAnswer =
  | {
      readonly kind: 'complete';
      /** In the order of their numbers. One whose number came before takes the place of that one. */
      readonly lines: readonly WatchLine[];
      readonly end: WatchEndLine;
    }
  | { readonly kind: 'broken'; readonly reason: string };

const numbered = { seq: z.int().min(1) };
const count = z.int().min(0);
const span = { fromMs: z.number(), toMs: z.number() };
const watchLine = z.discriminatedUnion('kind', [
  z.strictObject({
    kind: z.literal('stretch'),
    ...numbered,
    id: z.int(),
    outcome: z.enum(OUTCOMES),
    detail: z.string().exactOptional(),
    count: z.int().min(1),
    firstMs: z.number(),
    firstTookMs: z.number(),
    lastMs: z.number(),
    lastTookMs: z.number(),
    mostTookMs: z.number(),
    totalTookMs: z.number(),
    mostApartMs: z.number(),
  }),
  z.strictObject({ kind: z.literal('stall'), ...numbered, ...span }),
  z.strictObject({ kind: z.literal('lost'), ...numbered, lines: z.int().min(1), ...span }),
  z.strictObject({
    kind: z.literal('visits'),
    ...numbered,
    count: z.int().min(1),
    firstMs: z.number(),
    lastMs: z.number(),
  }),
  z.strictObject({
    kind: z.literal('held'),
    ...numbered,
    id: z.int(),
    event: z.enum(['opened', 'failed', 'stalled', 'resumed', 'broken', 'ended']),
    atMs: z.number(),
    beats: count,
    detail: z.string().exactOptional(),
  }),
  z.strictObject({
    kind: z.literal('end'),
    watch: z.string(),
    agent: z.string(),
    state: z
      .strictObject({ beganMs: z.number(), processMs: z.number(), seq: count, due: count, begun: count })
      .exactOptional(),
    lines: count,
    clockMs: z.number(),
    elapsedMs: z.number(),
  }),
]);

/** Whether a line of an agent's output is the end mark of an answer about a watch. */
export function isWatchEndMark(line: string): boolean {
  return line.startsWith('{"kind":"end"') && readLine(line)?.kind === 'end';
}

/**
 * Reads the answer to a request about a watch. It counts only as a whole: each line once, about targets of this watch, as many as the end
 * mark says, and the end mark last.
 * @param ids of all targets of the watch
 */
export function parseWatchAnswer(
  stdout: string,
  { watch }: WatchRequest | CollectRequest,
  ids: ReadonlySet<number>,
): WatchAnswer {
  const texts = stdout.split('\n').filter((text) => text !== '');
  const end = readLine(texts.pop() ?? '');
  if (end?.kind !== 'end') return broken('ended without its end mark');
  if (end.watch !== watch) return broken(`is about the watch ${excerpt(end.watch)}, which was not asked for`);
  const lines: WatchLine[] = [];
  for (const [index, text] of texts.entries()) {
    const line = readLine(text);
    if (line === undefined) return broken(`makes no sense in line ${index + 1}: ${excerpt(text)}`);
    if (line.kind === 'end') return broken('goes on after its end mark');
    const wrong = whatIsWrong(line, lines.at(-1), end, ids);
    if (wrong !== undefined) return broken(`makes no sense: line ${index + 1} ${wrong}`);
    lines.push(line);
  }
  if (lines.length !== end.lines) return broken(`is incomplete: ${lines.length} of ${end.lines} lines`);
  return { kind: 'complete', lines, end };
}

/** What a line says that cannot be; undefined: nothing. */
function whatIsWrong(
  line: WatchLine,
  before: WatchLine | undefined,
  { state }: WatchEndLine,
  ids: ReadonlySet<number>,
): string | undefined {
  if (line.seq <= (before?.seq ?? 0)) return 'has a number that was over';
  if (line.seq > (state?.seq ?? 0)) return 'has a number that was not given';
  if ('id' in line && !ids.has(line.id)) return 'is about a target that was not asked for';
  return undefined;
}

function broken(what: string): WatchAnswer {
  return { kind: 'broken', reason: `the output of the probe ${what}` };
}

function readLine(line: string): z.infer<typeof watchLine> | undefined {
  try {
    return watchLine.safeParse(JSON.parse(line)).data;
  } catch {
    return undefined; // not even JSON
  }
}
