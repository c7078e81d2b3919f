import { once } from 'node:events';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Outcome } from '../../src/model/attempt.ts';
import type { Protocol } from '../../src/model/protocol.ts';
import { batchDeadlineMs, batchInput, parseAgentOutput } from '../../src/probe/batch.ts';
import { type AttemptLine, type Batch, connectionKey, type EndLine } from '../../src/probe/protocol.ts';
import { batchOf, firstOutput, PodNetwork, RUN_ID } from './pod-network.ts';

// Ports by what becomes of them. 70xx: rules of the network; 80xx: an honest agent; 90xx: other servers.
const RULES = `
  meta l4proto { tcp, udp } th dport 7001 drop
  meta l4proto { tcp, udp } th dport 7002 reject with icmpx admin-prohibited
  tcp dport 7003 reject with tcp reset
  udp dport 7003 reject with icmpx port-unreachable
  tcp dport 7004 reject with icmpx host-unreachable
  tcp dport 7005 reject with icmpx no-route
  udp dport 7006 numgen inc mod 3 < 2 drop
  tcp dport 7006 tcp flags syn numgen inc mod 3 < 2 drop
  udp dport 7053 drop
`;

const OTHER_SERVERS = `
  const net = require('node:net');
  const dgram = require('node:dgram');
  const { once } = require('node:events');
  const listening = [];
  const tcp = (port, answer) => {
    const server = net.createServer((socket) => {
      socket.on('error', () => {});
      answer(socket);
    });
    listening.push(once(server.listen(port, '127.0.0.1'), 'listening'));
  };
  tcp(9001, (socket) => socket.once('data', () => socket.resetAndDestroy()));
  tcp(9002, (socket) => socket.once('data', () => socket.end()));
  tcp(9003, () => {});
  tcp(9004, (socket) => socket.once('data', () => socket.end('HTTP/1.1 400 Bad Request\\r\\n\\r\\n')));
  tcp(9005, (socket) => socket.once('data', (data) => socket.end(data.toString().trim() + ' run-1 shop/d')));
  tcp(9006, (socket) => socket.write('SSH-2.0-OpenSSH_9.9\\r\\n'));
  tcp(9007, (socket) => socket.on('data', (data) => socket.write(data)));
  const udp = (port, answer) => {
    const socket = dgram.createSocket('udp4');
    socket.on('message', (message, { port, address }) => {
      const said = answer(message.toString('latin1'));
      if (said !== undefined) socket.send(said, port, address);
    });
    listening.push(once(socket.bind(port, '127.0.0.1'), 'listening'));
  };
  udp(9004, () => 'who are you?');
  udp(9005, () => 'podreach 0123456789abcdef run-1 shop/db\\n');
  udp(9007, (message) => message);
  // A name server: db.shop.svc and twice.svc have an address, v6.shop.svc an IPv6 one, and nothing else exists. It says of twice.shop.svc only once.
  const told = new Set();
  udp(53, (message) => {
    const query = Buffer.from(message, 'latin1');
    const name = query.subarray(12, query.indexOf(0, 12) + 1).toString('latin1');
    const end = 12 + name.length + 4;
    const type = query.readUInt16BE(end - 4);
    if (name === '\\x05twice\\x04shop\\x03svc\\0') {
      if (told.has(type)) return undefined;
      told.add(type);
    }
    const known = ['\\x02db\\x04shop\\x03svc\\0', '\\x05twice\\x03svc\\0', '\\x02v6\\x04shop\\x03svc\\0'].includes(name);
    const address = !name.startsWith('\\x02v6') ? Buffer.from([127, 0, 0, 1]) : Buffer.from([...Array(15).fill(0), 1]);
    const answered = known && type === (address.length === 4 ? 1 : 28);
    const head = Buffer.from(query.subarray(0, 12));
    head.writeUInt16BE(known ? 0x8180 : 0x8183, 2);
    head.writeUInt16BE(answered ? 1 : 0, 6);
    head.writeUInt32BE(0, 8);
    const answer = Buffer.from([0xc0, 12, 0, type, 0, 1, 0, 0, 0, 60, 0, address.length, ...address]);
    return Buffer.concat([head, query.subarray(12, end), answered ? answer : Buffer.alloc(0)]);
  });
  Promise.all(listening).then(() => console.log('ready'));
`;

let network: PodNetwork;

beforeAll(async () => {
  network = await PodNetwork.create(RULES, 'nameserver 127.0.0.1\nsearch . shop.svc svc\noptions ndots:5\n');
  await Promise.all([
    firstOutput(network.run([process.execPath, '-e', OTHER_SERVERS])),
    network.serving({ pod: 'shop/web', ports: [] }),
    network.serving({
      ports: [
        { port: 80, protocol: 'TCP' },
        { port: 8001, protocol: 'TCP' },
        { port: 8001, protocol: 'UDP' },
        { port: 7006, protocol: 'UDP' },
        { port: 7006, protocol: 'TCP' },
      ],
    }),
  ]);
});

afterAll(async () => {
  await network[Symbol.asyncDispose]();
});

async function probe(batch: Batch, self = 'shop/web'): Promise<readonly AttemptLine[]> {
  const { stdout, stderr, exitCode } = await network.probe({ input: batchInput(batch), self }).ended;
  expect({ stderr, exitCode }).toEqual({ stderr: '', exitCode: 0 });
  const answer = parseAgentOutput(stdout, batch);
  if (answer.kind === 'broken') {
    throw new Error(answer.reason);
  }
  return answer.attempts.toSorted((one, other) => one.id - other.id);
}

type Row = readonly [host: string, port: number, protocol: Protocol, outcome: Outcome, detail?: string];

