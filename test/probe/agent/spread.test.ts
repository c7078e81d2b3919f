/** Attempts at a Service, with real sockets: one address, behind which several pods answer in turn. */
import dgram from 'node:dgram';
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import net from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';
import { describe, expect, test } from 'vitest';
import { LateAnswers } from '../../../src/probe/agent/memory.ts';
import { replyTo } from '../../../src/probe/agent/messages.ts';
import { attemptSpread, type SpreadAttempts } from '../../../src/probe/agent/spread.ts';

const RUN = 'r1';
const PODS = ['shop/api-1', 'shop/api-2', 'shop/api-3'];
/** Who answers a connection, by its number and the address that it goes to; undefined: nobody does. */
type Answering = (connection: number, address?: string) => string | undefined;

async function tcpService(
  answering: Answering,
  afterMs = 0,
): Promise<AsyncDisposable & { readonly port: number }> {
  let connections = 0;
  const open = new Set<net.Socket>();
  const server = net.createServer((socket) => {
    const pod = answering(connections, socket.localAddress);
    connections += 1;
    open.add(socket);
    socket.on('error', () => {});
    socket.on('data', async (chunk) => {
      if (afterMs > 0) await delay(afterMs);
      if (pod !== undefined) socket.end(replyTo(chunk.toString('latin1'), { runId: RUN, pod }) ?? '');
    });
  });
  server.listen(0, '0.0.0.0');
  await once(server, 'listening');
  return {
    port: (server.address() as AddressInfo).port,
    async [Symbol.asyncDispose]() {
      for (const socket of open) socket.destroy();
      server.close();
    },
  };
}

async function udpService(answering: Answering): Promise<AsyncDisposable & { readonly port: number }> {
  let datagrams = 0;
  const socket = dgram.createSocket('udp4');
  socket.on('message', (message, { port, address }) => {
    const pod = answering(datagrams);
    datagrams += 1;
    if (pod !== undefined)
      socket.send(replyTo(message.toString('latin1'), { runId: RUN, pod }) ?? '', port, address);
  });
  socket.bind(0, '127.0.0.1');
  await once(socket, 'listening');
  return { port: socket.address().port, [Symbol.asyncDispose]: async () => void socket.close() };
}

const attemptAt = (
  port: number,
  protocol: 'TCP' | 'UDP',
  connections = 30,
  timeoutMs = 400,
  more: { readonly opensAll?: true } = {},
) =>
  attemptSpread(
    { id: 1, host: '127.0.0.1', port, protocol, pods: PODS, connections, ...more },
    timeoutMs,
    RUN,
    new LateAnswers(),
  );

/** Nobody tells who answers. */
const attemptUnnamed = (port: number, connections = 6, timeoutMs = 400) =>
  attemptSpread(
    { id: 1, host: '127.0.0.1', port, protocol: 'TCP', pods: [], connections },
    timeoutMs,
    RUN,
    new LateAnswers(),
  );

const inTurn: Answering = (connection) => PODS[connection % 3];

