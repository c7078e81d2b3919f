import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { connect } from 'node:tls';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import WebSocket from 'ws';
import { startCluster, type TestCluster, TOKEN } from '../../cluster.ts';

let cluster: TestCluster;
let podUid: string;
const PODS = '/api/v1/namespaces/default/pods';

beforeAll(async () => {
  cluster = await startCluster();
  const containers = [{ name: 'c', image: 'node:24' }];
  const { body } = await cluster.call('POST', PODS, { metadata: { name: 'web' }, spec: { containers } });
  podUid = body.metadata.uid;
  const two = [...containers, { name: 'd', image: 'node:24' }];
  await cluster.call('POST', PODS, { metadata: { name: 'two' }, spec: { containers: two } });
});
afterAll(async () => {
  await cluster[Symbol.asyncDispose]();
});

interface Ended {
  readonly protocol: string;
  /** What each channel carried. */
  readonly channels: Readonly<Record<number, string>>;
  readonly closeCode: number;
}

interface ExecOptions {
  readonly protocols?: readonly string[];
  /** What the client sends, frame by frame, once the streams are there. */
  readonly frames?: readonly (readonly [channel: number, content: Buffer])[];
  readonly pod?: string;
  readonly query?: Record<string, string>;
}

function open(command: readonly string[], options: ExecOptions = {}): WebSocket {
  const {
    protocols = ['v5.channel.k8s.io'],
    pod = 'web',
    query = { stdout: 'true', stderr: 'true' },
  } = options;
  const parameters = new URLSearchParams(query);
  for (const part of command) parameters.append('command', part);
  return new WebSocket(
    `${cluster.server.replace('https', 'wss')}${PODS}/${pod}/exec?${parameters}`,
    [...protocols],
    {
      ca: cluster.ca,
      headers: { authorization: `Bearer ${TOKEN}` },
    },
  );
}

function exec(command: readonly string[], options: ExecOptions = {}): Promise<Ended> {
  const socket = open(command, options);
  const channels: Record<number, string> = {};
  return new Promise((resolve, reject) => {
    socket.on('error', reject);
    socket.on('open', () => {
      for (const [channel, content] of options.frames ?? [])
        socket.send(Buffer.concat([Buffer.of(channel), content]));
    });
    socket.on('message', (data: Buffer) => {
      channels[data[0] ?? -1] = (channels[data[0] ?? -1] ?? '') + data.subarray(1).toString();
    });
    socket.on('close', (closeCode) => resolve({ protocol: socket.protocol, channels, closeCode }));
  });
}

/** The answer to a handshake that is refused. */
function refusal(command: readonly string[], options: ExecOptions = {}): Promise<unknown> {
  const socket = open(command, options);
  return new Promise((resolve, reject) => {
    socket.on('open', () => reject(new Error('it was not refused')));
    socket.on('error', () => {});
    socket.on('unexpected-response', (_request, response) => {
      let body = '';
      response.on('data', (chunk) => {
        body += chunk;
      });
      response.on('end', () => resolve({ code: response.statusCode, body: JSON.parse(body) }));
    });
  });
}

const STATUS = 3;
const SUCCESS = JSON.stringify({ metadata: {}, status: 'Success' });