/** Tries all rows in one batch and compares what came of them. */
async function expectOutcomes(
  rows: readonly Row[],
  batch: Partial<Batch> = {},
): Promise<readonly AttemptLine[]> {
  const targets = rows.map(([host, port, protocol], id) => ({ id, host, port, protocol, pod: 'shop/db' }));
  const attempts = await probe(batchOf({ targets, ...batch }));
  const seen = attempts.map(({ id, outcome, detail }) => [
    ...(rows[id]?.slice(0, 3) ?? []),
    outcome,
    ...(detail === undefined ? [] : [detail]),
  ]);
  expect(seen).toEqual(rows);
  return attempts;
}

describe('the outcome of an attempt', () => {
  test('tells what the network did to it', async () => {
    await expectOutcomes([
      ['127.0.0.1', 8001, 'TCP', 'connected'],
      ['127.0.0.1', 8001, 'UDP', 'connected'],
      ['::1', 8001, 'TCP', 'connected'],
      ['::1', 8001, 'UDP', 'connected'],
      ['127.0.0.1', 80, 'TCP', 'connected'],
      ['127.0.0.1', 7001, 'TCP', 'timeout'],
      ['127.0.0.1', 7001, 'UDP', 'timeout'],
      ['127.0.0.1', 7002, 'TCP', 'prohibited', 'EHOSTUNREACH'],
      ['127.0.0.1', 7002, 'UDP', 'prohibited', 'EHOSTUNREACH'],
      ['::1', 7002, 'UDP', 'prohibited', 'EACCES'],
      ['127.0.0.1', 7003, 'TCP', 'refused', 'ECONNREFUSED'],
      ['127.0.0.1', 7003, 'UDP', 'refused', 'ECONNREFUSED'],
      ['127.0.0.1', 7004, 'TCP', 'prohibited', 'EHOSTUNREACH'],
      ['127.0.0.1', 7005, 'TCP', 'error', 'ENETUNREACH'],
      ['10.1.2.3', 80, 'TCP', 'error', 'ENETUNREACH'],
      ['10.1.2.3', 80, 'UDP', 'error', 'ENETUNREACH'],
    ]);
  });

  test('is an error where the source itself refuses to send, unless a later dial is answered', async () => {
    const refusing = await PodNetwork.create('');
    await using _ = refusing;
    await refusing.serving({ pod: 'shop/web', ports: [{ port: 8001, protocol: 'UDP' }] });
    const batch = batchOf({
      targets: [7001, 8001].map((port, id) => ({
        id,
        host: '127.0.0.1',
        port,
        protocol: 'UDP' as const,
        pod: 'shop/web',
      })),
    });
    await refusing.nft(`add chain inet test output { type filter hook output priority 0; }
      add rule inet test output udp dport 7001 drop
      add rule inet test output udp dport 8001 numgen inc mod 2 < 1 drop`);
    const { stdout } = await refusing.probe({ input: batchInput(batch) }).ended;
    const answer = parseAgentOutput(stdout, batch);
    const seen =
      answer.kind === 'complete' ? answer.attempts.toSorted((one, other) => one.id - other.id) : [];
    expect(seen).toMatchObject([
      { outcome: 'error', detail: 'EPERM', dials: 3 },
      { outcome: 'connected', dials: 2 },
    ]);
  });

  test('tells a port without a listener from a blocked one', async () => {
    await expectOutcomes([
      ['127.0.0.1', 8999, 'TCP', 'refused', 'ECONNREFUSED'],
      ['127.0.0.1', 8999, 'UDP', 'refused', 'ECONNREFUSED'],
    ]);
  });

  test('is never a block once the handshake is through', async () => {
    const attempts = await expectOutcomes([
      ['127.0.0.1', 9001, 'TCP', 'reset', 'ECONNRESET'],
      ['127.0.0.1', 9002, 'TCP', 'reset', 'closed before the reply'],
      ['127.0.0.1', 9003, 'TCP', 'reset', 'connected, then no reply in time'],
      ['127.0.0.1', 9005, 'TCP', 'reset', 'closed before the reply'],
    ]);
    expect(attempts.map(({ durationMs }) => durationMs > 390)).toEqual([false, false, true, false]);
  });

  test('is never a block, nor a connection, when something else answers', async () => {
    await expectOutcomes([
      ['127.0.0.1', 9004, 'TCP', 'wrong-peer', 'not a podreach agent'],
      ['127.0.0.1', 9006, 'TCP', 'wrong-peer', 'not a podreach agent'],
      ['127.0.0.1', 9007, 'TCP', 'wrong-peer', 'not a podreach agent'],
      ['127.0.0.1', 9004, 'UDP', 'wrong-peer', 'a reply without the nonce'],
      ['127.0.0.1', 9005, 'UDP', 'wrong-peer', 'a reply without the nonce'],
      ['127.0.0.1', 9007, 'UDP', 'wrong-peer', 'a reply without the nonce'],
    ]);
  });

  test('names the agent that answered in place of the intended pod', async () => {
    const ports = (['TCP', 'UDP'] as const).map((protocol) => ({ port: 8002, protocol }));
    await network.serving({ pod: 'shop/cache', ports });
    await network.serving({ runId: 'run-0', ports: ports.map((port) => ({ ...port, port: 8003 })) });
    await expectOutcomes([
      ['127.0.0.1', 8002, 'TCP', 'wrong-peer', 'shop/cache'],
      ['127.0.0.1', 8002, 'UDP', 'wrong-peer', 'shop/cache'],
      ['127.0.0.1', 8003, 'TCP', 'wrong-peer', 'shop/db of run run-0'],
      ['127.0.0.1', 8003, 'UDP', 'wrong-peer', 'shop/db of run run-0'],
    ]);
  });

  test.each(['TCP', 'UDP'] as const)(
    'over %s is a success where only the third dial arrives',
    async (protocol) => {
      // Time enough for an answer to the third, and less than after which the kernel sends a first SYN again.
      const timeoutMs = protocol === 'TCP' ? 900 : 3_000;
      const [attempt] = await expectOutcomes([['127.0.0.1', 7006, protocol, 'connected']], {
        timeoutMs,
      });
      expect([attempt?.dials, attempt?.lost]).toEqual([3, 2]);
      expect(attempt?.durationMs).toBeGreaterThan(0.75 * timeoutMs);
    },
  );

  test('is dns-failure for a name without an address, and names go through the search list', async () => {
    await expectOutcomes([
      ['nothing', 8001, 'TCP', 'dns-failure', 'ENOTFOUND'],
      ['nothing.shop.svc.', 8001, 'UDP', 'dns-failure', 'ENOTFOUND'],
      ['db', 8001, 'TCP', 'connected'],
      ['db.shop', 8001, 'UDP', 'connected'],
      ['db.shop.svc.', 8001, 'TCP', 'connected'],
      ['v6.shop.svc', 8001, 'TCP', 'connected'],
    ]);
  });

  test('asks for a name first as what it was found before', async () => {
    await expectOutcomes([['twice', 8001, 'TCP', 'connected']]);
    await expectOutcomes([['twice', 8001, 'TCP', 'connected']]);
  });

  test('is dns-failure for the name of a Service that leads elsewhere, unless one of its pods answers', async () => {
    const elsewhere = 'the name led to 127.0.0.1, where nobody of its Service is, and not to 127.0.0.2';
    const rows = [
      [7001, ['127.0.0.1'], 'timeout', undefined],
      [7001, ['127.0.0.2'], 'dns-failure', elsewhere],
      [7003, ['127.0.0.2'], 'dns-failure', elsewhere],
      // Somebody else of the run is there now.
      [8090, ['127.0.0.2'], 'dns-failure', elsewhere],
      [7001, ['127.0.0.1', '127.0.0.2'], 'dns-failure', 'the name led not to 127.0.0.2'],
      [8001, ['127.0.0.2'], 'connected', undefined],
    ] as const;
    await network.serving({ pod: 'shop/former', ports: [{ port: 8090, protocol: 'TCP' }] });
    const targets = rows.map(([port, leadsTo], id) => ({
      id,
      host: 'db.shop',
      port,
      protocol: 'TCP' as const,
      pods: ['shop/db'],
      connections: 2,
      leadsTo,
    }));
    const attempts = await probe(batchOf({ targets }));
    expect(attempts.map(({ outcome, detail }) => [outcome, detail])).toEqual(
      rows.map(([, , outcome, detail]) => [outcome, detail]),
    );
    // Nobody waits for answers of whoever is there.
    expect(attempts.map(({ nonce }) => nonce !== undefined)).toEqual([true, ...Array(5).fill(false)]);
  });

  test('is dns-failure when no name server answers, and the agent ends all the same', async () => {
    await using cut = await PodNetwork.create('udp dport 53 drop', 'nameserver 127.0.0.1\n');
    await cut.serving({ pod: 'shop/web', ports: [] });
    const targets = Array.from({ length: 40 }, (_, id) => ({
      id,
      host: `db-${id}.test`,
      port: 1,
      protocol: 'TCP' as const,
      pod: 'a/b',
    }));
    const batch = batchOf({ targets });
    const { stdout } = await cut.probe({ input: batchInput(batch) }).ended;
    const answer = parseAgentOutput(stdout, batch);
    const kinds =
      answer.kind === 'complete'
        ? answer.attempts.map(({ outcome, detail }) => `${outcome} ${detail}`)
        : answer;
    expect(kinds).toEqual(Array.from({ length: 40 }, () => 'dns-failure ETIMEOUT'));
  });
});

