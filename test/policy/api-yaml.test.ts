import { execFileSync } from 'node:child_process';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { parseDocument } from 'yaml';
import { parseAsServer, readAsServer, resolvePlain } from '../../src/policy/api-yaml.ts';
import { PLAIN_SCALARS } from '../support/api-yaml.ts';
import { hasKubectl, KUBECTL } from '../support/kubectl.ts';

test.for(PLAIN_SCALARS)('%s is to an API server %j', ([source, value]) => {
  expect(resolvePlain(source)).toBe(value);
});

test.for<readonly [string, number]>([
  ['.inf', Infinity],
  ['+.Inf', Infinity],
  ['-.INF', -Infinity],
  ['.nan', Number.NaN],
  ['.NaN', Number.NaN],
])('%s is to an API server %s', ([source, value]) => {
  expect(resolvePlain(source)).toBe(value);
});

describe.runIf(hasKubectl())('the decoder of a real kubectl', () => {
  /** What it reads in scalars, each a value of its own. */
  function readReally(sources: readonly string[]): readonly unknown[] {
    const data = sources.map((source, index) => `  k${index}: ${source}\n`).join('');
    const printed = execFileSync(
      KUBECTL,
      [
        'patch',
        '--local',
        '-f',
        '-',
        '--type=merge',
        '-p',
        '{"metadata":{"labels":{"a":"b"}}}',
        '-o',
        'json',
      ],
      {
        input: `apiVersion: v1\nkind: ConfigMap\nmetadata: { name: x }\ndata:\n${data}`,
        encoding: 'utf8',
      },
    );
    const read: Readonly<Record<string, unknown>> = JSON.parse(printed).data;
    return sources.map((_, index) => read[`k${index}`] ?? null);
  }

  test('reads what is written here', () => {
    expect(readReally(PLAIN_SCALARS.map(([source]) => source))).toEqual(
      PLAIN_SCALARS.map(([, value]) => value),
    );
  });

  test('and whatever looks like a number', () => {
    const sources = fc.sample(fc.stringMatching(/^[+.0-9][0-9a-fxoBXO_.+-]{0,6}$/), 2000);
    const positive = (value: unknown) => (Object.is(value, -0) ? 0 : value);
    expect(sources.map((source) => [source, positive(resolvePlain(source))])).toEqual(
      readReally(sources).map((value, index) => [sources[index], value]),
    );
  });
});

describe('a document', () => {
  const read = (text: string) => {
    const document = parseDocument(text, { merge: true });
    const retyped = document.contents === null ? [] : readAsServer(document.contents);
    return { value: document.toJS(), retyped };
  };

  test('keys are read like values, and become text', () => {
    expect(read('on: 1\n010: 2\nplain: 3\n')).toEqual({
      value: { true: 1, 8: 2, plain: 3 },
      retyped: [
        { written: 'on', read: true, isKey: true, offset: 0 },
        { written: '010', read: 8, isKey: true, offset: 6 },
      ],
    });
  });

  test('quotes, blocks and tags keep what they say', () => {
    expect(read('a: "no"\nb: \'010\'\nc: !!str yes\nd: |\n  off\n')).toEqual({
      value: { a: 'no', b: '010', c: 'yes', d: 'off\n' },
      retyped: [],
    });
  });

  test('anchors, aliases and merges share what is read', () => {
    expect(read('a: &a { x: no }\nb: *a\nc: { <<: *a, z: 1_0 }\n')).toEqual({
      value: { a: { x: false }, b: { x: false }, c: { x: false, z: 10 } },
      retyped: [
        { written: 'no', read: false, isKey: false, offset: 11 },
        { written: '1_0', read: 10, isKey: false, offset: 38 },
      ],
    });
  });

  test('of a text is read as a whole, or not at all', () => {
    expect(parseAsServer('a: &a { x: no }\nb: { <<: *a, 010: 0b11 }\n')).toEqual({
      a: { x: false },
      b: { x: false, 8: 3 },
    });
    expect(parseAsServer('')).toBeNull();
    expect(() => parseAsServer('a: [1')).toThrow('Flow sequence');
  });

  test('what is the same to a person is not told', () => {
    expect(read('[true, 0o17, 0x1f, 08, 1.5, ~, text, 12:30, 2024-01-01, -.inf]').retyped).toEqual([]);
  });
});
