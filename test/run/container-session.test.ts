/** Talking with the agent of a host through `docker exec`: a Docker that starts programs here, and the agent and the relay that there are. */
import { spawn } from 'node:child_process';
import { readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, expect, test } from 'vitest';
import { systemClock } from '../../src/clock.ts';
import { talkInContainer } from '../../src/cluster/kind/talk.ts';
import type { Kube } from '../../src/kube/kube.ts';
import { PLAIN_BATCH } from '../../src/probe/batch.ts';
import { agentProcess } from '../../src/probe/manifest.ts';
import { AGENT_PATH, AGENT_SOCKET } from '../../src/probe/protocol.ts';
import { agentSource } from '../../src/probe/source.ts';
import { askAgent } from '../../src/run/ask-agent.ts';
import { Sessions } from '../../src/run/sessions.ts';
import { type Folder, folderWith } from '../support/cli.ts';
import { writePrograms } from '../support/programs.ts';

const PATH_BEFORE = process.env['PATH'];
afterEach(() => {
  process.env['PATH'] = PATH_BEFORE;
});

/** What comes before the command: `exec --interactive CONTAINER`. @param body gets the command as its arguments */
function dockerIn(folder: Folder, body: string): void {
  writePrograms(folder, { docker: `echo "$1 $2 $3" >>"$dir/docker.log"\nshift 3\n${body}` });
  process.env['PATH'] = `${folder.path}:${PATH_BEFORE}`;
}

const BANK = {
  ...{ namespace: 'podreach-hosts-r1-1', name: 'bank', ip: '127.0.0.1', node: 'outside the cluster' },
  ...{ host: 'host/bank', container: 'podreach-host-r1-1-bank' },
};

function asking(signal: AbortSignal = new AbortController().signal) {
  const exec: Kube['exec'] = () => {
    throw new Error('a host that is a container is no pod');
  };
  return {
    clock: systemClock,
    signal,
    random: () => 0,
    timing: { execGraceMs: 2_000 },
    sessions: new Sessions({ exec }, systemClock, signal, talkInContainer),
  };
}

const BATCH = { ...PLAIN_BATCH, runId: 'r1', timeoutMs: 500, deadlineMs: 5_000, targets: [], listeners: [] };

test('a batch goes through the relay to the agent, and the next one through the same exec', async () => {
  using folder = folderWith({});
  dockerIn(folder, 'exec "$@"');
  const ports = [{ port: 20_917, protocol: 'TCP' as const }];
  const config = { runId: 'r1', pod: 'host/bank', visitPort: 20_918, ports };
  const { command, env } = agentProcess(config, agentSource());
  const [program, ...args] = command;
  const agent = spawn(program, args, {
    env: { ...process.env, ...env },
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  try {
    await new Promise((resolve) => agent.stdout.once('data', resolve));
    const context = asking();
    const batch = {
      ...BATCH,
      targets: [{ id: 0, host: '127.0.0.1', port: 20_917, protocol: 'TCP' as const, pod: 'host/bank' }],
    };
    for (const _ of ['first', 'second']) {
      const { answer, setbacks } = await askAgent(BANK, batch, context);
      expect(setbacks).toEqual([]);
      expect(answer).toMatchObject({ kind: 'complete', attempts: [{ id: 0, outcome: 'connected' }] });
    }
    context.sessions.close();
    expect(readFileSync(join(folder.path, 'docker.log'), 'utf8')).toBe(
      'exec --interactive podreach-host-r1-1-bank\n',
    );
  } finally {
    agent.kill('SIGKILL');
    for (const file of [AGENT_PATH, AGENT_SOCKET]) rmSync(file, { force: true });
  }
});

test.each([
  [
    'a container that is gone',
    'echo "Error response from daemon: No such container: podreach-host-r1-1-bank" >&2; exit 1',
    'docker exec failed: Error response from daemon: No such container: podreach-host-r1-1-bank',
  ],
  [
    'an agent that has ended',
    'echo "podreach agent: the agent that serves this pod does not answer: ENOENT" >&2; exit 1',
    'the probe ended with exit code 1: podreach agent: the agent that serves this pod does not answer: ENOENT',
  ],
])('%s answers nothing', async (_, body, reason) => {
  using folder = folderWith({});
  dockerIn(folder, body);
  const { answer } = await askAgent(BANK, BATCH, asking());
  expect(answer).toEqual({ kind: 'broken', reason });
});

test('what an exec has printed that was cut off counts as nothing, and another is asked', async () => {
  using folder = folderWith({});
  const half = '{"kind":"attempt","id":0,"outcome":"connected","startedMs":0,"durationMs":1}';
  dockerIn(folder, `echo '${half}'; kill -9 $$`);
  const { answer, setbacks } = await askAgent(BANK, BATCH, asking());
  expect(answer).toEqual({ kind: 'broken', reason: 'docker exec was ended by SIGKILL' });
  expect(setbacks.length).toBeGreaterThan(0);
});

test('one that does not answer in time is ended, as is one whose run is', async () => {
  using folder = folderWith({});
  dockerIn(folder, 'exec sleep 600');
  const abort = new AbortController();
  const slow = askAgent(BANK, { ...BATCH, deadlineMs: 10 }, { ...asking(), timing: { execGraceMs: 200 } });
  expect((await slow).answer).toMatchObject({
    kind: 'broken',
    reason: expect.stringMatching(/^no answer within/),
  });
  const interrupted = askAgent(BANK, BATCH, asking(abort.signal));
  abort.abort();
  expect((await interrupted).answer).toEqual({ kind: 'broken', reason: 'interrupted' });
});