describe('a batch', () => {
  test('has one line per attempt and listener, then the end mark', async () => {
    const address = { host: '127.0.0.1', port: 8001, protocol: 'TCP' as const };
    const batch = batchOf({ targets: [{ id: 7, pod: 'shop/db', ...address }], listeners: [address] });
    const { stdout } = await network.probe({ input: batchInput(batch), self: 'shop/db' }).ended;
    const lines = stdout
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line));
    expect(lines.toSorted((one, other) => (one.kind < other.kind ? -1 : 1))).toEqual([
      {
        kind: 'attempt',
        id: 7,
        outcome: 'connected',
        startedMs: expect.any(Number),
        durationMs: expect.any(Number),
      },
      {
        kind: 'end',
        agent: expect.stringMatching(/^[0-9a-f]{16}$/),
        attempts: 1,
        listeners: 1,
        clockMs: expect.any(Number),
        elapsedMs: expect.any(Number),
        visitsMs: [],
        retransmissions: 0,
        arrived: [],
        late: [],
        halfOpen: [],
      },
      { kind: 'listener', host: '127.0.0.1', port: 8001, protocol: 'TCP', alive: true },
    ]);
    expect(lines.at(-1)?.kind).toBe('end');
  });

  test('finds a listener dead that is not there, silent, or not its own', async () => {
    const listeners = [8999, 9003, 8001].map((port) => ({
      host: '127.0.0.1',
      port,
      protocol: 'TCP' as const,
    }));
    const batch = batchOf({ listeners });
    const { stdout } = await network.probe({ input: batchInput(batch), self: 'shop/web' }).ended;
    const answer = parseAgentOutput(stdout, batch);
    const found =
      answer.kind === 'complete'
        ? answer.listeners.map(({ port, alive, detail }) => ({ port, alive, detail }))
        : [];
    expect(found.toSorted((one, other) => one.port - other.port)).toEqual([
      { port: 8001, alive: false, detail: 'wrong-peer: shop/db' },
      { port: 8999, alive: false, detail: 'refused: ECONNREFUSED' },
      { port: 9003, alive: false, detail: 'reset: connected, then no reply in time' },
    ]);
  });

  test('of 500 targets connects to one agent, and begins no faster than it answers', async () => {
    const targets = Array.from({ length: 500 }, (_, id) => ({
      id,
      host: '127.0.0.1',
      port: 8001,
      protocol: id % 5 === 0 ? ('UDP' as const) : ('TCP' as const),
      pod: 'shop/db',
    }));
    const attempts = await probe(batchOf({ targets, timeoutMs: 2_000 }));
    expect(new Set(attempts.map(({ outcome }) => outcome))).toEqual(new Set(['connected']));
    // The last one began after the first had ended.
    const ends = attempts.map(({ startedMs, durationMs }) => startedMs + durationMs);
    expect(Math.max(...attempts.map(({ startedMs }) => startedMs))).toBeGreaterThan(Math.min(...ends));
  });

  test('of more than 512 targets goes in waves and still keeps the deadline that the harness gives it', async () => {
    const targets = Array.from({ length: 600 }, (_, id) => ({
      id,
      host: '127.0.0.1',
      port: 7001,
      protocol: 'TCP' as const,
      pod: 'shop/db',
    }));
    const attempts = await probe(batchOf({ targets, timeoutMs: 300, deadlineMs: batchDeadlineMs(600, 300) }));
    expect(new Set(attempts.map(({ outcome }) => outcome))).toEqual(new Set(['timeout']));
    const endOf = ({ startedMs, durationMs }: (typeof attempts)[number]): number => startedMs + durationMs;
    const atOnce = attempts.map(
      ({ startedMs: at }) => attempts.filter((one) => one.startedMs <= at && endOf(one) - 1 > at).length,
    );
    expect(Math.max(...atOnce)).toBeLessThanOrEqual(512);
    const firstEndMs = Math.min(...attempts.map(endOf));
    expect(attempts.filter(({ startedMs }) => startedMs >= firstEndMs).length).toBeGreaterThanOrEqual(88);
  });

  test('tells what it could not finish within its deadline as an error, not as a block', async () => {
    const detail = "not finished within the agent's deadline of 200 ms";
    await expectOutcomes(
      [
        ['127.0.0.1', 8001, 'TCP', 'connected'],
        ['127.0.0.1', 7001, 'TCP', 'error', detail],
        ['127.0.0.1', 7001, 'UDP', 'error', detail],
      ],
      { timeoutMs: 5_000, deadlineMs: 200 },
    );
  });

  test.each(['TCP', 'UDP'] as const)(
    'takes no %s answer for a timeout because the agent itself was held up',
    async (protocol) => {
      // Holds the event loop for four timeouts, where it reads sockets, right after the first packet was sent: its answer waits then.
      const preload = `
        import dgram from 'node:dgram';
        import net from 'node:net';
        let isHeld = false;
        const hold = () => {
          if (isHeld) return;
          isHeld = true;
          const end = performance.now() + 1_000;
          while (performance.now() < end);
        };
        const { connect } = net.Socket.prototype;
        net.Socket.prototype.connect = function (...args) {
          process.nextTick(() => process.nextTick(hold));
          return connect.apply(this, args);
        };
        const { send } = dgram.Socket.prototype;
        dgram.Socket.prototype.send = function (...args) {
          send.apply(this, args);
          hold();
        };`;
      const targets = [{ id: 0, host: '127.0.0.1', port: 8001, protocol, pod: 'shop/db' }];
      const nodeArgs = ['--import', `data:text/javascript,${encodeURIComponent(preload)}`];
      const pod = `shop/slow-${protocol}`;
      await network.serving({ pod, ports: [], nodeArgs });
      const attempts = await probe(batchOf({ targets, timeoutMs: 250 }), pod);
      expect(attempts.map(({ outcome, durationMs }) => ({ outcome, late: durationMs > 900 }))).toEqual([
        { outcome: 'connected', late: true },
      ]);
    },
  );

  test('proves nothing when the agent is killed halfway', async () => {
    const silent = network.run([
      process.execPath,
      '-e',
      `require('node:net').createServer(() => console.log('connected')).listen(8103, '127.0.0.1', () => console.log('listens'));`,
    ]);
    await firstOutput(silent);
    const connected = firstOutput(silent);
    const batch = batchOf({
      timeoutMs: 20_000,
      deadlineMs: 60_000,
      targets: [8103, 8001].map((port, id) => ({
        id,
        host: '127.0.0.1',
        port,
        protocol: 'TCP' as const,
        pod: 'shop/db',
      })),
    });
    const { child, ended } = network.probe({ input: batchInput(batch) });
    await connected;
    child.kill('SIGKILL');
    const { stdout, exitCode } = await ended;
    expect(exitCode).toBe(null);
    expect(parseAgentOutput(stdout, batch)).toEqual({
      kind: 'broken',
      reason: 'the output of the probe ended without its end mark',
    });
  });

  test('proves nothing when the agent that works through it is killed', async () => {
    const agent = await network.serving({ pod: 'shop/brief', ports: [] });
    const batch = batchOf({ holdMs: 5_000 });
    const { child, ended } = network.probe({ self: 'shop/brief' });
    for (const asked of [batchOf({}), batch]) child.stdin.write(batchInput(asked));
    await once(child.stdout, 'data');
    agent.child.kill('SIGKILL');
    const { stdout, stderr, exitCode } = await ended;
    expect({ answers: stdout.trim().split('\n').length, exitCode }).toEqual({ answers: 1, exitCode: 1 });
    expect(stderr).toMatch(
      /^podreach agent: the agent that serves this pod does not answer: (E|it has ended)/,
    );
  });

  test('is answered before the input ends, and so is the next on the same input', async () => {
    const { child, ended } = network.probe({});
    for (let asked = 1; asked <= 2; asked += 1) {
      child.stdin.write(batchInput(batchOf({})));
      const [answer] = await once(child.stdout, 'data');
      expect(JSON.parse(String(answer))).toMatchObject({ kind: 'end', attempts: 0, listeners: 0 });
    }
    child.stdin.end();
    expect(await ended).toMatchObject({ exitCode: 0 });
  });

  test('is answered after the one before it where both come at once', async () => {
    const [slow, quick] = [batchOf({ holdMs: 1_500 }), batchOf({})];
    const { ended } = network.probe({ input: batchInput(slow) + batchInput(quick) });
    const { stdout, exitCode } = await ended;
    const [first = '', second = ''] = stdout.trim().split('\n');
    expect(JSON.parse(first).elapsedMs).toBeGreaterThan(1_490);
    expect(JSON.parse(second).elapsedMs).toBeLessThan(1_490);
    expect(exitCode).toBe(0);
  });

  test.each([
    ['{}\n', 'runId must be a text without blanks'],
    [batchInput(batchOf({ timeoutMs: 0 })), 'timeoutMs must be a number of milliseconds'],
    [
      batchInput(
        batchOf({ targets: [{ id: 0, host: '127.0.0.1', port: 70_000, protocol: 'TCP', pod: 'a/b' }] }),
      ),
      'targets[0].port must be a port number',
    ],
  ])('that is invalid (%j) ends with exit code 2 and says why', async (input, message) => {
    const { stdout, stderr, exitCode } = await network.probe({ input }).ended;
    expect({ stdout, stderr, exitCode }).toEqual({
      stdout: '',
      stderr: `podreach agent: ${message}\n`,
      exitCode: 2,
    });
  });
});

