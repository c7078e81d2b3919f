import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { KINDS } from '../../../src/sandbox/api/kinds/kinds.ts';
import { jsonPatch } from '../../../src/sandbox/api/patch/json-patch.ts';
import { mergePatch } from '../../../src/sandbox/api/patch/merge-patch.ts';
import { strategicMergePatch } from '../../../src/sandbox/api/patch/strategic-merge-patch.ts';

describe('mergePatch', () => {
  it.each([
    [{ a: 'b' }, { a: 'c' }, { a: 'c' }],
    [{ a: 'b' }, { b: 'c' }, { a: 'b', b: 'c' }],
    [{ a: 'b' }, { a: null }, {}],
    [{ a: 'b', b: 'c' }, { a: null }, { b: 'c' }],
    [{ a: ['b'] }, { a: 'c' }, { a: 'c' }],
    [{ a: { b: 'c' } }, { a: { b: 'd', c: null } }, { a: { b: 'd' } }],
    [{ a: [{ b: 'c' }] }, { a: [1] }, { a: [1] }],
    [{ e: null }, { a: 1 }, { e: null, a: 1 }],
    [{}, { a: { bb: { ccc: null } } }, { a: { bb: {} } }],
    [[1, 2], { a: 'b', c: null }, { a: 'b' }],
  ])('%j with %j becomes %j (RFC 7386)', (target, patch, expected) => {
    expect(mergePatch(target, patch)).toEqual(expected);
  });
});

describe('jsonPatch', () => {
  it.each([
    ['adds a member', { a: 1 }, [{ op: 'add', path: '/b', value: 2 }], { a: 1, b: 2 }],
    ['adds an item', { a: [1, 3] }, [{ op: 'add', path: '/a/1', value: 2 }], { a: [1, 2, 3] }],
    ['appends', { a: [1] }, [{ op: 'add', path: '/a/-', value: 2 }], { a: [1, 2] }],
    ['replaces the document', { a: 1 }, [{ op: 'replace', path: '', value: { b: 2 } }], { b: 2 }],
    ['removes an item', { a: [1, 2] }, [{ op: 'remove', path: '/a/0' }], { a: [2] }],
    ['replaces', { a: { b: 1 } }, [{ op: 'replace', path: '/a/b', value: 2 }], { a: { b: 2 } }],
    ['moves', { a: { b: 1 } }, [{ op: 'move', from: '/a/b', path: '/c' }], { a: {}, c: 1 }],
    ['copies', { a: { b: 1 } }, [{ op: 'copy', from: '/a', path: '/c' }], { a: { b: 1 }, c: { b: 1 } }],
    ['tests', { a: [1, { b: 2 }] }, [{ op: 'test', path: '/a', value: [1, { b: 2 }] }], { a: [1, { b: 2 }] }],
    [
      'unescapes',
      { 'a/b': { '~c': 1 } },
      [{ op: 'replace', path: '/a~1b/~0c', value: 2 }],
      { 'a/b': { '~c': 2 } },
    ],
  ])('%s', (_what, document, patch, expected) => {
    const before = structuredClone(document);
    expect(jsonPatch(document, patch)).toEqual(expected);
    expect(document).toEqual(before);
  });

  it.each([
    [
      { op: 'replace', path: '/b', value: 1 },
      'replace operation does not apply: doc is missing key: /b: missing value',
    ],
    [
      { op: 'remove', path: '/a/7' },
      'remove operation does not apply: doc is missing key: /a/7: missing value',
    ],
    [
      { op: 'add', path: '/x/y', value: 1 },
      'add operation does not apply: doc is missing path: "/x/y": missing value',
    ],
    [
      { op: 'add', path: '/a/9', value: 1 },
      'add operation does not apply: doc is missing path: /a/9: invalid index referenced',
    ],
    [{ op: 'test', path: '/a', value: [2] }, 'testing value /a failed: test failed'],
    [{ op: 'spell', path: '/a' }, 'Unexpected kind: spell'],
  ])('refuses %j', (operation, why) => {
    const attempt = (): unknown => jsonPatch({ a: [1] }, [operation]);
    expect(attempt).toThrow('the server rejected our request due to an error in our request');
    expect(attempt).toThrow(
      expect.objectContaining({
        status: expect.objectContaining({
          details: { causes: [{ reason: 'UnexpectedServerResponse', message: why }] },
        }),
      }),
    );
  });
});

