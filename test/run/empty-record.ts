import type { RunDraft } from '../../src/record/draft.ts';
import { startRecord } from '../../src/run/start-record.ts';

/** The record of a run of no scenarios. */
export function emptyRecord(): RunDraft {
  return startRecord([], {
    runId: 'r',
    version: '0',
    startedAt: new Date(0),
    cluster: 'sandbox',
    options: { confirm: 2, keep: false, failFast: false },
  });
}