/** The end mark of a batch, asked of the agent of a pod. */
async function endOf(batch: Batch, self: string, agents = network): Promise<EndLine> {
  const { stdout } = await agents.probe({ input: batchInput(batch), self }).ended;
  const answer = parseAgentOutput(stdout, batch);
  if (answer.kind === 'broken') throw new Error(answer.reason);
  return answer.end;
}

describe('what a pod sees by itself', () => {
  test('are visits from outside, and when they came', async () => {
    await network.serving({ pod: 'shop/visited', ports: [] });
    const visit = (localAddress: string) =>
      network.run([
        process.execPath,
        '-e',
        `const socket = require('node:net').connect({ host: '127.0.0.1', port: ${network.visitPort}, localAddress: '${localAddress}' });
         socket.write('GET / HTTP/1.1\\r\\n\\r\\n');
         socket.on('data', (data) => process.stdout.write(data));`,
      ]).ended;
    const own = await visit('127.0.0.1');
    const before = await endOf(batchOf({}), 'shop/visited');
    const outside = await visit('127.0.0.2');
    const after = await endOf(batchOf({}), 'shop/visited');
    expect([own.stdout, outside.stdout].map((text) => text.split('\r\n')[0])).toEqual([
      'HTTP/1.1 200 OK',
      'HTTP/1.1 200 OK',
    ]);
    expect(before.visitsMs).toEqual([]);
    expect(after.visitsMs).toEqual([expect.any(Number)]);
    expect(after.visitsMs[0]).toBeLessThan(0);
    // On one clock: the visit came between the two batches.
    expect(after.clockMs + (after.visitsMs[0] ?? 0)).toBeGreaterThan(before.clockMs);
  });

  test('are segments that had to be sent again, but not those of a node, which others send too', async () => {
    await using lossy = await PodNetwork.create('');
    await lossy.serving({ pod: 'shop/web', ports: [] });
    await lossy.serving({ pod: 'edge/proxy', hostNetwork: true, ports: [] });
    const writer = lossy.run([
      process.execPath,
      '-e',
      `const net = require('node:net');
       const server = net.createServer(() => {}).listen(8001, '127.0.0.1', () => {
         const socket = net.connect(8001, '127.0.0.1', () => console.log('connected'));
         process.stdin.once('data', () => socket.write('lost'));
       });`,
    ]);
    await firstOutput(writer);
    await lossy.nft('add rule inet test input tcp dport 8001 drop');
    writer.child.stdin.write('now');
    const sentAgain = async (pod: string) => (await endOf(batchOf({}), pod, lossy)).retransmissions;
    await expect.poll(() => sentAgain('shop/web'), { timeout: 30_000 }).toBeGreaterThan(0);
    expect(await sentAgain('edge/proxy')).toBe(0);
  });

  test('are datagrams that arrived, though nobody heard the answer', async () => {
    await using deaf = await PodNetwork.create('udp sport 8001 drop\nudp dport 7001 drop');
    await deaf.serving({ pod: 'shop/db', ports: [{ port: 8001, protocol: 'UDP' }] });
    await deaf.serving({ pod: 'shop/web', ports: [] });
    const targets = [8001, 7001].map((port, id) => ({
      id,
      host: '127.0.0.1',
      port,
      protocol: 'UDP' as const,
      pod: 'shop/db',
    }));
    const batch = batchOf({ targets });
    const { stdout } = await deaf.probe({ input: batchInput(batch) }).ended;
    const answer = parseAgentOutput(stdout, batch);
    const attempts = answer.kind === 'complete' ? answer.attempts : [];
    expect(attempts.map(({ outcome }) => outcome)).toEqual(['timeout', 'timeout']);
    const nonceOf = (id: number): string => attempts.find((attempt) => attempt.id === id)?.nonce ?? '';
    const { arrived } = await endOf(batchOf({ asked: [nonceOf(0), nonceOf(1)] }), 'shop/db', deaf);
    expect(arrived).toEqual([nonceOf(0)]);
  });
});

