import { expect, test } from 'vitest';
import { runRecordSchema } from '../../../src/record/schema.ts';
import { renderJson } from '../../../src/report/formats/json.ts';
import { buildRecord, calmScenario, everyVerdict, meshScenario } from '../fixture.ts';

test('is the record, one check to a line', async () => {
  await expect(renderJson(everyVerdict())).toMatchFileSnapshot('../golden/every-verdict.json');
});

test('gives back exactly the record that went in', () => {
  const record = buildRecord([calmScenario('a\u001b[31m\u009b1m\u202e\u2028\ud800"\\\n', { tags: [] })]);
  expect(runRecordSchema.parse(JSON.parse(renderJson(record)))).toEqual(record);
});

test('holds nothing that a terminal obeys', () => {
  const json = renderJson(buildRecord([calmScenario('a\u001b[31m\u009b1m\u202e\u2028\u200b\u007f')]));
  expect(json.replaceAll('\n', '')).not.toMatch(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/u);
  expect(json).toContain('"name": "a\\u001b[31m\\u009b1m\\u202e\\u2028\\u200b\\u007f"');
});

test('is the same text for the same record', () => {
  expect(renderJson(everyVerdict())).toBe(renderJson(everyVerdict()));
});

test('of 9,900 checks has about as many lines', () => {
  const record = buildRecord([meshScenario(100, () => ({}))]);
  const json = renderJson(record);
  expect(json.split('\n').length).toBeLessThan(10_200);
});
