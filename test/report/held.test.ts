/** What every report says of connections that were open when a step cut their pairs off. */
import { gunzipSync } from 'node:zlib';
import { describe, expect, test } from 'vitest';
import { heldVerdict } from '../../src/judge/held.ts';
import { disagreementOf } from '../../src/judge/opinions.ts';
import type { CheckRecord, RunRecord } from '../../src/record/schema.ts';
import type { ReportFormat } from '../../src/report/formats.ts';
import { REPORTS } from '../../src/report/report.ts';
import { attempts, buildCheck, buildRecord, buildScenario } from './fixture.ts';
import { ENDINGS, render } from './render.ts';

type Held = NonNullable<CheckRecord['held']>;

const LIVING = { fate: 'survived', beats: 25, heldMs: 3400 } as const;
const SILENT = { fate: 'stalled', beats: 6, endedMs: 80, heldMs: 3400 } as const;

function check(id: number, from: string, held?: Held): CheckRecord {
  const built = buildCheck({
    id,
    from,
    to: 'shop/db',
    port: 5432,
    expected: 'unreachable',
    settledMs: 51,
    predicted: { verdict: 'denied', grounds: 0 },
    attempts: [
      ...attempts('control', ['connected']),
      ...attempts('settle', ['timeout', 'timeout', 'timeout']),
      ...attempts('closing', ['connected']),
    ],
    ...(held === undefined ? {} : { held }),
  });
  const judged = { ...built, ...heldVerdict({ verdict: 'pass', settledMs: 51 }, held) };
  const disagreement = disagreementOf(judged);
  return { ...judged, ...(disagreement === undefined ? {} : { disagreement }) };
}

/** @param helds of pods `a`, `b`, … */
function recordWith(...helds: readonly Held[]): RunRecord {
  const names = helds.map((_, index) => `shop/${'abcdef'[index]}`);
  const scenario = buildScenario(
    'held',
    {
      pods: Object.fromEntries([...names, 'shop/other', 'shop/db'].map((name) => [name, ['5432']])),
      policies: { 'shop/deny': 1 },
      checks: [],
    },
    { grounds: [[{ direction: 'ingress', policy: 'shop/deny' }]], closingControl: 'made' },
  );
  const checks = [
    ...helds.map((held, index) => check(index, names[index] ?? '', held)),
    check(helds.length, 'shop/other'),
  ];
  return buildRecord([{ ...scenario, steps: [{ checks }] }], { exitCode: 1 });
}

const MIXED = recordWith(
  { wish: 'kept', ...SILENT },
  { wish: 'cut', ...LIVING },
  { wish: 'kept', ...LIVING },
  { wish: 'cut', fate: 'broken', beats: 6, endedMs: 120, heldMs: 120, detail: 'ECONNRESET' },
  { wish: 'either', ...SILENT },
  { wish: 'cut', unseen: 'it could not be opened before the step acted (timeout)' },
);

/** All that a page says, also what its script unpacks. */
function saidBy(format: ReportFormat, record: RunRecord): string {
  if (format !== 'html') return render(format, record, { width: 1_000 });
  const page = REPORTS.html(record, { width: 100, colour: false, verbose: false, quiet: false });
  const packed = [...page.matchAll(/>([A-Za-z0-9+/=]{100,})</g)].map(([, text = '']) =>
    gunzipSync(Buffer.from(text, 'base64')).toString(),
  );
  return [page, ...packed].join('\n');
}

const SUMMARY =
  '6 connections were open when their pairs were to be cut off: 2 survived, 2 stalled, 1 broken, 1 of which nobody can tell (shop/a → shop/db:5432/TCP must be kept, and stalled; shop/b → shop/db:5432/TCP must be cut, and survived; shop/c → shop/db:5432/TCP must be kept, and survived; and 3 more)';