test.each([
  ['IPv4', '127.0.0.1'],
  ['IPv6', '::1'],
])('a connection over %s that arrived is told, though nobody heard the answer', async (_, host) => {
  await using deaf = await PodNetwork.create('tcp sport 8001 drop\ntcp dport 7001 drop');
  await deaf.serving({ pod: 'shop/db', ports: [{ port: 8001, protocol: 'TCP' }] });
  await deaf.serving({ pod: 'shop/web', ports: [] });
  const batch = batchOf({
    targets: [8001, 7001].map((port, id) => ({ id, host, port, protocol: 'TCP' as const, pod: 'shop/db' })),
  });
  const { stdout } = await deaf.probe({ input: batchInput(batch) }).ended;
  const answer = parseAgentOutput(stdout, batch);
  const attempts = answer.kind === 'complete' ? answer.attempts : [];
  expect(attempts).toMatchObject([{ outcome: 'timeout' }, { outcome: 'timeout' }]);
  const heard = attempts.find(({ id }) => id === 0)?.localPorts ?? [];
  expect(heard).toHaveLength(3);
  const { halfOpen } = await endOf(batchOf({ halfOpenAt: [host] }), 'shop/db', deaf);
  expect(halfOpen.toSorted()).toEqual(heard.map((port) => connectionKey(host, port, 8001)).toSorted());
  expect((await endOf(batchOf({}), 'shop/db', deaf)).halfOpen).toEqual([]);
});

