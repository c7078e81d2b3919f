import { expect, it } from 'vitest';
import { type CommandEnd, runCommand } from '../../src/monitor/command.ts';

interface Ran {
  readonly end: CommandEnd;
  readonly lines: readonly string[];
}

async function ran(line: readonly string[], signal = new AbortController().signal): Promise<Ran> {
  const lines: string[] = [];
  const end = await runCommand(line, { env: { UPGRADE: 'v2' }, signal, onLine: (one) => lines.push(one) });
  return { end, lines };
}

const node = (script: string): readonly string[] => [process.execPath, '-e', script];

it('hears each line on both streams, and passes the environment on', async () => {
  const { end, lines } = await ran(
    node('console.log(process.env.UPGRADE); console.log("two"); console.error("three")'),
  );
  expect(end).toEqual({ exitCode: 0 });
  expect(lines.toSorted()).toEqual(['three', 'two', 'v2']);
});

it('tells how it failed', async () => {
  expect((await ran(node('process.exit(7)'))).end).toEqual({ exitCode: 7, failure: 'it exited with 7' });
  expect((await ran(node('process.kill(process.pid, "SIGKILL")'))).end).toEqual({
    failure: 'it was ended by SIGKILL',
  });
  expect((await ran(['podreach-no-such-program'])).end).toEqual({ failure: 'there is no such program' });
});

it('is ended with the watch, and waited for', async () => {
  const ending = new AbortController();
  const lines: string[] = [];
  const end = runCommand(
    node(
      'process.on("SIGTERM", () => { console.log("rolled back"); process.exit(0); }); console.log("up"); setInterval(() => {}, 1000)',
    ),
    {
      env: {},
      signal: ending.signal,
      onLine: (line) => {
        lines.push(line);
        if (line === 'up') ending.abort();
      },
    },
  );
  expect(await end).toEqual({ exitCode: 0, failure: 'it was ended with the watch' });
  expect(lines).toEqual(['up', 'rolled back']);
});

it('has ended when its process has, whoever still holds its output', async () => {
  const { end, lines } = await ran(['sh', '-c', 'sleep 600 & echo $!; exit 3']);
  expect(end).toEqual({ exitCode: 3, failure: 'it exited with 3' });
  expect(lines).toEqual([expect.stringMatching(/^\d+$/)]);
  // It was still there.
  expect(process.kill(Number(lines[0]), 'SIGTERM')).toBe(true);
});