describe('exec', () => {
  it.each(['v5.channel.k8s.io', 'v4.channel.k8s.io'])(
    'keeps output and errors apart and ends with a status (%s)',
    async (protocol) => {
      const ended = await exec(['sh', '-c', 'echo out; echo err >&2'], { protocols: [protocol] });
      expect(ended).toEqual({
        protocol,
        channels: { 1: 'out\n', 2: 'err\n', [STATUS]: SUCCESS },
        closeCode: 1000,
      });
    },
  );

  it('prefers v5, whatever the order', async () => {
    const protocols = ['v4.channel.k8s.io', 'channel.k8s.io', 'v5.channel.k8s.io'];
    expect((await exec(['true'], { protocols })).protocol).toBe('v5.channel.k8s.io');
  });

  it('tells the exit code', async () => {
    const { channels } = await exec(['sh', '-c', 'exit 7']);
    expect(JSON.parse(channels[STATUS] ?? '')).toEqual({
      metadata: {},
      status: 'Failure',
      message:
        'command terminated with non-zero exit code: error executing command [sh -c exit 7], exit code 7',
      reason: 'NonZeroExitCode',
      details: { causes: [{ reason: 'ExitCode', message: '7' }] },
    });
    const killed = await exec(['sh', '-c', 'kill -9 $$']);
    expect(JSON.parse(killed.channels[STATUS] ?? '').details.causes).toEqual([
      { reason: 'ExitCode', message: '137' },
    ]);
  });

  it('says that the server failed where the command could not be started', async () => {
    const { channels } = await exec(['/no/such/program']);
    expect(JSON.parse(channels[STATUS] ?? '')).toMatchObject({
      status: 'Failure',
      reason: 'InternalError',
      message: expect.stringContaining('ENOENT'),
    });
  });

  it('passes input on, and its end with v5', async () => {
    const ended = await exec(['cat'], {
      query: { stdin: 'true', stdout: 'true' },
      frames: [
        [0, Buffer.from('hello ')],
        [0, Buffer.from('you')],
        [4, Buffer.from('{"Width":80,"Height":24}')],
        [255, Buffer.of(0)],
      ],
    });
    expect(ended.channels).toEqual({ 1: 'hello you', [STATUS]: SUCCESS });
  });

  it('cannot be told of the end of the input with v4', async () => {
    const ended = await exec(['head', '-c', '5'], {
      protocols: ['v4.channel.k8s.io'],
      query: { stdin: 'true', stdout: 'true' },
      frames: [
        [255, Buffer.of(0)],
        [0, Buffer.from('hello')],
      ],
    });
    expect(ended.channels).toEqual({ 1: 'hello', [STATUS]: SUCCESS });
  });

  it('gives a command without input an end of input at once', async () => {
    expect((await exec(['cat'])).channels).toEqual({ 1: '', [STATUS]: SUCCESS });
  });

  it('keeps back what was not asked for', async () => {
    const ended = await exec(['sh', '-c', 'echo out; echo err >&2'], { query: { stderr: 'true' } });
    expect(ended.channels).toEqual({ 2: 'err\n', [STATUS]: SUCCESS });
  });

  it('carries much in both directions', async () => {
    const half = Buffer.alloc(1024 * 1024, 'x');
    const ended = await exec(['cat'], {
      query: { stdin: 'true', stdout: 'true' },
      frames: [...Array.from({ length: 8 }, () => [0, half] as const), [255, Buffer.of(0)]],
    });
    expect(ended.channels[1]).toHaveLength(8 * half.length);
  });

  it('does not take output faster than the client does', async () => {
    const file = join(await mkdtemp(join(tmpdir(), 'podreach-exec-test-')), 'count');
    const socket = open([
      'sh',
      '-c',
      `i=0; while :; do head -c 1000000 /dev/zero; i=$((i+1)); echo $i > ${file}; done`,
    ]);
    await new Promise((resolve) => socket.on('open', resolve));
    socket.pause();
    // The count stands still once every buffer on the way is full.
    let last = '';
    await expect
      .poll(
        async () => {
          const before = last;
          last = await readFile(file, 'utf8').catch(() => '');
          return last !== '' && last === before;
        },
        { timeout: 60_000, interval: 300 },
      )
      .toBe(true);
    expect(Number(last)).toBeLessThan(100);
    for (const process of cluster.runtime.processes()) process.kill('SIGKILL');
    socket.terminate();
    await rm(dirname(file), { recursive: true });
  });

  it('lets a command go on when the client leaves', async () => {
    const socket = open(['sh', '-c', 'echo started; sleep 0.3; exit 3']);
    await new Promise((resolve) => socket.on('message', (data: Buffer) => data.length > 1 && resolve(data)));
    // The newest: others may not have been noticed to be gone yet.
    const process = cluster.runtime.processes().at(-1);
    socket.terminate();
    await expect.poll(() => process?.exitCode, { timeout: 60_000 }).toBe(3);
  });

  it('runs many at once', async () => {
    const ended = await Promise.all(Array.from({ length: 50 }, (_, index) => exec(['echo', String(index)])));
    expect(ended.map(({ channels }) => channels[1])).toEqual(
      Array.from({ length: 50 }, (_, index) => `${index}\n`),
    );
  });
});

