import type { RunRecord } from '../../src/record/schema.ts';
import { startRecord } from '../../src/run/start-record.ts';

/** The record of a run of no scenarios. */
export function emptyRecord(): RunRecord {
  return startRecord([], {
    runId: 'r',
    version: '0',
    startedAt: new Date(0),
    cluster: 'sandbox',
    options: { confirm: 2, keep: false, failFast: false },
  });
}
