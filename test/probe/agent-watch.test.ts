/** What an agent sees when it watches, in a network with real packets. */
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { AnsweredRequest, ServiceRequest, SpreadNode } from '../../src/probe/protocol.ts';
import { parseWatchAnswer, type WatchAnswer, watchInput } from '../../src/probe/watch.ts';
import type {
  CollectRequest,
  HeldLine,
  StretchLine,
  WatchLine,
  WatchRequest,
} from '../../src/probe/watch-protocol.ts';
import { firstOutput, PodNetwork, RUN_ID, type Running } from './pod-network.ts';

const RULES = `
  meta l4proto { tcp, udp } th dport 7001 drop
  tcp dport 7003 reject with tcp reset
  tcp dport 7006 tcp flags syn numgen inc mod 3 < 2 drop
`;

let network: PodNetwork;

beforeAll(async () => {
  network = await PodNetwork.create(RULES);
  await Promise.all([
    network.serving({ pod: 'shop/web', ports: [] }),
    network.serving({
      ports: [
        { port: 7006, protocol: 'TCP' },
        { port: 8001, protocol: 'TCP' },
        { port: 8001, protocol: 'UDP' },
      ],
    }),
  ]);
});

afterAll(async () => {
  await network[Symbol.asyncDispose]();
});

function target(id: number, port: number, more: Partial<AnsweredRequest> = {}): AnsweredRequest {
  return { id, host: '127.0.0.1', port, protocol: 'TCP', pod: 'shop/db', ...more };
}

/** A Service, any of whose pods may answer. */
function anyOf(id: number, pods: readonly string[], nodes?: readonly SpreadNode[]): ServiceRequest {
  const { pod: _, ...address } = target(id, 8001);
  return { ...address, pods, ...(nodes === undefined ? {} : { nodes }) };
}

let watches = 0;

function watchOf(request: Partial<WatchRequest>): WatchRequest {
  watches += 1;
  return {
    kind: 'watch',
    watch: `w${watches}`,
    runId: RUN_ID,
    everyMs: 100,
    timeoutMs: 400,
    abandonedMs: 60_000,
    kept: 1000,
    targets: [],
    held: [],
    ...request,
  };
}

type Whole = Extract<WatchAnswer, { kind: 'complete' }>;

/** Asks the agent of a pod about a watch, as an exec does. */
async function ask(
  watch: WatchRequest,
  request: WatchRequest | Omit<CollectRequest, 'kind' | 'watch'> = watch,
  { self = 'shop/web', of = network } = {},
): Promise<Whole> {
  const full = 'kind' in request ? request : { ...request, kind: 'collect' as const, watch: watch.watch };
  const { stdout, stderr, exitCode } = await of.probe({ input: watchInput(full), self }).ended;
  expect({ stderr, exitCode }).toEqual({ stderr: '', exitCode: 0 });
  const answer = parseWatchAnswer(stdout, full, new Set(watch.targets.map(({ id }) => id)));
  if (answer.kind === 'broken') throw new Error(answer.reason);
  return answer;
}

/** Collects again and again until it is as wanted; each line as it was told last. */
async function collectUntil(
  watch: WatchRequest,
  isEnough: (lines: readonly WatchLine[]) => boolean,
  where: { self?: string; of?: PodNetwork } = {},
): Promise<readonly WatchLine[]> {
  const lines = new Map<number, WatchLine>();
  let received = 0;
  while (!isEnough([...lines.values()])) {
    await sleep(50);
    const answer = await ask(watch, { received }, where);
    for (const line of answer.lines) lines.set(line.seq, line);
    received = answer.end.state?.seq ?? 0;
  }
  return [...lines.values()];
}

function stretchesOf(lines: readonly WatchLine[], id?: number): readonly StretchLine[] {
  return lines.filter(
    (line): line is StretchLine => line.kind === 'stretch' && (id === undefined || line.id === id),
  );
}

function countOf(lines: readonly WatchLine[], id: number): number {
  return stretchesOf(lines, id).reduce((sum, { count }) => sum + count, 0);
}