describe('exec is refused', () => {
  it.each<[string, string[], ExecOptions, number, string]>([
    ['in a pod that is not there', ['true'], { pod: 'nope' }, 404, 'pods "nope" not found'],
    [
      'in a container that is not there',
      ['true'],
      { query: { container: 'x', stdout: '1' } },
      400,
      'container x is not valid for pod web',
    ],
    [
      'where it is open which container',
      ['true'],
      { pod: 'two' },
      400,
      'a container name must be specified for pod two, choose one of: [c d]',
    ],
    ['without a command', [], {}, 400, 'you must specify a command for the container'],
    [
      'without streams',
      ['true'],
      { query: { stdout: 'false' } },
      400,
      'you must specify at least 1 of stdin, stdout, stderr',
    ],
    [
      'with a terminal',
      ['sh'],
      { query: { tty: 'true', stdin: 'true', stdout: 'true' } },
      400,
      'the sandbox has no terminals: run the command without one (kubectl exec without -t)',
    ],
    [
      'in a protocol that is not spoken',
      ['true'],
      { protocols: ['v3.channel.k8s.io'] },
      400,
      'unable to upgrade: exec needs one of the subprotocols v5.channel.k8s.io, v4.channel.k8s.io',
    ],
  ])('%s', async (_what, command, options, code, message) => {
    expect(await refusal(command, options)).toMatchObject({
      code,
      body: { kind: 'Status', status: 'Failure', code, message },
    });
  });

  it('in a pod that has no node, and in a container that has ended', async () => {
    await using slow = await startCluster(false);
    const send = (path: string, headers: Record<string, string>): Promise<string> =>
      new Promise((resolve) => {
        const { port } = new URL(slow.server);
        const socket = connect({ port: Number(port), ca: slow.ca, host: '127.0.0.1', servername: '' }, () => {
          const lines = Object.entries({ host: 'x', authorization: `Bearer ${TOKEN}`, ...headers }).map(
            ([name, value]) => `${name}: ${value}`,
          );
          socket.write([`GET ${path} HTTP/1.1`, ...lines, '', ''].join('\r\n'));
        });
        let answer = '';
        socket.on('data', (chunk) => {
          answer += chunk;
        });
        socket.on('close', () => resolve(answer));
      });
    const handshake = {
      connection: 'Upgrade',
      upgrade: 'websocket',
      'sec-websocket-version': '13',
      'sec-websocket-key': 'dGhlIHNhbXBsZSBub25jZQ==',
      'sec-websocket-protocol': 'v5.channel.k8s.io',
    };
    const spec = { containers: [{ name: 'c', image: 'x' }] };
    await slow.call('POST', PODS, { metadata: { name: 'unbound' }, spec });
    expect(await send(`${PODS}/unbound/exec?command=true&stdout=1`, handshake)).toMatch(
      /^HTTP\/1.1 400 BadRequest[\s\S]*pod unbound does not have a host assigned/,
    );
    await slow.call('POST', PODS, { metadata: { name: 'ended' }, spec: { ...spec, nodeName: 'node-a' } });
    expect(await send(`${PODS}/ended/exec?command=true&stdout=1`, handshake)).toMatch(
      /container c of pod ended is not running/,
    );
    // The token is asked for before anything else.
    expect(
      await send(`${PODS}/nope/exec?command=true&stdout=1`, { ...handshake, authorization: 'Bearer x' }),
    ).toMatch(/^HTTP\/1.1 401 Unauthorized[\s\S]*"code":401/);
    // kubectl's older protocol, and a handshake that is none.
    expect(
      await send(`${PODS}/ended/exec?command=true&stdout=1`, { connection: 'Upgrade', upgrade: 'SPDY/3.1' }),
    ).toMatch(/the sandbox speaks exec over WebSocket only, not SPDY\/3\.1/);
    expect(await send('/api/v1/pods?watch=true', handshake)).toMatch(
      /the sandbox upgrades connections for pods\/exec only/,
    );
  });

  it('over plain HTTP', async () => {
    expect(await cluster.call('GET', `${PODS}/web/exec?command=true&stdout=1`)).toMatchObject({
      code: 400,
      body: { message: 'Upgrade request required' },
    });
    expect(await cluster.call('POST', `${PODS}/nope/exec?command=true&stdout=1`)).toMatchObject({
      code: 404,
    });
    expect(await cluster.call('GET', `${PODS}/web/attach`)).toMatchObject({ code: 404 });
  });
});

