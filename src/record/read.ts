/** Reading what a run has saved: a record of any version that this podreach knows, as one of the version that it writes. */
import { z } from 'zod';
import { RECORD_SCHEMA_VERSION, type RunRecord, runRecordSchema } from './schema.ts';
import { fromVersion1, version1Schema } from './version-1.ts';

/** A record, or why it is none. */
export type Reading =
  | { readonly kind: 'record'; readonly record: RunRecord }
  /** Written by a podreach that is newer than this one. */
  | { readonly kind: 'newer'; readonly version: number }
  /** One line for each thing that is wrong, with its place. */
  | { readonly kind: 'no-record'; readonly problems: readonly string[] };

/** @param value the JSON value of a file */
export function readRecord(value: unknown): Reading {
  const version = z.object({ schemaVersion: z.number() }).safeParse(value).data?.schemaVersion;
  if (version !== undefined && version > RECORD_SCHEMA_VERSION) return { kind: 'newer', version };
  if (version === 1) {
    const { data, error } = version1Schema.safeParse(value);
    return data === undefined ? noRecord(error) : { kind: 'record', record: fromVersion1(data) };
  }
  const { success, error } = runRecordSchema.safeParse(value);
  // What has been found to be a record is handed on as it was read: its keys keep their order.
  return success ? { kind: 'record', record: value as RunRecord } : noRecord(error);
}

function noRecord(error: z.ZodError): Reading {
  const problems = error.issues.map(({ path, message }) => `${describePath(path)}: ${message}`);
  return { kind: 'no-record', problems };
}

/** `scenarios[0].checks[12].verdict` */
function describePath(path: readonly PropertyKey[]): string {
  if (path.length === 0) return 'the whole of it';
  return path
    .map((key, index) => (typeof key === 'number' ? `[${key}]` : `${index === 0 ? '' : '.'}${String(key)}`))
    .join('');
}