function eventsOf(lines: readonly WatchLine[]): readonly HeldLine['event'][] {
  return lines.flatMap((line) => (line.kind === 'held' ? [line.event] : []));
}

describe('a watch', () => {
  test('tries its targets again and again, and tells attempts that showed the same as one line', async () => {
    const targets = [
      target(1, 8001),
      target(2, 8001, { protocol: 'UDP' }),
      target(3, 7001),
      target(4, 7003),
      target(5, 8001, { pod: 'shop/other' }),
      anyOf(6, ['shop/other', 'shop/db']),
      anyOf(7, ['shop/other']),
      // Loopback has all of these addresses.
      anyOf(
        8,
        ['shop/db', 'shop/other'],
        [
          { address: '127.0.0.1', pods: ['shop/db'] },
          { address: '127.0.0.2', pods: ['shop/other'] },
        ],
      ),
      { id: 9, host: '127.0.0.1', port: 8001, protocol: 'TCP' } as const,
      target(10, 8001, { host: 'nowhere.example.' }),
    ];
    const watch = watchOf({ targets });
    const begun = await ask(watch);
    expect(begun.lines).toEqual([]);
    const lines = await collectUntil(watch, (seen) => targets.every(({ id }) => countOf(seen, id) >= 8));
    const shown = targets.map(({ id }) => [
      ...new Set(stretchesOf(lines, id).map(({ outcome, detail }) => [outcome, detail].join(' ').trim())),
    ]);
    expect(shown).toEqual([
      ['connected'],
      ['connected'],
      ['timeout'],
      ['refused ECONNREFUSED'],
      ['wrong-peer shop/db'],
      ['connected'],
      ['wrong-peer shop/db'],
      ['connected', 'wrong-peer shop/db'],
      ['connected'],
      ['dns-failure ECONNREFUSED'],
    ]);
    for (const line of stretchesOf(lines)) {
      expect(line.firstMs).toBeGreaterThanOrEqual(begun.end.state?.beganMs ?? Number.NaN);
      expect(line.totalTookMs).toBeGreaterThanOrEqual(line.mostTookMs);
      if (line.count > 1) {
        expect(line.mostApartMs).toBeGreaterThanOrEqual(
          (line.lastMs - line.firstMs) / (line.count - 1) - 0.1,
        );
      }
      if (line.outcome === 'timeout') expect(line.firstTookMs).toBeGreaterThanOrEqual(400);
    }
    const last = await ask(watch, { received: 0, ends: true });
    const { due = 0, begun: made = 0 } = last.end.state ?? {};
    expect(made).toBeGreaterThanOrEqual(40);
    expect(made).toBeLessThanOrEqual(due);
  });

  test('an attempt that is out does not hold up the next', async () => {
    const watch = watchOf({ targets: [target(1, 7001)], timeoutMs: 2_000 });
    await ask(watch);
    const lines = await collectUntil(watch, (seen) => countOf(seen, 1) >= 20);
    const [first] = stretchesOf(lines, 1);
    // One after the other they would be two seconds apart.
    expect(first?.outcome).toBe('timeout');
    expect(Math.min(...stretchesOf(lines).map(({ mostApartMs }) => mostApartMs))).toBeLessThan(1_000);
    const { end } = await ask(watch, { received: 0, ends: true });
    expect(end.state?.begun).toBeGreaterThan(20);
  });

  test('enters attempts in the order of their dials, however long each takes', async () => {
    await using turning = await PodNetwork.create('tcp dport 8001 drop');
    await turning.serving({ pod: 'shop/db', ports: [{ port: 8001, protocol: 'TCP' }] });
    const where = { self: 'shop/db', of: turning };
    const watch = watchOf({ targets: [target(1, 8001)], timeoutMs: 900 });
    await ask(watch, watch, where);
    await collectUntil(watch, (seen) => countOf(seen, 1) >= 3, where);
    // Some that will not be answered are out when the first is answered.
    await turning.nft('flush chain inet test input');
    const lines = await collectUntil(
      watch,
      (seen) => stretchesOf(seen).some(({ outcome, count }) => outcome === 'connected' && count >= 3),
      where,
    );
    const stretches = stretchesOf(lines).toSorted((one, other) => one.seq - other.seq);
    for (const [index, { firstMs }] of stretches.entries())
      expect(firstMs).toBeGreaterThan(stretches[index - 1]?.lastMs ?? 0);
    const outcomes = stretches.map(({ outcome }) => outcome);
    expect(outcomes.indexOf('timeout')).toBeLessThan(outcomes.indexOf('connected'));
  });

  test('waits for the reply of one that has no time just now: the way there was open', async () => {
    await using busy = await PodNetwork.create('');
    await busy.serving({ pod: 'shop/web', ports: [] });
    const other = await busy.serving({ ports: [{ port: 8001, protocol: 'TCP' }] });
    const where = { self: 'shop/web', of: busy };
    const watch = watchOf({ targets: [target(1, 8001)], timeoutMs: 200 });
    await ask(watch, watch, where);
    await collectUntil(watch, (seen) => countOf(seen, 1) >= 3, where);
    process.kill(other.child.pid ?? 0, 'SIGSTOP');
    await sleep(1_000);
    process.kill(other.child.pid ?? 0, 'SIGCONT');
    const before = stretchesOf((await ask(watch, { received: 0 }, where)).lines).reduce(
      (sum, { count }) => sum + count,
      0,
    );
    const lines = await collectUntil(watch, (seen) => countOf(seen, 1) >= before + 15, where);
    expect([...new Set(stretchesOf(lines).map(({ outcome }) => outcome))]).toEqual(['connected']);
    expect(Math.max(...stretchesOf(lines).map(({ mostTookMs }) => mostTookMs))).toBeGreaterThan(500);
  });

  test('goes on as it is when it is asked for again', async () => {
    const watch = watchOf({ targets: [target(1, 8001)] });
    const first = await ask(watch);
    await collectUntil(watch, (seen) => countOf(seen, 1) >= 2);
    const again = await ask({ ...watch, targets: [] });
    expect(again.end.state?.beganMs).toBe(first.end.state?.beganMs);
    expect(countOf((await ask(watch, { received: 0, ends: true })).lines, 1)).toBeGreaterThanOrEqual(2);
  });

  test('ends with an answer that can be asked for again, and has nothing more to say', async () => {
    const watch = watchOf({ targets: [target(1, 8001), target(2, 7001)] });
    await ask(watch);
    await collectUntil(watch, (seen) => countOf(seen, 1) >= 3);
    const ended = await ask(watch, { received: 0, ends: true });
    // What was out has come in.
    expect(countOf(ended.lines, 1) + countOf(ended.lines, 2)).toBe(ended.end.state?.begun);
    await sleep(300);
    const again = await ask(watch, { received: 0, ends: true });
    expect(again.lines).toEqual(ended.lines);
    expect(again.end.state).toEqual({ ...ended.end.state, processMs: expect.any(Number) });
  });

  test('ends by itself where nobody asks', async () => {
    const watch = watchOf({ targets: [target(1, 8001)], abandonedMs: 300 });
    await ask(watch);
    for (let state: unknown = {}; state !== undefined; ) {
      await sleep(1_000);
      ({ state } = (await ask(watch, { received: 0 })).end);
    }
  });

  test('gives up the oldest lines where they are too many, and says so', async () => {
    const watch = watchOf({ targets: [target(1, 7006), target(2, 8001)], kept: 4, timeoutMs: 200 });
    await ask(watch);
    // Nobody takes over what was collected: it is kept as long as there is room.
    let told: Awaited<ReturnType<typeof ask>>;
    do {
      await sleep(100);
      told = await ask(watch, { received: 0 });
    } while ((told.end.state?.seq ?? 0) <= 8);
    const { lines } = await ask(watch, { received: 0, ends: true });
    expect(lines.length).toBeLessThanOrEqual(5);
    const [lost] = lines.flatMap((line) => (line.kind === 'lost' ? [line] : []));
    expect(lost?.lines).toBeGreaterThan(1);
    const kept = stretchesOf(lines, 1).map(({ firstMs }) => firstMs);
    expect(Math.min(...kept)).toBeGreaterThan(lost?.toMs ?? Number.POSITIVE_INFINITY);
  });

  test('is answered whole, however much there is', async () => {
    const targets = Array.from({ length: 1_500 }, (_, id) => target(id, 7003));
    const watch = watchOf({ targets, everyMs: 2_000, kept: 5_000 });
    await ask(watch);
    await collectUntil(watch, (seen) => new Set(stretchesOf(seen).map(({ id }) => id)).size === 1_500);
    await ask(watch, { received: 0, ends: true });
  });

  test('a request that makes no sense is refused', async () => {
    const input = watchInput({ ...watchOf({}), everyMs: -1 });
    expect(await network.probe({ input }).ended).toEqual({
      stdout: '',
      stderr: 'podreach agent: everyMs must be a number of milliseconds\n',
      exitCode: 2,
    });
  });
});

