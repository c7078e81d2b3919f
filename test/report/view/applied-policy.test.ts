import { createHash } from 'node:crypto';
import { expect, test } from 'vitest';
import { viewPolicy } from '../../../src/report/view/applied-policy.ts';

const TEXT = [
  'kind: NetworkPolicy',
  'metadata:',
  '  annotations: { note: "a\u001b[31m\u200bb" }',
  'spec: { podSelector: {} }\t',
  '',
].join('\n');
const written = {
  namespace: 'shop',
  name: 'deny\u009b',
  text: TEXT,
  location: { file: 'a', line: 1, column: 1 },
};

test('a policy is shown line by line, harmless, and its fingerprint is that of its text as it was applied', () => {
  const { key, lines, fingerprint } = viewPolicy(written);
  expect(key).toBe('shop/deny\\x9b');
  expect(lines).toEqual([
    'kind: NetworkPolicy',
    'metadata:',
    '  annotations: { note: "a\\x1b[31m\\u{200b}b" }',
    'spec: { podSelector: {} }',
  ]);
  expect(fingerprint).toBe(createHash('sha256').update(TEXT).digest('hex'));
});

test('it is read as it was applied, and what it says is harmless', () => {
  const policy = viewPolicy(written).read();
  expect(policy?.types).toEqual(['Ingress']);
  expect(policy?.written.object).toMatchObject({
    metadata: { annotations: { note: 'a\\x1b[31m\\u{200b}b' } },
  });
});