describe('every report', () => {
  test.each(['terminal', 'junit', 'markdown', 'github', 'html', 'tap'] as const)(
    '%s tells how many survived, and what was otherwise than it was to be',
    (format) => {
      const said = saidBy(format, MIXED).replaceAll('&gt;', '>').replaceAll('`', '');
      expect(said).toContain(SUMMARY);
      expect(said).toMatch(
        /one that was open before must be kept, and stalled: the last heartbeat came back 80 ms after the last action/,
      );
      expect(said).toContain(
        'one that was open before must be cut too, and survived until it was held no more, 3.4 s after the last action',
      );
    },
  );

  test.each(ENDINGS.map(([format]) => format))('%s says nothing where nothing was asked', (format) => {
    expect(saidBy(format, recordWith())).not.toMatch(/held_connections|open before|"held":|were open when/);
  });
});

test('of a Service the pod is named that it was open to', () => {
  const record = recordWith({ wish: 'kept', pod: 'shop/db-2', ...SILENT });
  expect(render('terminal', record, { width: 1_000 })).toContain(
    'open before to shop/db-2, must be kept, and stalled',
  );
});

test('the block of a mismatch tells what was open before, and that nobody is to blame by the specification', () => {
  const said = render('terminal', MIXED, { width: 1_000 });
  const block = said.slice(said.indexOf('BROKEN  shop/a'), said.indexOf('reproduce', said.indexOf('BROKEN')));
  expect(block).toMatch(
    /\n +held +open before, must be kept, and stalled: the last heartbeat came back 80 ms after the last action, and none in the 3.3 s that followed; 6 heartbeats came back\n/,
  );
  expect(block).toMatch(
    /\n +at fault +undecided: the specification does not say what becomes of a connection/,
  );
  expect(block).toMatch(/\n +why +new connections are cut off as they must be, but one/);
});

test('the legend of the matrix and the page say what the letters stand for here', () => {
  const text = render('terminal', MIXED, { width: 1_000 });
  expect(text).toContain('B broken: an open connection was not kept');
  expect(text).toContain('L leaked: an open connection was not cut');
  expect(text).not.toContain('must be reachable, was not');
  expect(saidBy('html', MIXED)).toContain('</span>broken: an open connection was not kept</li>');
});

test('what nobody could see is inconclusive, with its reason', () => {
  expect(render('terminal', MIXED, { width: 1_000 })).toContain(
    'nobody can tell what became of the connection that was open before: it could not be opened before the step acted (timeout)',
  );
});

test('what passed has it among its facts', () => {
  expect(render('tap', MIXED)).toContain(
    'held: "open before, may be kept or cut, and stalled: the last heartbeat came back 80 ms after the last action',
  );
});

test('metrics count them by what was to become of them and by what did', () => {
  const lines = render('openmetrics', MIXED).split('\n');
  const own = lines.filter((line) => line.startsWith('podreach_step_held_connections{'));
  expect(own.map((line) => line.replace(/.*wish="(\w+)",fate="(\w+)"} (\d)/, '$1 $2 $3'))).toEqual([
    'kept survived 1',
    'kept stalled 1',
    'kept broken 0',
    'kept unknown 0',
    'cut survived 1',
    'cut stalled 0',
    'cut broken 1',
    'cut unknown 1',
    'either survived 0',
    'either stalled 1',
    'either broken 0',
    'either unknown 0',
  ]);
});

test('the audit tells it in sentences, each kind by itself', () => {
  const said = render('audit', MIXED);
  expect(said).toContain('that was open before went on although it must be cut');
  expect(said).toContain('that was open before did not go on although it must be kept');
  expect(said).toContain('New connections are blocked as they must be.');
  expect(said).toMatch(/does not say what becomes of connections that are open when policies change/);
  expect(said).toContain(
    '6 connections were open before: 2 went on, 2 carried nothing any more, 1 was ended and 1 of which nobody can tell.',
  );
  expect(said).not.toContain('reached db');
});
