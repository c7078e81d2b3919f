/** What is said of a probe that did not do its work. */

import { expect, test } from 'vitest';
import { systemClock } from '../../src/clock.ts';
import type { ExecResult } from '../../src/kube/kube.ts';
import { PLAIN_BATCH } from '../../src/probe/batch.ts';
import { askAgent } from '../../src/run/ask-agent.ts';
import type { Asking } from '../../src/run/context.ts';
import { Sessions } from '../../src/run/sessions.ts';

const POD = { namespace: 'shop', name: 'web', ip: '10.0.0.1', node: 'node-1' };
const BATCH = { ...PLAIN_BATCH, runId: 'r', timeoutMs: 100, deadlineMs: 100, targets: [], listeners: [] };
const CRASH = `node:internal/modules/cjs/loader:1386
  throw err;
  ^

Error: Cannot find module '/tmp/podreach-agent.mjs'
    at Function._resolveFilename (node:internal/modules/cjs/loader:1383:15) {
  code: 'MODULE_NOT_FOUND'
}

Node.js v24.21.0
`;

test.each([
  ['', 'the probe ended with exit code 1'],
  ['sh: node: not found\n', 'the probe ended with exit code 1: sh: node: not found'],
  [CRASH, "the probe ended with exit code 1: Error: Cannot find module '/tmp/podreach-agent.mjs'"],
])('a probe that fails with %j is told by the line that says why', async (stderr, reason) => {
  const result: ExecResult = { kind: 'exited', exitCode: 1, stdout: '', stderr };
  const exec = () => ({ isOpen: true, ask: async () => result, close: () => {} });
  const { signal } = new AbortController();
  const context: Asking = {
    sessions: new Sessions({ exec }, systemClock, signal),
    clock: systemClock,
    random: () => 0,
    signal,
    timing: { execGraceMs: 0 },
  };
  expect((await askAgent(POD, BATCH, context)).answer).toEqual({ kind: 'broken', reason });
});
