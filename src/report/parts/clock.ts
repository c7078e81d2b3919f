/** When something of a scenario happened, for whoever reads other logs beside the report. */
import type { ScenarioView } from '../view/view.ts';

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

function iso(startedAt: string, ms: number): string {
  return new Date(Date.parse(startedAt) + ms).toISOString();
}