describe('an agent that is stopped', () => {
  test('says when it did not run, and takes nothing for a timeout that was out meanwhile', async () => {
    const agent = await network.serving({ pod: 'shop/stopped', ports: [] });
    const watch = watchOf({
      targets: [target(1, 8001), target(2, 8001, { protocol: 'UDP' })],
      held: [target(1, 8001)],
    });
    const where = { self: 'shop/stopped' };
    await ask(watch, watch, where);
    await collectUntil(watch, (seen) => countOf(seen, 1) >= 3 && eventsOf(seen).includes('opened'), where);
    agent.child.kill('SIGSTOP');
    await sleep(5_000);
    agent.child.kill('SIGCONT');
    const lines = await collectUntil(
      watch,
      (seen) => seen.some((line) => line.kind === 'stall' && line.toMs - line.fromMs > 4_500),
      where,
    );
    await sleep(1_500);
    const last = await ask(watch, { received: 0, ends: true }, where);
    const stalls = lines.filter((line) => line.kind === 'stall' && line.toMs - line.fromMs > 4_500);
    expect(stalls).toHaveLength(1);
    const outcomes = [...stretchesOf(lines), ...stretchesOf(last.lines)].map(({ outcome }) => outcome);
    expect(new Set(outcomes)).toEqual(new Set(['connected']));
    // Some fifty of each were due meanwhile.
    const { due = 0, begun = 0 } = last.end.state ?? {};
    expect(due - begun).toBeGreaterThan(60);
    expect(eventsOf([...lines, ...last.lines])).not.toContain('broken');
  });
});

