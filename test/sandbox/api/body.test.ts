import { describe, expect, it } from 'vitest';
import { parseJson, parseYaml } from '../../../src/sandbox/api/requests/body.ts';
import { decodeProtobuf } from '../../../src/sandbox/api/requests/protobuf.ts';
import { PLAIN_SCALARS } from '../../support/api-yaml.ts';

describe('parseYaml', () => {
  it.each([
    ['a: yes', { a: true }],
    ['a: off', { a: false }],
    ['a: 0755', { a: 493 }],
    ['a: 1_000', { a: 1000 }],
    ['a: ~', { a: null }],
    ['on: 1', { true: 1 }],
    ['a: 2026-01-02', { a: '2026-01-02' }],
    ['a: 12:30:45', { a: '12:30:45' }],
    ['a: &x {b: 1}\nc:\n  <<: *x\n  d: 2', { a: { b: 1 }, c: { b: 1, d: 2 } }],
    ['{"a": [1, "b"]}', { a: [1, 'b'] }],
    ['---\na: 1\n---\nb: 2', { a: 1 }],
    ['', null],
  ])('reads %j as API servers do', (text, value) => {
    expect(parseYaml(text)).toEqual({ value, duplicates: [] });
  });

  it.each(PLAIN_SCALARS)('reads the plain scalar %s as API servers do', (source, value) => {
    expect(parseYaml(`a: ${source}`).value).toEqual({ a: value });
  });

  it('takes the last of a key that is there twice, and says so', () => {
    expect(parseYaml('spec:\n  a: 1\n  b: 2\n  a: 3\n')).toEqual({
      value: { spec: { a: 3, b: 2 } },
      duplicates: ['line 4: key "a" already set in map'],
    });
  });

  it('refuses what is not YAML', () => {
    expect(() => parseYaml('a: [1')).toThrow('error decoding YAML: yaml: ');
  });
});

describe('bodies', () => {
  it('may not name a prototype', () => {
    expect(() => parseJson('{"__proto__": {}}')).toThrow('the body of the request has a key "__proto__"');
    expect(() => parseYaml('__proto__: {}')).toThrow('the body of the request has a key "__proto__"');
  });

  it('say where JSON ends being JSON', () => {
    expect(() => parseJson('{"a":')).toThrow('the body of the request is not JSON: ');
  });
});

describe('decodeProtobuf', () => {
  const bytes = (...parts: (number | string)[]): Buffer =>
    Buffer.concat(parts.map((part) => (typeof part === 'number' ? Buffer.of(part) : Buffer.from(part))));
  const field = (number: number, content: Buffer | string): Buffer =>
    bytes(number * 8 + 2, content.length, content.toString('latin1'));
  const envelope = (kind: string, raw: Buffer): Buffer =>
    bytes(
      'k8s\0',
      field(1, bytes(field(1, 'v1').toString('latin1'), field(2, kind).toString('latin1'))).toString(
        'latin1',
      ),
      field(2, raw).toString('latin1'),
    );

  it('reads a namespace as kubectl sends it', () => {
    const label = Buffer.concat([field(1, 'team'), field(2, 'a')]);
    const metadata = Buffer.concat([field(1, 'shop'), field(11, label), bytes(8 * 8 + 2, 0)]);
    const body = envelope('Namespace', Buffer.concat([field(1, metadata), bytes(3 * 8, 1)]));
    expect(decodeProtobuf(body)).toEqual({
      apiVersion: 'v1',
      kind: 'Namespace',
      metadata: { name: 'shop', labels: { team: 'a' } },
    });
  });

  it('refuses kinds that it does not know, and what is cut off', () => {
    expect(() => decodeProtobuf(envelope('Pod', Buffer.alloc(0)))).toThrow(
      'the body of the request was in an unknown format - accepted media types include: application/json, application/yaml',
    );
    expect(() => decodeProtobuf(envelope('Namespace', field(1, 'x')).subarray(0, -3))).toThrow(
      /not protobuf/,
    );
    expect(() => decodeProtobuf(Buffer.from('{}'))).toThrow(/not protobuf/);
  });
});