describe('an answer that comes after the attempt is over', () => {
  /** Answers datagrams as an agent does, but so much later. */
  const answeringAfter = (ms: number): string => `
    const socket = require('node:dgram').createSocket('udp4');
    socket.on('message', (message, { port, address }) => setTimeout(() =>
      socket.send(String(message).trim() + ' ${RUN_ID} shop/db\\n', port, address), ${ms}));
    socket.bind(8002, () => console.log('ready'));`;
  const target = (port: number, protocol: 'TCP' | 'UDP') =>
    batchOf({ timeoutMs: 100, targets: [{ id: 0, host: '127.0.0.1', port, protocol, pod: 'shop/db' }] });

  async function nonceOf(batch: Batch, agents: PodNetwork): Promise<string> {
    const { stdout } = await agents.probe({ input: batchInput(batch) }).ended;
    const answer = parseAgentOutput(stdout, batch);
    const [attempt] = answer.kind === 'complete' ? answer.attempts : [];
    expect(attempt).toMatchObject({ outcome: 'timeout', nonce: expect.any(String) });
    return attempt?.nonce ?? '';
  }
  const lateOf = async (agents: PodNetwork, more: Partial<Batch> = {}): Promise<readonly string[]> =>
    (await endOf(batchOf(more), 'shop/web', agents)).late;

  test('is none where a slow process answers the first datagram in time: no other was lost', async () => {
    await using slow = await PodNetwork.create('');
    await slow.serving({ pod: 'shop/web', ports: [] });
    await firstOutput(slow.run([process.execPath, '-e', answeringAfter(400)]));
    const batch = { ...target(8002, 'UDP'), timeoutMs: 900 };
    const { stdout } = await slow.probe({ input: batchInput(batch) }).ended;
    const answer = parseAgentOutput(stdout, batch);
    const [attempt] = answer.kind === 'complete' ? answer.attempts : [];
    expect(attempt).toMatchObject({ outcome: 'connected', dials: 2 });
    expect(attempt?.lost).toBe(undefined);
  });

  test('is told: of a datagram', async () => {
    await using slow = await PodNetwork.create('');
    await slow.serving({ pod: 'shop/web', ports: [] });
    await firstOutput(slow.run([process.execPath, '-e', answeringAfter(400)]));
    const nonce = await nonceOf(target(8002, 'UDP'), slow);
    await expect.poll(() => lateOf(slow), { timeout: 30_000 }).toEqual([nonce]);
  });

  test('is not that to a second SYN: it would tell what is so then', async () => {
    await using slow = await PodNetwork.create('tcp dport 8001 drop');
    await slow.serving({ pod: 'shop/db', ports: [{ port: 8001, protocol: 'TCP' }] });
    await slow.serving({ pod: 'shop/web', ports: [] });
    await nonceOf(target(8001, 'TCP'), slow);
    await slow.nft('flush ruleset');
    // Longer than until the kernel would send it again.
    expect(await lateOf(slow, { holdMs: 1_500 })).toEqual([]);
    const dials = ['grep', '-c', '-E', ':1F41 02', '/proc/net/tcp'];
    expect((await slow.run(dials).ended).stdout.trim()).toBe('0');
  });

  test('is not waited for when the dials are ended', async () => {
    await using slow = await PodNetwork.create('');
    await slow.serving({ pod: 'shop/web', ports: [] });
    await firstOutput(slow.run([process.execPath, '-e', answeringAfter(2_000)]));
    await nonceOf(target(8002, 'UDP'), slow);
    expect(await lateOf(slow, { endsDials: true })).toEqual([]);
    expect(await lateOf(slow, { holdMs: 2_500 })).toEqual([]);
  });
});

test('an attempt with a time of its own takes no longer', async () => {
  await using cut = await PodNetwork.create('tcp dport 7001 drop');
  await cut.serving({ pod: 'shop/web', ports: [] });
  const target = { host: '127.0.0.1', port: 7001, protocol: 'TCP' as const, pod: 'shop/db' };
  const batch = batchOf({
    timeoutMs: 900,
    targets: [
      { id: 0, ...target },
      { id: 1, ...target, timeoutMs: 100 },
    ],
  });
  const { stdout } = await cut.probe({ input: batchInput(batch) }).ended;
  const answer = parseAgentOutput(stdout, batch);
  const attempts = answer.kind === 'complete' ? answer.attempts : [];
  // The shorter one ends first, after its own last dial.
  expect(attempts).toMatchObject([
    { id: 1, outcome: 'timeout', dials: 3 },
    { id: 0, outcome: 'timeout', dials: 3 },
  ]);
  expect(attempts[0]?.durationMs).toBeGreaterThanOrEqual(99);
  expect(attempts[1]?.durationMs).toBeGreaterThanOrEqual(899);
});

