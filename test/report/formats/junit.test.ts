import { readFile } from 'node:fs/promises';
import { XmlDocument, XmlElement, XsdValidator } from 'libxml2-wasm';
import { describe, expect, test } from 'vitest';
import { type RunRecord, runRecordSchema } from '../../../src/record/schema.ts';
import { renderJunit } from '../../../src/report/formats/junit.ts';
import { neutralise } from '../../../src/report/text/text.ts';
import { viewOf } from '../../../src/report/view/run.ts';
import { buildRecord, calmScenario, everyVerdict, meshScenario, unjudged } from '../fixture.ts';
import { knownIssues } from '../known-issues.ts';
import {
  environmentFailure,
  HOSTILE,
  hostileRecord,
  interruptedRun,
  provisioningFailure,
} from '../records.ts';
import { fiveSteps } from '../steps.ts';
import { upgradeWatched } from '../watch.ts';

const RECORDS: Readonly<Record<string, () => RunRecord>> = {
  'every verdict': everyVerdict,
  'five steps': fiveSteps,
  'known issues': () => knownIssues({ expired: false }),
  'an upgrade that was watched': upgradeWatched,
  'hostile names': hostileRecord,
  'an environment that failed': environmentFailure,
  'pods that did not start': provisioningFailure,
  'an interruption': interruptedRun,
  'no scenario at all': () => buildRecord([]),
  'ten thousand checks': () => buildRecord([meshScenario(100, () => ({}))]),
};

test('holds a suite per scenario and a case per check', async () => {
  await expect(renderJunit(viewOf(runRecordSchema.parse(everyVerdict())))).toMatchFileSnapshot(
    '../golden/every-verdict.junit.xml',
  );
});

describe.each(['junit-ant.xsd', 'junit-jenkins.xsd'])('is valid by %s', async (schema) => {
  const text = await readFile(new URL(schema, import.meta.url), 'utf8');

  test.each(Object.keys(RECORDS))('for %s', (name) => {
    using schemaDocument = XmlDocument.fromString(text);
    using validator = XsdValidator.fromDoc(schemaDocument);
    using document = XmlDocument.fromString(renderJunit(viewOf(RECORDS[name]?.() ?? buildRecord([]))));
    validator.validate(document);
  });

  test('which would notice an attribute of its own making', () => {
    using schemaDocument = XmlDocument.fromString(text);
    using validator = XsdValidator.fromDoc(schemaDocument);
    using document = XmlDocument.fromString(
      renderJunit(viewOf(everyVerdict())).replace('<testcase ', '<testcase line="1" '),
    );
    expect(() => validator.validate(document)).toThrow(/line/);
  });
});

test('tells names as they are, made visible where they are not', () => {
  const names = readElements(renderJunit(viewOf(hostileRecord())), '//testsuite').map(
    (suite) => suite.attr('name')?.value,
  );
  const expected = Object.values(HOSTILE).map((name) =>
    name.trim() === '' ? '(unnamed)' : neutralise(name),
  );
  expect(names).toEqual(['podreach', ...expected]);
});

test('explains a failure without any other file', () => {
  const [failure] = readElements(renderJunit(viewOf(everyVerdict())), '//failure[@type="leaked"]');
  expect(failure?.attr('message')?.value).toBe(
    'leaked: shop/web → shop/db:5432/TCP: expected unreachable, seen connected 3 of 3 (in 0.4 ms to 1.1 ms) (scenarios/three-tier.yaml:22)',
  );
  const lines = failure?.content.split('\n') ?? [];
  expect(lines.map((line) => line.split(/ {2,}/)[0])).toEqual([
    failure?.attr('message')?.value,
    'expected',
    'seen',
    'control',
    'declared',
    'predicted',
    'at fault',
    'egress',
    'ingress',
    'runbook',
    'reproduce',
  ]);
});

test('names in its properties what something else cuts', () => {
  const [warnings] = readElements(renderJunit(viewOf(everyVerdict())), '//property[@name="warnings"]');
  expect(warnings?.attr('value')?.value).toContain(
    '; three-tier: 1 connection is cut off, and not by these policies (shop/web → shop/db:5432/UDP)',
  );
});

test('counts each suite as it is', () => {
  for (const suite of readElements(renderJunit(viewOf(hostileRecord())), '//testsuite')) {
    const count = (path: string) => String(suite.find(path).length);
    expect([suite.attr('tests')?.value, suite.attr('failures')?.value, suite.attr('errors')?.value]).toEqual([
      count('testcase'),
      count('testcase/failure'),
      count('testcase/error'),
    ]);
  }
});

describe('is written when podreach itself fails', () => {
  test('to start a cluster: one error case, and checks that were skipped', () => {
    const output = renderJunit(viewOf(environmentFailure()));
    expect(readElements(output, '//error').map((error) => error.attr('message')?.value)).toEqual([
      'the sandbox needs nft, which is not installed',
    ]);
    expect(readElements(output, '//skipped')).toHaveLength(2);
  });

  test('to start the pods of a scenario: one error case in its suite', () => {
    const output = renderJunit(viewOf(provisioningFailure()));
    expect(readElements(output, '//error/../..').map((suite) => suite.attr('name')?.value)).toEqual([
      'unlucky',
    ]);
    expect(readElements(output, '//error')[0]?.content).toBe(
      [
        'scenario unlucky: pod shop/db did not become ready within 60 s: ErrImagePull (scenarios/unlucky.yaml:1)',
        'kind       provision-failed',
        'next       Look at the events of the pod.',
      ].join('\n'),
    );
  });
});

test.each([
  ['interrupted', interruptedRun()],
  ['cut off', buildRecord([calmScenario('done')], { incomplete: true })],
  ['without any check', buildRecord([])],
  ['with a check that nobody judged', buildRecord([unjudged(calmScenario('lost'))])],
])('is never green for a run that was %s', (_, record) => {
  expect(readElements(renderJunit(viewOf(record)), '//error').length).toBeGreaterThan(0);
});

test('is green for a run in which every check passed', () => {
  expect(
    readElements(renderJunit(viewOf(buildRecord([calmScenario('done')]))), '//error | //failure | //skipped'),
  ).toEqual([]);
});

function readElements(xml: string, path: string): XmlElement[] {
  return XmlDocument.fromString(xml)
    .find(path)
    .filter((node) => node instanceof XmlElement);
}
