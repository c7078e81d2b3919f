/** Scenarios that come in at standard input. */
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { PassThrough, Readable } from 'node:stream';
import { expect, test } from 'vitest';
import { type Folder, folderWith, runCli, startCli } from '../support/cli.ts';

const SCENARIO = `apiVersion: podreach/v1
kind: Scenario
name: piped
namespaces: { piped: {} }
pods:
  piped/a: {}
  piped/b: { ports: [80] }
policies: [policies/deny.yaml]
unreachable:
  - { from: piped/a, to: piped/b }
`;
const POLICY = `apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: { name: deny, namespace: piped }
spec: { podSelector: {} }
`;

/** A folder with the policy that the scenario names. */
function folderWithPolicy(): Folder {
  const folder = folderWith({});
  mkdirSync(join(folder.path, 'policies'));
  writeFileSync(join(folder.path, 'policies/deny.yaml'), POLICY);
  return folder;
}

const piped = (text: string) => ({ input: Readable.from([text]) });

test('paths in it are relative to the working directory', async () => {
  using folder = folderWithPolicy();
  expect(await runCli(['validate', '-'], { cwd: folder.path, ...piped(SCENARIO) })).toEqual({
    exitCode: 0,
    stdout: 'piped  2 pods, 1 policy, 1 check  (<stdin>)\n1 scenario valid.\n',
    stderr: '',
  });
});

test('a mistake in it has its line', async () => {
  using folder = folderWithPolicy();
  const text = SCENARIO.replace('to: piped/b', 'to: piped/c');
  expect(await runCli(['plan', '-'], { cwd: folder.path, ...piped(text) })).toMatchObject({
    exitCode: 2,
    stdout: '',
    stderr: expect.stringContaining('<stdin>:10:'),
  });
});

test('it goes beside files, and is what `explain` is about too', async () => {
  using folder = folderWithPolicy();
  writeFileSync(
    join(folder.path, 'other.yaml'),
    SCENARIO.replaceAll('piped', 'other').replace(/^policies.*\n/m, ''),
  );
  const both = await runCli(['validate', 'other.yaml', '-'], { cwd: folder.path, ...piped(SCENARIO) });
  expect(both.stdout).toContain('(other.yaml)\npiped  2 pods, 1 policy, 1 check  (<stdin>)\n');
  const explained = await runCli(['explain', '-', 'piped/a', 'piped/b'], {
    cwd: folder.path,
    ...piped(SCENARIO),
  });
  expect(explained).toMatchObject({ exitCode: 0, stdout: expect.stringContaining('piped/deny') });
});

test('it is run, and what reproduces a mismatch reads standard input again', async () => {
  using folder = folderWithPolicy();
  const text = SCENARIO.replace('unreachable:', 'reachable:');
  const { exitCode, stdout } = await runCli(['run', '-'], { cwd: folder.path, ...piped(text) });
  expect(exitCode).toBe(1);
  expect(stdout).toContain('<stdin>:10');
  expect(stdout).toContain("podreach run - --check 'piped/a → piped/b:80/TCP' --keep");
});

test('whoever is tired of waiting for it interrupts', async () => {
  const waiting = startCli(['validate', '-'], { input: new PassThrough() });
  // More than fits into a pipe: it is taken when somebody reads.
  await new Promise((resolve) => waiting.child.stdin?.write('#'.repeat(1_000_000), resolve));
  waiting.child.kill('SIGINT');
  expect(await waiting.ended).toEqual({
    exitCode: 130,
    stdout: '',
    stderr: 'error: interrupted by SIGINT\n',
  });
});
