import { describe, expect, it } from 'vitest';
import { KINDS } from '../../../src/sandbox/api/kinds/kinds.ts';
import type { Pod } from '../../../src/sandbox/api/kinds/pods/object.ts';
import { createMatcher, parseLabelSelector } from '../../../src/sandbox/api/selectors.ts';

describe('parseLabelSelector', () => {
  it.each([
    ['', []],
    ['app', [{ key: 'app', operator: 'Exists' }]],
    ['!app', [{ key: 'app', operator: 'DoesNotExist' }]],
    ['app=web', [{ key: 'app', operator: 'In', values: ['web'] }]],
    ['app==web', [{ key: 'app', operator: 'In', values: ['web'] }]],
    ['app=', [{ key: 'app', operator: 'In', values: [''] }]],
    ['app!=web', [{ key: 'app', operator: 'NotIn', values: ['web'] }]],
    ['app in (a, b)', [{ key: 'app', operator: 'In', values: ['a', 'b'] }]],
    ['app notin (a,,b)', [{ key: 'app', operator: 'NotIn', values: ['a', '', 'b'] }]],
    ['app in ()', [{ key: 'app', operator: 'In', values: [''] }]],
    ['in in (in,notin)', [{ key: 'in', operator: 'In', values: ['in', 'notin'] }]],
    [
      ' example.com/app = web , !old,tier in (a) ',
      [
        { key: 'example.com/app', operator: 'In', values: ['web'] },
        { key: 'old', operator: 'DoesNotExist' },
        { key: 'tier', operator: 'In', values: ['a'] },
      ],
    ],
  ])('reads %j', (text, matchExpressions) => {
    expect(parseLabelSelector(text)).toEqual({ matchExpressions });
  });

  it.each([
    ['a b', "unable to parse requirement: found 'b', expected: in, notin, =, ==, !=, gt, lt"],
    ['a,', "found '', expected: identifier after ','"],
    ['=a', "found '=', expected: !, identifier, or 'end of string'"],
    ['a in b', "unable to parse requirement: found 'b' expected: '('"],
    ['a in (b', "unable to parse requirement: found '', expected: ',' or ')'"],
    ['a=b c', "found 'c', expected: ',' or 'end of string'"],
    ['a>1', "the sandbox does not compare label values with '>'"],
    [
      '-a=b',
      `unable to parse requirement: <nil>: Invalid value: "-a": name part must consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character (e.g. 'MyName',  or 'my.name',  or '123-abc', regex used for validation is '([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]')`,
    ],
  ])('refuses %j', (text, message) => {
    expect(() => parseLabelSelector(text)).toThrow(message);
  });
});

describe('createMatcher', () => {
  const pod: Pod = {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name: 'web', namespace: 'shop', labels: { app: 'web' } },
    spec: { containers: [], nodeName: 'node-a' },
    status: { phase: 'Running' },
  };

  it.each([
    ['', '', true],
    ['app=web', '', true],
    ['app!=web', '', false],
    ['other!=web', '', true],
    ['', 'metadata.name=web', true],
    ['', 'metadata.name==web,metadata.namespace=shop', true],
    ['', 'metadata.name!=web', false],
    ['', 'status.phase=Running,spec.nodeName=node-b', false],
    ['', 'spec.restartPolicy=', true],
    ['app=web', 'status.phase=Pending', false],
  ])('label selector %j and field selector %j: %s', (labels, fields, expected) => {
    expect(createMatcher(KINDS.pods, labels, fields)(pod)).toBe(expected);
  });

  it('says which fields can be selected by', () => {
    expect(() => createMatcher(KINDS.pods, '', 'spec.foo=x')).toThrow('field label not supported: spec.foo');
    expect(() => createMatcher(KINDS.networkpolicies, '', 'spec.foo=x')).toThrow(
      '"spec.foo" is not a known field selector: only "metadata.name", "metadata.namespace"',
    );
    expect(() => createMatcher(KINDS.pods, '', 'web')).toThrow(
      "invalid selector: 'web'; can't understand 'web'",
    );
  });
});