test('a datagram that was heard is told, though a later one was refused', async () => {
  const rules =
    'udp sport 8001 drop\nudp dport 8001 numgen inc mod 2 == 1 reject with icmpx port-unreachable';
  await using deaf = await PodNetwork.create(rules);
  await deaf.serving({ pod: 'shop/db', ports: [{ port: 8001, protocol: 'UDP' }] });
  await deaf.serving({ pod: 'shop/web', ports: [] });
  const batch = batchOf({
    targets: [{ id: 0, host: '127.0.0.1', port: 8001, protocol: 'UDP', pod: 'shop/db' }],
  });
  const { stdout } = await deaf.probe({ input: batchInput(batch) }).ended;
  const answer = parseAgentOutput(stdout, batch);
  const [attempt] = answer.kind === 'complete' ? answer.attempts : [];
  expect(attempt).toMatchObject({ outcome: 'refused', dials: 2, nonce: expect.any(String) });
  const asked = [attempt?.nonce ?? ''];
  expect((await endOf(batchOf({ asked }), 'shop/db', deaf)).arrived).toEqual(asked);
});

test('no datagram leaves from a port that the same destination answered before: no policy would be asked about it', async () => {
  await using tracking = await PodNetwork.create('ct state established,related accept');
  const set = async (name: string, input: string): Promise<void> => {
    const written = await tracking.run(['tee', `/proc/sys/net/ipv4/${name}`], { input }).ended;
    expect(written).toMatchObject({ stderr: '', exitCode: 0 });
  };
  await set('ip_local_port_range', '40000 40003');
  await set('tcp_max_tw_buckets', '0'); // so that the ports of connections that are over are free at once
  await tracking.serving({
    ports: [
      { port: 8001, protocol: 'UDP' },
      { port: 8001, protocol: 'TCP' },
    ],
  });
  await tracking.serving({ pod: 'shop/web', ports: [] });
  const show = async (
    protocol: Protocol,
    more: { pod: string } | { pods: string[]; connections: number },
  ) => {
    const batch = batchOf({ targets: [{ id: 0, host: '127.0.0.1', port: 8001, protocol, ...more }] });
    const { stdout } = await tracking.probe({ input: batchInput(batch) }).ended;
    const answer = parseAgentOutput(stdout, batch);
    if (answer.kind === 'broken') throw new Error(answer.reason);
    return answer.attempts.map(({ outcome, detail }) => ({ outcome, ...(detail && { detail }) }));
  };
  const alone = { pod: 'shop/db' };
  const fourTimes = { pods: ['shop/db'], connections: 4, opensAll: true };
  const detail = 'every local port offered was used for this destination in the last 3 minutes';
  for (const protocol of ['UDP', 'UDP', 'UDP', 'UDP', 'TCP'] as const)
    expect(await show(protocol, alone)).toEqual([{ outcome: 'connected' }]);
  await tracking.nft('add rule inet test input th dport 8001 drop');
  expect(await show('UDP', alone)).toEqual([{ outcome: 'error', detail }]);
  expect(await show('UDP', fourTimes)).toEqual([{ outcome: 'error', detail }]);
  // Side by side they have all ports. A SYN is new to connection tracking wherever it comes from.
  expect(await show('TCP', fourTimes)).toEqual([{ outcome: 'timeout' }]);
  await set('ip_local_port_range', '40000 40006');
  expect(await show('UDP', alone)).toEqual([{ outcome: 'timeout' }]);
});

describe('a turn', () => {
  const awaiting = (port: number, wanted: 'open' | 'cut') =>
    batchOf({
      turnWithinMs: 20_000,
      deadlineMs: 30_000,
      turns: [{ id: 1, host: '127.0.0.1', port, protocol: 'TCP', pods: ['shop/turned'], wanted }],
    });

  test('tells when a connection opens, and when it is cut off', async () => {
    await using turning = await PodNetwork.create('tcp dport 8001 drop');
    await turning.serving({ pod: 'shop/turned', ports: [{ port: 8001, protocol: 'TCP' }] });
    const seeTurn = async (wanted: 'open' | 'cut', rules: string): Promise<void> => {
      const batch = awaiting(8001, wanted);
      const running = turning.probe({ input: batchInput(batch), self: 'shop/turned' });
      await turning.nft(rules);
      const answer = parseAgentOutput((await running.ended).stdout, batch);
      if (answer.kind === 'broken') throw new Error(answer.reason);
      expect(answer.turns).toEqual([{ kind: 'turn', id: 1, turnedMs: expect.any(Number) }]);
    };
    await seeTurn('open', 'flush chain inet test input');
    await seeTurn('cut', 'add rule inet test input tcp dport 8001 drop');
  });

  test('takes no port for opened where one that must be shut is open as well', async () => {
    await using turning = await PodNetwork.create('tcp dport 8002 drop');
    const ports = [8001, 8002].map((port) => ({ port, protocol: 'TCP' as const }));
    await turning.serving({ pod: 'shop/turned', ports });
    const turnsOf = async (shutPort: number) => {
      const plain = awaiting(8001, 'open');
      const batch = {
        ...plain,
        turnWithinMs: 600,
        turns: plain.turns.map((one) => ({ ...one, shutPort })),
      };
      const { stdout } = await turning.probe({ input: batchInput(batch), self: 'shop/turned' }).ended;
      const answer = parseAgentOutput(stdout, batch);
      return answer.kind === 'complete' ? answer.turns : answer;
    };
    expect(await turnsOf(8002)).toEqual([{ kind: 'turn', id: 1, turnedMs: expect.any(Number) }]);
    await turning.nft('flush chain inet test input');
    expect(await turnsOf(8002)).toEqual([{ kind: 'turn', id: 1, last: 'connected' }]);
  });

  test('says what was seen instead when its time is over', async () => {
    const batch = { ...awaiting(7001, 'open'), turnWithinMs: 300 };
    const { stdout } = await network.probe({ input: batchInput(batch) }).ended;
    const answer = parseAgentOutput(stdout, batch);
    expect(answer).toMatchObject({ turns: [{ kind: 'turn', id: 1, last: 'timeout' }] });
  });
});

