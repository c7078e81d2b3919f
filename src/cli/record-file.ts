/** Files of run records, of whatever version. */
import { readFileSync } from 'node:fs';
import { type ErrorCode, messageOf, PodreachError } from '../errors.ts';
import { readRecord } from '../record/read.ts';
import { RECORD_SCHEMA_VERSION, type RunRecord } from '../record/schema.ts';
import { neutralise } from '../report/text/text.ts';

export type FileReading =
  | { readonly kind: 'record'; readonly record: RunRecord }
  /** `why` follows the name of the file: `is not JSON: …` */
  | { readonly kind: 'unreadable'; readonly why: string; readonly hint?: string };

const PROBLEMS_SHOWN = 3;
const HINT = 'Give a file that podreach run --report json=FILE has written.';
const FOLDER_HINT = `${HINT} Folders of manifests are compared with podreach diff --manifests.`;

/**
 * @param code what it is for the command that the file cannot be read
 * @throws PodreachError of that code
 */
export function recordOf(file: string, code: ErrorCode): RunRecord {
  const reading = readRecordFile(file);
  if (reading.kind === 'record') return reading.record;
  throw new PodreachError(code, `${file} ${reading.why}`, { hint: reading.hint });
}

export function readRecordFile(file: string): FileReading {
  let text: string;
  try {
    text = readFileSync(file, 'utf8');
  } catch (thrown) {
    const isFolder = (thrown as NodeJS.ErrnoException).code === 'EISDIR';
    return isFolder
      ? { kind: 'unreadable', why: 'is a folder', hint: FOLDER_HINT }
      : { kind: 'unreadable', why: `cannot be read: ${messageOf(thrown)}` };
  }
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (thrown) {
    return { kind: 'unreadable', why: `is not JSON: ${neutralise(messageOf(thrown))}`, hint: HINT };
  }
  const reading = readRecord(value);
  switch (reading.kind) {
    case 'record':
      return reading;
    case 'newer':
      return {
        kind: 'unreadable',
        why: `was written by a newer podreach: its record is of version ${reading.version}, and this one reads up to version ${RECORD_SCHEMA_VERSION}`,
        hint: 'Render it with the podreach that wrote it, or a newer one.',
      };
    case 'no-record': {
      const { problems } = reading;
      const more = problems.length > PROBLEMS_SHOWN ? `; and ${problems.length - PROBLEMS_SHOWN} more` : '';
      return {
        kind: 'unreadable',
        why: `is no run record: ${neutralise(problems.slice(0, PROBLEMS_SHOWN).join('; '))}${more}`,
        hint: HINT,
      };
    }
  }
}