describe('logs', () => {
  const print = (text: string): void => cluster.runtime.print({ podUid, container: 'c' }, text);

  it('are what the container has printed, or the end of it', async () => {
    expect(await cluster.call('GET', `${PODS}/web/log`)).toMatchObject({ code: 200, body: '' });
    print('one\ntwo\nthree\n');
    const log = async (query: string): Promise<string> =>
      (await cluster.call('GET', `${PODS}/web/log?${query}`)).body;
    expect(await log('')).toBe('one\ntwo\nthree\n');
    expect(await log('container=c&tailLines=2')).toBe('two\nthree\n');
    expect(await log('tailLines=0')).toBe('');
    expect(await log('tailLines=9')).toBe('one\ntwo\nthree\n');
    expect(await log('limitBytes=5')).toBe('one\nt');
    print('four');
    expect(await log('tailLines=2')).toBe('three\nfour');
  });

  it('are followed until the container ends', async () => {
    const { body } = await cluster.call('POST', PODS, {
      metadata: { name: 'chatty' },
      spec: { containers: [{ name: 'c', image: 'x' }] },
    });
    const address = { podUid: body.metadata.uid, container: 'c' };
    cluster.runtime.print(address, 'one\ntwo\n');
    const followed = cluster.call('GET', `${PODS}/chatty/log?follow=true&tailLines=1`);
    await expect.poll(() => cluster.runtime.followers(address), { timeout: 60_000 }).toBe(1);
    cluster.runtime.print(address, 'three\n');
    cluster.runtime.end(address);
    expect((await followed).body).toBe('two\nthree\n');
    await expect.poll(() => cluster.runtime.followers(address), { timeout: 60_000 }).toBe(0);
  });

  it.each([
    ['nope/log', 404, 'pods "nope" not found'],
    ['web/log?container=x', 400, 'container x is not valid for pod web'],
    ['two/log', 400, 'a container name must be specified for pod two, choose one of: [c d]'],
    ['web/log?previous=true', 400, 'previous terminated container "c" in pod "web" not found'],
    ['web/log?tailLines=-1', 400, 'invalid value for tailLines: "-1"'],
    [
      'web/log?timestamps=true',
      400,
      'the sandbox keeps the output of containers without times and as one stream: timestamps is not supported',
    ],
    [
      'web/log?sinceSeconds=5',
      400,
      'the sandbox keeps the output of containers without times and as one stream: sinceSeconds is not supported',
    ],
  ])('of %s are refused', async (path, code, message) => {
    expect(await cluster.call('GET', `${PODS}/${path}`)).toMatchObject({ code, body: { message } });
  });

  it('of a container that has not started are not there', async () => {
    await using slow = await startCluster(false);
    await slow.call('POST', PODS, {
      metadata: { name: 'web' },
      spec: { containers: [{ name: 'c', image: 'x' }] },
    });
    expect(await slow.call('GET', `${PODS}/web/log`)).toMatchObject({
      code: 400,
      body: { message: 'container "c" in pod "web" is waiting to start: ContainerCreating' },
    });
  });
});