describe('serve', () => {
  test('says where it listens, and ends at once on SIGTERM', async () => {
    const running = await network.serve({
      pod: 'shop/api',
      ports: [
        { port: 8101, protocol: 'TCP' },
        { port: 8101, protocol: 'UDP' },
      ],
    });
    await firstOutput(running);
    running.child.kill('SIGTERM');
    const { stdout, exitCode } = await running.ended;
    expect({ stdout, exitCode }).toEqual({
      stdout: 'podreach agent: shop/api of run run-1 listens on 8101/TCP, 8101/UDP\n',
      exitCode: 0,
    });
  });

  test('stays up without a port', async () => {
    const { child } = await network.serving({ pod: 'shop/client', ports: [] });
    // As long as another process takes to start, to work and to end.
    await probe(batchOf({}));
    expect(child.exitCode).toBe(null);
  });

  test.each(['TCP', 'UDP'] as const)('fails loudly when a %s port is taken', async (protocol) => {
    const taken = await network.serve({ pod: 'shop/taken', ports: [{ port: 8001, protocol }] });
    const { exitCode, stderr } = await taken.ended;
    expect(exitCode).toBe(1);
    expect(stderr).toMatch(
      new RegExp(`^podreach agent: cannot listen on 8001/${protocol}: .*EADDRINUSE.*0\\.0\\.0\\.0:8001\n$`),
    );
  });

  test('answers a datagram from the address that it came to, of the several that a node has', async () => {
    await using node = await PodNetwork.create('');
    for (const address of ['10.9.9.8/32', '10.9.9.9/32'])
      await node.run(['ip', 'address', 'add', address, 'dev', 'lo']).ended;
    await node.serving({ pod: 'edge/proxy', hostNetwork: true, ports: [{ port: 8001, protocol: 'UDP' }] });
    const ask = `
      const socket = require('node:dgram').createSocket('udp4');
      socket.on('message', (_, { address }) => socket.close(() => console.log(address)));
      socket.bind(0, '10.9.9.8', () => socket.send('podreach 0123456789abcdef\\n', 8001, '10.9.9.9'));`;
    expect((await node.run([process.execPath, '-e', ask]).ended).stdout).toBe('10.9.9.9\n');
  });

  test('outlives clients that reset, stay silent or talk nonsense', async () => {
    const tough = await network.serving({ pod: 'shop/tough', ports: [{ port: 8102, protocol: 'TCP' }] });
    const clients = network.run([
      process.execPath,
      '-e',
      `const net = require('node:net');
       let open = 300;
       for (let i = 0; i < 300; i += 1) {
         const socket = net.connect(8102, '127.0.0.1', () => {
           socket.write(['podreach ', 'x'.repeat(5_000), 'GET / HTTP/1.1\\n', 'podreach 0123456789abcdef\\n'][i % 4]);
           setTimeout(() => socket.resetAndDestroy(), i % 20);
         });
         socket.on('error', () => {});
         socket.on('close', () => { open -= 1; if (open === 0) process.exit(0); });
       }`,
    ]);
    expect(await clients.ended).toEqual({ stdout: '', stderr: '', exitCode: 0 });
    const target = { id: 0, host: '127.0.0.1', port: 8102, protocol: 'TCP' as const, pod: 'shop/tough' };
    expect(await probe(batchOf({ targets: [target] }))).toMatchObject([{ outcome: 'connected' }]);
    expect(tough.child.exitCode).toBe(null);
  });

  test('says which part of its configuration is wrong', async () => {
    const run = (config: string) =>
      network.run([process.execPath, network.agentOf('shop/db'), 'serve'], {
        env: { PODREACH_CONFIG: config },
      }).ended;
    const [noJson, noPod] = await Promise.all([run('{'), run(JSON.stringify({ runId: RUN_ID }))]);
    expect([noJson.exitCode, noPod.exitCode]).toEqual([2, 2]);
    expect(noJson.stderr).toMatch(/^podreach agent: PODREACH_CONFIG is not JSON: /);
    expect(noPod.stderr).toBe('podreach agent: PODREACH_CONFIG.pod must be a text without blanks\n');
  });
});

describe('connect', () => {
  test.each([
    ['127.0.0.1 8001', 0, 'connected: 127.0.0.1:8001/TCP after N ms, answered by shop/db of run run-1'],
    ['::1 8001 udp', 0, 'connected: [::1]:8001/UDP after N ms, answered by shop/db of run run-1'],
    ['127.0.0.1 7001 TCP --timeout 100', 1, 'timeout: 127.0.0.1:7001/TCP after N ms'],
    ['--timeout 100 127.0.0.1 8999', 1, 'refused: 127.0.0.1:8999/TCP after N ms (ECONNREFUSED)'],
    ['127.0.0.1 9004', 1, 'wrong-peer: 127.0.0.1:9004/TCP after N ms (not a podreach agent)'],
  ])('%s ends with %i and one line', async (args, code, line) => {
    const { stdout, exitCode } = await network.connect(args.split(' ')).ended;
    expect({ exitCode, stdout: stdout.replace(/after [\d.]+ ms/, 'after N ms') }).toEqual({
      exitCode: code,
      stdout: `${line}\n`,
    });
  });

  test.each(['', 'HOST', 'HOST 80 SCTP', 'HOST 80 TCP more', 'HOST 80 --timeout'])(
    'without sensible arguments (%j) tells how it is used',
    async (args) => {
      const { stderr, exitCode } = await network.connect(args.split(' ').filter((word) => word !== '')).ended;
      expect(exitCode).toBe(2);
      expect(stderr).toContain('usage: connect HOST PORT [TCP|UDP] [--family IPv4|IPv6] [--timeout MS]');
    },
  );
});
