/** Programs are run for real here: this test's own Node.js. */
import { existsSync, readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import {
  CommandError,
  type CommandOptions,
  lastWords,
  systemRunner,
} from '../../src/cluster/command-runner.ts';

function runScript(script: string, options?: CommandOptions): Promise<{ stdout: string; stderr: string }> {
  return systemRunner.run(process.execPath, ['-e', script], options);
}

async function failureOf(promise: Promise<unknown>): Promise<CommandError> {
  const thrown: unknown = await promise.then(
    () => undefined,
    (reason: unknown) => reason,
  );
  if (thrown instanceof CommandError) return thrown;
  throw new Error('it did not fail as expected', { cause: thrown });
}

test('gives both outputs of a program that succeeds', async () => {
  expect(await runScript('console.log("out"); console.error("err")')).toEqual({
    stdout: 'out',
    stderr: 'err',
  });
});

test('writes the input and closes it', async () => {
  const { stdout } = await runScript('process.stdin.pipe(process.stdout)', { input: 'from here' });
  expect(stdout).toBe('from here');
});

test('has an empty input where none is given', async () => {
  expect((await runScript('process.stdin.pipe(process.stdout)')).stdout).toBe('');
});

test('adds to the environment, and takes away from it', async () => {
  process.env['PODREACH_TEST_GONE'] = 'there';
  const { stdout } = await runScript(
    'console.log(process.env.PODREACH_TEST_NEW, process.env.PODREACH_TEST_GONE, process.env.PATH !== undefined)',
    { env: { PODREACH_TEST_NEW: 'new', PODREACH_TEST_GONE: undefined } },
  );
  delete process.env['PODREACH_TEST_GONE'];
  expect(stdout).toBe('new undefined true');
});

test('hands over each line of standard error, without its colours, and keeps them all', async () => {
  const lines: string[] = [];
  const { stderr } = await runScript('console.error("\\u001b[31mone\\u001b[0m\\ntwo")', {
    onErrorLine: (line) => lines.push(line),
  });
  expect(lines).toEqual(['one', 'two']);
  expect(stderr).toContain('two');
});

test('an error carries the command line, the exit code and the output', async () => {
  const error = await failureOf(runScript('console.error("error: no"); process.exit(3)'));
  expect(error).toMatchObject({
    command: process.execPath,
    failure: { reason: 'exited', exitCode: 3 },
    stderr: 'error: no',
  });
  expect(error.message).toBe(`\`${error.commandLine}\` exited with 3: error: no`);
});

test('a program that is not there is told apart from one that fails', async () => {
  const error = await failureOf(systemRunner.run('podreach-no-such-program', []));
  expect(error.failure).toEqual({ reason: 'missing' });
  expect(error.message).toBe(
    '`podreach-no-such-program` did not start: there is no such program in the PATH',
  );
});

test('a program that cannot be started says why', async () => {
  const error = await failureOf(systemRunner.run(import.meta.dirname, []));
  expect(error.failure.reason).toBe('not-started');
  expect(error.message).toContain('EACCES');
});

test('a program that takes too long is ended', async () => {
  const error = await failureOf(runScript('setInterval(() => {}, 1000)', { processMs: 200 }));
  expect(error.failure).toEqual({ reason: 'timed-out', processMs: 200 });
});

test('a program that prints too much is ended', async () => {
  const error = await failureOf(runScript('console.log("x".repeat(2000))', { maxCharacters: 1000 }));
  expect(error.failure).toEqual({ reason: 'too-long', maxCharacters: 1000 });
  expect(error.message).toMatch(/^`.*` printed more than 1,000 characters/);
});

/** However busy the machine is. */
const PATIENT = { timeout: 60_000 };

test('what a program leaves behind in its own session ends with it, and keeps nobody waiting', async () => {
  const { stdout } = await systemRunner.run('sh', ['-c', 'sleep 600 & echo $!'], { inOwnSession: true });
  await expect
    .poll(() => existsSync(`/proc/${stdout}/stat`) && readFileSync(`/proc/${stdout}/stat`, 'utf8'), PATIENT)
    .toSatisfy((stat: unknown) => stat === false || /\) Z /.test(String(stat)));
});

test('a program that a signal ends is told by its name', async () => {
  const error = await failureOf(runScript('process.kill(process.pid, "SIGKILL")'));
  expect(error.failure).toEqual({ reason: 'killed', signalName: 'SIGKILL' });
});

test("an abort ends the program and rejects with the signal's own reason", async () => {
  const controller = new AbortController();
  const reason = new Error('stop');
  const running = runScript('console.error("up"); setInterval(() => {}, 1000)', {
    signal: controller.signal,
    onErrorLine: () => controller.abort(reason),
  });
  await expect(running).rejects.toBe(reason);
  await expect(runScript('', { signal: controller.signal })).rejects.toBe(reason);
});

test.each([
  ['standard output where there is no standard error', ' \n', 'what it wrote'],
  ['the last lines', 'a\nb\n\nc\n  d  \n', 'b | c | d'],
  [
    'the line that says error, and what follows',
    'doing\nERROR: it failed\nbecause\n',
    'ERROR: it failed | because',
  ],
  ['no stack traces', 'ERROR: no\n\nStack Trace: \nmain.go:1\nmain.go:2', 'ERROR: no'],
  [
    'the cause, and not the frames of Go below it',
    `ERROR: failed to create cluster: failed to init node with kubeadm
[kubelet-check] The kubelet is not healthy after 4m0s
error execution phase wait-control-plane: could not initialize a Kubernetes cluster
k8s.io/kubernetes/cmd/kubeadm/app/cmd/phases/workflow.(*Runner).Run.func1
\tk8s.io/kubernetes/cmd/kubeadm/app/cmd/phases/workflow/runner.go:262
main.main
\tk8s.io/kubernetes/cmd/kubeadm/kubeadm.go:25
runtime.goexit
\truntime/asm_amd64.s:1700 +0x5e
To see the stack trace of this error execute with --v=5 or higher`,
    'ERROR: failed to create cluster: failed to init node with kubeadm | [kubelet-check] The kubelet is not healthy after 4m0s | error execution phase wait-control-plane: could not initialize a Kubernetes cluster',
  ],
  ['both ends of a long log', 'ERROR: no\n1\n2\n3\n4\n5', 'ERROR: no | 1 | … | 4 | 5'],
])('the last words of a program are %s', (_, stderr, words) => {
  expect(lastWords({ stdout: 'what it wrote', stderr })).toBe(words);
});