describe('strategicMergePatch', () => {
  const merge = (target: Record<string, unknown>, patch: Record<string, unknown>): unknown =>
    strategicMergePatch(KINDS.pods.schema, { spec: target }, { spec: patch });
  const containers = [
    { name: 'a', image: 'x', env: [{ name: 'A', value: '1' }] },
    { name: 'b', image: 'y' },
  ];

  it.each([
    [
      'matches items by their merge key',
      {
        containers: [
          { name: 'b', image: 'z' },
          { name: 'c', image: 'n' },
        ],
      },
      { containers: [containers[0], { name: 'b', image: 'z' }, { name: 'c', image: 'n' }] },
    ],
    [
      'goes down into items',
      { containers: [{ name: 'a', env: [{ name: 'B', value: '2' }] }] },
      {
        containers: [
          {
            ...containers[0],
            env: [
              { name: 'A', value: '1' },
              { name: 'B', value: '2' },
            ],
          },
          containers[1],
        ],
      },
    ],
    ['deletes an item', { containers: [{ name: 'a', $patch: 'delete' }] }, { containers: [containers[1]] }],
    [
      'replaces a list',
      { containers: [{ $patch: 'replace' }, { name: 'z' }] },
      { containers: [{ name: 'z' }] },
    ],
    [
      'removes a field',
      { containers: [{ name: 'a', env: null }] },
      { containers: [{ name: 'a', image: 'x' }, containers[1]] },
    ],
    [
      'passes over the order of items',
      {
        '$setElementOrder/containers': [{ name: 'b' }, { name: 'a' }],
        containers: [{ name: 'b', image: 'z' }],
      },
      { containers: [containers[0], { name: 'b', image: 'z' }] },
    ],
    [
      'replaces lists without merge key',
      { containers: [{ name: 'b', command: ['q'] }] },
      { containers: [containers[0], { name: 'b', image: 'y', command: ['q'] }] },
    ],
  ])('%s', (_what, patch, expected) => {
    expect(merge({ containers }, patch)).toEqual({ spec: expected });
  });

  it('replaces and deletes objects, retains keys, and deletes values of primitive lists', () => {
    const schema = KINDS.pods.schema;
    const target = {
      metadata: { labels: { a: '1', b: '2' }, finalizers: ['x/1', 'x/2'] },
      spec: { volumes: [{ name: 'v', emptyDir: {} }] },
    };
    expect(
      strategicMergePatch(schema, target, { metadata: { labels: { $patch: 'replace', c: '3' } } }),
    ).toMatchObject({
      metadata: { labels: { c: '3' }, finalizers: ['x/1', 'x/2'] },
    });
    expect(
      strategicMergePatch(schema, target, {
        metadata: { '$deleteFromPrimitiveList/finalizers': ['x/1'], finalizers: ['x/3'] },
      }),
    ).toMatchObject({ metadata: { finalizers: ['x/2', 'x/3'] } });
    expect(
      strategicMergePatch(schema, target, {
        spec: { volumes: [{ name: 'v', $retainKeys: ['name', 'hostPath'], hostPath: { path: '/' } }] },
      }),
    ).toMatchObject({ spec: { volumes: [{ name: 'v', hostPath: { path: '/' } }] } });
  });

  it('refuses an item without its merge key and a directive that is none', () => {
    expect(() => merge({ containers }, { containers: [{ image: 'x' }] })).toThrow(
      'map: {"image":"x"} does not contain declared merge key: name',
    );
    expect(() => merge({ containers }, { $patch: 'burn' })).toThrow('unknown patch type found: burn');
  });

  it('is a merge patch where there are no lists', () => {
    const values = fc.dictionary(fc.constantFrom('a', 'b', 'c'), fc.option(fc.string()));
    const labels = fc.record({ metadata: fc.record({ labels: values, annotations: values }) });
    fc.assert(
      fc.property(labels, labels, (target, patch) => {
        expect(strategicMergePatch(KINDS.pods.schema, target, patch)).toEqual(mergePatch(target, patch));
      }),
    );
  });
});