describe('a held connection', () => {
  let server: Running;
  const held = [target(1, 8005, { pod: 'shop/holder' })];

  beforeAll(async () => {
    server = await network.serving({ pod: 'shop/holder', ports: [{ port: 8005, protocol: 'TCP' }] });
  });

  test('stalls while its other end does not run, resumes, and breaks with its end; then it is opened again', async () => {
    const watch = watchOf({ targets: held, held, everyMs: 5_000 });
    await ask(watch);
    /** The last of a kind, once it is told. */
    const told = async (event: HeldLine['event'], times = 1): Promise<HeldLine | undefined> => {
      const isIt = (line: WatchLine): line is HeldLine => line.kind === 'held' && line.event === event;
      const lines = await collectUntil(watch, (seen) => seen.filter(isIt).length >= times);
      return lines.filter(isIt).at(-1);
    };
    await told('opened');
    // Long enough for a few heartbeats, however busy the machine is.
    await sleep(3_000);
    server.child.kill('SIGSTOP');
    const stalled = await told('stalled');
    server.child.kill('SIGCONT');
    const resumed = await told('resumed');
    expect(stalled?.beats).toBeGreaterThan(2);
    expect(resumed?.beats).toBeGreaterThan(stalled?.beats ?? Number.NaN);
    expect((resumed?.atMs ?? 0) - (stalled?.atMs ?? 0)).toBeGreaterThan(1_000);
    server.child.kill('SIGKILL');
    const broken = await told('broken');
    expect(broken?.detail).toMatch(/^ECONNRESET$|^closed by the other end$/);
    expect((await told('failed'))?.detail).toBe('ECONNREFUSED');
    server = await network.serving({ pod: 'shop/holder', ports: [{ port: 8005, protocol: 'TCP' }] });
    await told('opened');
    await ask(watch, { received: 0, ends: true });
  });

  test('is not taken for one of another pod', async () => {
    const watch = watchOf({ targets: [target(1, 8001)], held: [target(1, 8001, { pod: 'shop/other' })] });
    await ask(watch);
    const lines = await collectUntil(watch, (seen) => eventsOf(seen).includes('failed'));
    expect(lines.filter(({ kind }) => kind === 'held')).toMatchObject([
      { event: 'failed', beats: 0, detail: 'wrong-peer: shop/db' },
    ]);
    await ask(watch, { received: 0, ends: true });
  });
});

