/** Counts that may be percentages: how many pods may be missing, or too many, while they are replaced. */
import type { Invalidity } from '../status.ts';
import { invalidValue } from '../validate/fields.ts';
import { countProblems } from './template.ts';

const PERCENT = /^(\d+)%$/;

/** @param round what becomes of parts of a pod */
export function countOf(value: number | string, total: number, round: (count: number) => number): number {
  return typeof value === 'number' ? value : round((Number(PERCENT.exec(value)?.[1] ?? 0) * total) / 100);
}

export function countOrPercentProblems(field: string, value: number | string | undefined): Invalidity[] {
  if (typeof value !== 'string') return countProblems(field, value);
  return PERCENT.test(value)
    ? []
    : [
        invalidValue(
          field,
          value,
          "a valid percent string must be a numeric string followed by an ending '%' (e.g. '1%',  or '93%', regex used for validation is '[0-9]+%')",
        ),
      ];
}
