import { stripVTControlCharacters } from 'node:util';
import { expect, test } from 'vitest';
import { linkPlaces } from '../../../../src/report/formats/terminal/hyperlinks.ts';
import { renderTerminal } from '../../../../src/report/formats/terminal/terminal.ts';
import { viewOf } from '../../../../src/report/view/run.ts';
import { everyVerdict } from '../../fixture.ts';

const linkTo = (file: string): string => `file://host/project/${file}`;
const OPTIONS = { width: 80, colour: false, verbose: true, quiet: false };

test('a place that the record names becomes a link to its file', () => {
  const text = linkPlaces('declared   scenarios/three-tier.yaml:24', viewOf(everyVerdict()), linkTo);
  expect(text).toBe(
    'declared   \u001b]8;;file://host/project/scenarios/three-tier.yaml\u001b\\scenarios/three-tier.yaml:24\u001b]8;;\u001b\\',
  );
});

test('what only looks like a place stays text', () => {
  const text = 'https://127.0.0.1:6443 (another.yaml:24) shop/db:5432/TCP scenarios/three-tier.yaml:2400';
  expect(linkPlaces(text, viewOf(everyVerdict()), linkTo)).toBe(text);
});

test('links change nothing that is seen, and stand in brackets too', () => {
  const plain = renderTerminal(viewOf(everyVerdict()), OPTIONS);
  const linked = renderTerminal(viewOf(everyVerdict()), { ...OPTIONS, linkTo });
  expect(stripVTControlCharacters(linked)).toBe(plain);
  expect(linked).toContain(
    '(\u001b]8;;file://host/project/policies/three-tier.yaml\u001b\\policies/three-tier.yaml:1\u001b]8;;\u001b\\)',
  );
});