test('a name that nobody resolves in time is told in the same words by attempts and by what is held', async () => {
  await using silent = await PodNetwork.create('udp dport 53 drop', 'nameserver 127.0.0.1\n');
  await silent.serving({ pod: 'shop/web', ports: [] });
  const named = [target(1, 8001, { host: 'db.test.' })];
  const watch = watchOf({ targets: named, held: named });
  await ask(watch, watch, { of: silent });
  const lines = await collectUntil(
    watch,
    (seen) => eventsOf(seen).includes('failed') && stretchesOf(seen).length > 0,
    { of: silent },
  );
  for (const stretch of stretchesOf(lines))
    expect(stretch).toMatchObject({ outcome: 'dns-failure', detail: 'ETIMEOUT' });
  expect(lines.filter(({ kind }) => kind === 'held')).toMatchObject([
    { event: 'failed', beats: 0, detail: 'dns-failure: ETIMEOUT' },
  ]);
  await ask(watch, { received: 0, ends: true }, { of: silent });
});

/** Says of each name that it has the address 127.0.0.1. */
const NAME_SERVER = `
  const socket = require('node:dgram').createSocket('udp4');
  socket.on('message', (query, { port, address }) => {
    const head = Buffer.from([...query.subarray(0, 2), 0x81, 0x80, 0, 1, 0, 1, 0, 0, 0, 0]);
    const answer = Buffer.from([0xc0, 12, 0, 1, 0, 1, 0, 0, 0, 60, 0, 4, 127, 0, 0, 1]);
    const end = query.indexOf(0, 12) + 5;
    socket.send(Buffer.concat([head, query.subarray(12, end), answer]), port, address);
  });
  socket.bind(53, '127.0.0.1', () => console.log('ready'));
`;

test('a name that leads elsewhere than to its Service is told so, unless one of its pods answers', async () => {
  await using named = await PodNetwork.create(RULES, 'nameserver 127.0.0.1\n');
  await Promise.all([
    firstOutput(named.run([process.execPath, '-e', NAME_SERVER])),
    named.serving({ pod: 'shop/web', ports: [] }),
    named.serving({ ports: [{ port: 8001, protocol: 'TCP' }] }),
  ]);
  const stale = {
    ...anyOf(1, ['shop/db']),
    host: 'db.test.',
    family: 'IPv4',
    leadsTo: ['127.0.0.2'],
  } as const;
  const cut = { ...stale, id: 2, port: 7001 };
  const watch = watchOf({ targets: [stale, cut], held: [stale, cut] });
  await ask(watch, watch, { of: named });
  const lines = await collectUntil(
    watch,
    (seen) => eventsOf(seen).length === 2 && [1, 2].every((id) => countOf(seen, id) > 0),
    { of: named },
  );
  const led = 'the name led to 127.0.0.1, where nobody of its Service is, and not to 127.0.0.2';
  expect([1, 2].map((id) => stretchesOf(lines, id))).toMatchObject([
    [{ outcome: 'connected' }],
    [{ outcome: 'dns-failure', detail: led }],
  ]);
  const held = lines.flatMap((line) => (line.kind === 'held' ? [[line.id, line.event, line.detail]] : []));
  expect(held.toSorted()).toEqual([
    [1, 'opened', undefined],
    [2, 'failed', `dns-failure: ${led}`],
  ]);
  await ask(watch, { received: 0, ends: true }, { of: named });
});

