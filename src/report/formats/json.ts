/** The run record itself, as JSON. */
import type { RunRecord } from '../../record/schema.ts';
import { recordText } from '../../record/text.ts';

export function renderJson(record: RunRecord): string {
  return recordText(record);
}
