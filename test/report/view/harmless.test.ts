/** Nothing that a record says reaches a reader as anything else than text, in any format and in any field that the schema has. */
import { gunzipSync } from 'node:zlib';
import { describe, expect, test } from 'vitest';
import { INCIDENT_KINDS } from '../../../src/model/incident.ts';
import { FORMATS, type ReportFormat } from '../../../src/report/formats.ts';
import { REPORTS } from '../../../src/report/report.ts';
import { viewOf } from '../../../src/report/view/run.ts';
import { ATTACK, hostileBySchema } from '../hostile.ts';
import { OBEYED, OWN_LINE } from '../obeyed.ts';

/** Every word of every enumeration: of the longest, the kinds of incidents, there are eighteen. */
const CHOICES = Array.from({ length: INCIDENT_KINDS.length }, (_, choice) => choice);
const FORMAT_NAMES = Object.keys(FORMATS) as ReportFormat[];

test('the attack is one, before it is made harmless', () => {
  expect(ATTACK).toMatch(OBEYED);
  expect(ATTACK).toMatch(OWN_LINE);
  expect(JSON.stringify(hostileBySchema(0)).split('INJECTED').length).toBeGreaterThan(200);
});

describe.each(CHOICES)(
  'of a record in which every text is hostile, with word %i of those that are given',
  (choice) => {
    const record = hostileBySchema(choice);

    test('the view holds none that is', () => {
      const texts = textsOf(viewOf(record));
      expect(texts.size).toBeGreaterThan(20);
      for (const text of texts) expect(text).not.toMatch(/[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}]/u);
    });

    test.each(FORMAT_NAMES)('the report %s obeys none', (format) => {
      for (const verbose of [false, true]) {
        const text = REPORTS[format](record, { width: 80, colour: false, verbose, quiet: false });
        for (const part of [text, ...packedIn(text)]) {
          expect(part.match(OBEYED)).toBeNull();
          // A policy is shown as it was applied, line by line.
          expect(part.replaceAll(/<pre>.*?<\/pre>/gs, '')).not.toMatch(OWN_LINE);
        }
      }
    });
  },
);

/** Every text and every key in a value, however deep. */
function textsOf(value: unknown, seen = new Set<unknown>()): Set<string> {
  if (typeof value === 'string') return new Set([value]);
  if (typeof value !== 'object' || value === null || seen.has(value)) return new Set();
  seen.add(value);
  const inner = value instanceof Map ? [...value].flat() : Object.entries(value).flat();
  return new Set(inner.flatMap((one) => [...textsOf(one, seen)]));
}

/** What the page holds for its script. */
function packedIn(text: string): string[] {
  return [...text.matchAll(/<script type="application\/octet-stream" id="checks">([^<]*)</g)].map(
    ([, packed = '']) => gunzipSync(Buffer.from(packed, 'base64')).toString(),
  );
}