test('a connection to a Service is held to whoever answers first, and says who that is', async () => {
  const held = [anyOf(1, ['shop/other', 'shop/db']), anyOf(2, ['shop/db'])];
  const watch = watchOf({ targets: held, held });
  await ask(watch);
  const lines = await collectUntil(watch, (seen) => eventsOf(seen).length >= 2);
  const opened = lines.filter((line): line is HeldLine => line.kind === 'held');
  expect(opened.map(({ id, event, detail }) => [id, event, detail])).toEqual(
    expect.arrayContaining([
      [1, 'opened', 'shop/db'],
      [2, 'opened', undefined],
    ]),
  );
  await ask(watch, { received: 0, ends: true });
});

describe('an agent that connections are held to', () => {
  test('serves 1,024 of them, and all who do not hold theirs', async () => {
    await network.serving({ pod: 'shop/popular', ports: [{ port: 8009, protocol: 'TCP' }] });
    const clients = `
      const net = require('node:net');
      const seen = { answered: 0, closed: 0 };
      const tell = () => {
        if (seen.answered + seen.closed === 1100) process.stdout.write(JSON.stringify(seen) + '\\n');
      };
      for (let client = 0; client < 1100; client += 1) {
        const socket = net.connect(8009, '127.0.0.1', () => socket.write('podreach-hold 0123456789abcdef\\n'));
        socket.on('error', () => {});
        socket.once('data', () => { seen.answered += 1; tell(); });
        socket.once('close', () => { seen.closed += 1; tell(); });
      }
    `;
    const holding = network.run([process.execPath, '-e', clients]);
    const told = new Promise((resolve) => holding.child.stdout.once('data', resolve));
    expect(JSON.parse(String(await told))).toEqual({ answered: 1_024, closed: 76 });
    const once = network.connect(['127.0.0.1', '8009']);
    expect(await once.ended).toMatchObject({
      stdout: expect.stringContaining('answered by shop/popular'),
      exitCode: 0,
    });
    holding.child.kill();
  });
});

describe('visits of the kubelet', () => {
  test('are told as one line while they come', async () => {
    const agent = await network.serving({ pod: 'shop/visited', ports: [] });
    const { visitPort } = network;
    const watch = watchOf({});
    const where = { self: 'shop/visited' };
    await ask(watch, watch, where);
    const visit = `
      const net = require('node:net');
      const socket = net.connect({ host: '127.0.0.1', port: ${visitPort}, localAddress: '127.0.0.9' }, () =>
        socket.write('GET / HTTP/1.1\\r\\nHost: x\\r\\n\\r\\n'));
      socket.resume();
    `;
    for (let visits = 0; visits < 2; visits += 1) await network.run([process.execPath, '-e', visit]).ended;
    const lines = await collectUntil(watch, (seen) => seen.length > 0, where);
    expect(lines).toEqual([
      { kind: 'visits', seq: 1, count: 2, firstMs: expect.any(Number), lastMs: expect.any(Number) },
    ]);
    agent.child.kill();
  });
});

describe('the first instant', () => {
  test('is watched from the beginning of the process, before it listens', async () => {
    const firstInstant = watchOf({
      targets: [target(1, 8007, { pod: 'shop/new' }), target(2, 7001)],
      everyMs: 1_000,
    });
    const where = { self: 'shop/new' };
    await network.serving({
      pod: 'shop/new',
      ports: [{ port: 8007, protocol: 'TCP' }],
      firstInstant,
    });
    const lines = await collectUntil(
      firstInstant,
      (seen) => countOf(seen, 1) >= 8 && countOf(seen, 2) >= 2,
      where,
    );
    // The first came too soon for the pod's own listener.
    expect(stretchesOf(lines, 1)[0]?.outcome).toBe('refused');
    const { end } = await ask(firstInstant, { received: 0, ends: true }, where);
    const { beganMs = 0, processMs = 0 } = end.state ?? {};
    const [first] = stretchesOf(lines, 1);
    expect(first?.firstMs).toBeGreaterThanOrEqual(beganMs);
    expect(beganMs).toBeGreaterThan(processMs);
    // Far more often than once a second.
    expect(end.state?.begun).toBeGreaterThan(12);
  });
});
