import { once } from 'node:events';
import net, { type AddressInfo } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { attempt } from '../../../src/probe/agent/attempt.ts';
import { replyTo } from '../../../src/probe/agent/messages.ts';

const SELF = { runId: 'r1', pod: 'shop/api' };

test('a handshake that is through is waited for longer than an attempt takes: who has no time for its reply blocks nothing', async () => {
  const server = net.createServer((socket) => {
    socket.on('data', async (chunk) => {
      await delay(900);
      socket.end(replyTo(chunk.toString('latin1'), SELF) ?? '');
    });
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  const shown = await attempt({ host: '127.0.0.1', port, protocol: 'TCP' }, 200, {
    runId: 'r1',
    pods: ['shop/api'],
  });
  server.close();
  expect(shown).toMatchObject({ outcome: 'connected', dials: 1 });
  expect(shown.durationMs).toBeGreaterThan(800);
});