describe.each([
  ['TCP', tcpService],
  ['UDP', udpService],
] as const)('an attempt at a Service over %s', (protocol, serve) => {
  test('connects when each of its pods has answered, and opens no more than it takes', async () => {
    await using service = await serve(inTurn);
    const { outcome, answered, cut, dials } = await attemptAt(service.port, protocol, 30, 5_000);
    expect(outcome).toBe('connected');
    expect(answered.map(({ pod }) => pod)).toEqual(PODS);
    expect(cut).toBe(0);
    expect(dials).toBe(3);
  });

  test('opens no more in one go than answers are missing', async () => {
    await using service = await serve(
      (connection) => [PODS[0], PODS[0], PODS[0], PODS[1], PODS[2]][connection],
    );
    const { outcome, dials } = await attemptAt(service.port, protocol, 30, 5_000);
    expect([outcome, dials]).toEqual(['connected', 5]);
  });

  test('opens all of them where it looks for everybody who answers', async () => {
    await using service = await serve((connection) =>
      connection === 28 ? 'shop/old' : PODS[connection % 3],
    );
    expect(await attemptAt(service.port, protocol, 30, 5_000, { opensAll: true })).toMatchObject({
      outcome: 'wrong-peer',
      detail: 'shop/old',
      dials: 30,
    });
    await using alone = await serve(inTurn);
    const { outcome, dials } = await attemptAt(alone.port, protocol, 30, 5_000, { opensAll: true });
    expect([outcome, dials]).toEqual(['connected', 30]);
  });

  test('goes on until the pod that is hard to reach has answered', async () => {
    await using service = await serve((connection) => (connection === 16 ? PODS[2] : PODS[connection % 2]));
    const { outcome, dials } = await attemptAt(service.port, protocol, 30, 5_000);
    expect(outcome).toBe('connected');
    expect(dials).toBeGreaterThan(15);
  });

  test('is partial where one of them does not, however many are opened', async () => {
    await using service = await serve((connection) => PODS[connection % 2]);
    const { outcome, answered, dials, cut } = await attemptAt(service.port, protocol);
    expect(outcome).toBe('partial');
    expect(answered).toEqual([
      { pod: PODS[0], times: 15 },
      { pod: PODS[1], times: 15 },
    ]);
    expect([dials, cut]).toEqual([30, 0]);
  });

  test('is partial where all have answered, and some connections came through to nobody', async () => {
    await using service = await serve((connection) => [undefined, ...PODS][connection % 4]);
    const { outcome, answered, cut } = await attemptAt(service.port, protocol);
    expect(outcome).toBe('partial');
    expect(answered.map(({ pod }) => pod)).toEqual(PODS);
    expect(cut).toBeGreaterThan(0);
  });

  test('is one of the wrong peer where somebody else answers', async () => {
    await using service = await serve((connection) => (connection === 1 ? 'shop/web' : PODS[connection % 3]));
    expect(await attemptAt(service.port, protocol)).toMatchObject({
      outcome: 'wrong-peer',
      detail: 'shop/web',
    });
  });
});

describe('an attempt at a Service whose pods are slow to answer', () => {
  const inTwoGoes: Answering = (connection) => (connection < 3 ? PODS[0] : PODS[connection % 3]);

  test('waits for a handshake that is through, and asks them with nothing more meanwhile', async () => {
    await using service = await tcpService(inTurn, 300);
    const { outcome, dials } = await attemptAt(service.port, 'TCP');
    expect([outcome, dials]).toEqual(['connected', 3]);
  });

  test('goes on when its time is over, until each has answered', async () => {
    await using service = await tcpService(inTwoGoes, 500);
    const { outcome, dials, durationMs } = await attemptAt(service.port, 'TCP');
    expect(outcome).toBe('connected');
    expect(dials).toBeLessThan(30);
    // Of its slowest answer.
    expect(durationMs).toBeGreaterThan(400);
  });

  test('tries all others when one never answers', async () => {
    await using service = await tcpService((connection) =>
      connection === 0 ? undefined : PODS[connection % 2],
    );
    const { outcome, dials, answered } = await attemptAt(service.port, 'TCP');
    expect([outcome, dials]).toEqual(['partial', 30]);
    expect(answered.map(({ pod }) => pod)).toEqual([PODS[0], PODS[1]]);
  });
});

test('at the ports of nodes it goes to these in turn, and each of their pods must answer at each', async () => {
  const [one, other] = ['127.0.0.1', '127.0.0.2'];
  await using service = await tcpService((_, address) => (address === one ? PODS[0] : PODS[1]));
  const through = async (pods: readonly string[]) => {
    const nodes = [
      { address: one, pods: PODS.slice(0, 1) },
      { address: other, pods },
    ];
    const request = {
      id: 1,
      host: one,
      port: service.port,
      protocol: 'TCP',
      pods: PODS,
      connections: 8,
    } as const;
    return await attemptSpread({ ...request, nodes }, 400, RUN, new LateAnswers());
  };
  expect(await through(PODS.slice(1, 2))).toMatchObject({
    outcome: 'connected',
    dials: 2,
    answered: [
      { pod: PODS[0], node: one, times: 1 },
      { pod: PODS[1], node: other, times: 1 },
    ],
  });
  expect(await through(PODS.slice(1))).toMatchObject({ outcome: 'partial', dials: 8, cut: 0 });
  // It leads to that of another node.
  expect(await through(PODS.slice(0, 1))).toMatchObject({ outcome: 'wrong-peer', detail: PODS[1] });
});

