import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { isNotThere, isThere } from '../src/search-path.ts';

let folder: string;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'podreach-path-'));
  mkdirSync(join(folder, 'bin'));
  writeFileSync(join(folder, 'bin', 'forbidden'), '', { mode: 0o600 });
  // Names below a file: nobody may look there, not even root.
  vi.stubEnv('PATH', `${join(folder, 'bin', 'forbidden')}:${join(folder, 'bin')}:`);
});
afterEach(() => {
  vi.unstubAllEnvs();
  rmSync(folder, { recursive: true });
});

test.each([
  ['none', 'ENOENT', true],
  ['none', 'EACCES', true],
  ['none', 'ENOEXEC', false],
  ['forbidden', 'EACCES', false],
  ['./none', 'EACCES', false],
])('%s that ends with %s is not there: %s', (command, code, expected) => {
  expect(isNotThere(command, code)).toBe(expected);
});

test.each([
  ['forbidden', true],
  ['none', false],
  ['./none', false],
  [process.execPath, true],
])('%s is there: %s', (command, expected) => {
  expect(isThere(command)).toBe(expected);
});
