/** When something of a scenario or a watch happened, for whoever reads other logs beside the report. */
import type { RunView, ScenarioView } from '../view/view.ts';

type Began = Pick<ScenarioView, 'startedAt'>;

/**
 * The time of day, as `02:00:01 UTC`; where it is not known when the scenario began, the seconds since then.
 * @param ms after the scenario began
 */
export function timeOfDay({ startedAt }: Began, ms: number): string {
  return startedAt === undefined ? `${(ms / 1000).toFixed(1)} s` : `${iso(startedAt, ms).slice(11, 19)} UTC`;
}

/** `2026-11-20 02:00:01`; undefined where it is not known. @param ms after the scenario began */
export function dayAndTime({ startedAt }: Began, ms: number): string | undefined {
  return startedAt === undefined ? undefined : iso(startedAt, ms).slice(0, 19).replace('T', ' ');
}

/** A watch that is known from when to when. */
type WatchTimesView = Pick<NonNullable<RunView['watch']>, 'startedAt' | 'durationMs'>;

/**
 * The time of day with its thousandths, as `02:14:07.120 UTC`; with the day before it where the watch began on another.
 * @param ms after the watch began
 */
export function momentOf(watch: WatchTimesView, ms: number): string {
  return `${dayOf(watch, ms)}${iso(watch.startedAt, ms).slice(11, 23)} UTC`;
}

/** The same to the second: `02:14:07 UTC`. */
export function secondOf(watch: WatchTimesView, ms: number): string {
  return `${dayOf(watch, ms)}${iso(watch.startedAt, ms).slice(11, 19)} UTC`;
}

function dayOf({ startedAt, durationMs = 0 }: WatchTimesView, ms: number): string {
  const day = (after: number): string => iso(startedAt, after).slice(0, 10);
  return day(0) === day(Math.max(ms, durationMs)) ? '' : `${day(ms)} `;
}

function iso(startedAt: string, ms: number): string {
  return new Date(Date.parse(startedAt) + ms).toISOString();
}