test('nobody listens: refused, as often as it takes', async () => {
  const { port } = await using(tcpService);
  expect(await attemptAt(port, 'TCP')).toMatchObject({
    outcome: 'refused',
    answered: [],
    dials: 30,
    cut: 30,
  });
});

test('nobody answers over UDP: a timeout, with what its datagrams carried', async () => {
  await using service = await udpService(() => undefined);
  const { outcome, nonce, dials } = await attemptAt(service.port, 'UDP');
  expect(outcome).toBe('timeout');
  // As many as the time allows.
  expect(dials).toBeGreaterThan(1);
  expect(dials).toBeLessThanOrEqual(30);
  expect(nonce).toMatch(/^[0-9a-f]{16}$/);
});

test('once each has answered, what was cut off is waited for no longer than an attempt takes', async () => {
  await using service = await udpService((connection) => [PODS[0], undefined, PODS[1]][connection]);
  const request = { id: 1, host: '127.0.0.1', port: service.port, protocol: 'UDP', connections: 9 } as const;
  const { outcome, cut, dials, durationMs } = await attemptSpread(
    { ...request, pods: PODS.slice(0, 2) },
    400,
    RUN,
    new LateAnswers(),
  );
  expect([outcome, cut, dials]).toEqual(['partial', 1, 3]);
  // Far from what a reply that is under way is given.
  expect(durationMs).toBeLessThan(3_000);
});

test('attempts that lead to the same address share their connections', async () => {
  await using service = await tcpService(inTurn);
  const known: SpreadAttempts = new Map();
  const attempt = (id: number, connections: number) =>
    attemptSpread(
      { id, host: '127.0.0.1', port: service.port, protocol: 'TCP', pods: PODS, connections },
      5_000,
      RUN,
      new LateAnswers(),
      known,
    );
  const [one, same, other] = await Promise.all([attempt(1, 30), attempt(2, 30), attempt(3, 20)]);
  expect(same).toBe(one);
  expect(other).not.toBe(one);
  expect([one.outcome, other.outcome]).toEqual(['connected', 'connected']);
});

test('a name that does not resolve is no cut', async () => {
  const shown = await attemptSpread(
    { id: 1, host: 'nothing.invalid.', port: 80, protocol: 'TCP', pods: PODS, connections: 30 },
    300,
    RUN,
    new LateAnswers(),
  );
  expect(shown).toMatchObject({ outcome: 'dns-failure', answered: [], cut: 0 });
});

/** The port of a Service that is gone. */
async function using(serve: typeof tcpService): Promise<{ readonly port: number }> {
  await using service = await serve(() => undefined);
  return { port: service.port };
}

describe('an attempt at a Service of which nobody tells who answers', () => {
  test('makes all of its connections, and connects when each is open: nothing need be said on them', async () => {
    await using service = await tcpService(() => undefined);
    expect(await attemptUnnamed(service.port, 6, 5_000)).toMatchObject({
      outcome: 'connected',
      dials: 6,
      answered: [],
      cut: 0,
    });
  });

  test('is cut off where none is open', async () => {
    const { port } = await using(tcpService);
    expect(await attemptUnnamed(port)).toMatchObject({ outcome: 'refused', dials: 6, cut: 6 });
  });

  test('is neither where some are open and others are not', async () => {
    // It goes away while the connections are made.
    const server = net.createServer((socket) => void socket.on('error', () => {}));
    server.on('connection', () => server.close());
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    const { port } = server.address() as AddressInfo;
    const { outcome, answered, cut } = await attemptUnnamed(port, 60, 5_000);
    expect([outcome, answered]).toEqual(['partial', []]);
    expect(cut).toBeGreaterThan(0);
  });
});
