import type { Duplex } from 'node:stream';
import { describe, expect, test } from 'vitest';
import type { WebSocket } from 'ws';
import { type Access, readAccess } from '../../src/kube/access.ts';
import { type ExecLimits, Session } from '../../src/kube/exec.ts';
import type { ExecRequest, ExecResult } from '../../src/kube/kube.ts';
import { runCommand } from '../support/run-command.ts';
import { ApiServer, type Behaviour, frame, kubeconfigOf, status, TOKEN } from './api-server.ts';

const REQUEST: ExecRequest & { stdin: string; answerMs: number } = {
  namespace: 'shop',
  pod: 'web',
  container: 'probe',
  command: ['node', '/tmp/a b.mjs', 'probe'],
  stdin: 'the batch\n',
  answerMs: 5_000,
};
/** Where a test is about one of them, it says so: on a busy machine an answer takes its time. */
const LIMITS: ExecLimits = {
  handshakeMs: 60_000,
  silenceMs: 60_000,
  closeMs: 200,
  outputBytes: 1_000,
};
const SUCCESS = { metadata: {}, status: 'Success' };

function runOn(access: Access, request: typeof REQUEST, limits: ExecLimits): Promise<ExecResult> {
  return runCommand({ exec: (command) => new Session(access, command, limits) }, request);
}

async function execOn(
  behaviour: Behaviour,
  request: Partial<typeof REQUEST> = {},
  limits: Partial<ExecLimits> = {},
): Promise<ExecResult> {
  await using server = await ApiServer.start(behaviour);
  const access = await readAccess(server.kubeconfig, 5_000);
  const result = await runOn(access, { ...REQUEST, ...request }, { ...LIMITS, ...limits });
  access.close();
  return JSON.parse(JSON.stringify(result).replaceAll(server.address, 'SERVER'));
}

function broken(reason: string, stdout = '', stderr = '', mayHeal = true): ExecResult {
  return { kind: 'broken', reason, mayHeal, stdout, stderr };
}

function play(...steps: ((socket: WebSocket) => void)[]): Behaviour {
  return {
    exec: (socket) => {
      for (const step of steps) step(socket);
    },
  };
}
const send =
  (channel: number, data: string | object) =>
  (socket: WebSocket): void =>
    socket.send(frame(channel, data));

/** Both ends take frames one after the other: whoever has answered a ping has seen, and sent, what came before it. */
function afterAllRead(socket: WebSocket, then: (socket: WebSocket) => void): void {
  socket.once('pong', () => then(socket)).ping();
}

function failure(cause?: string, message = 'command terminated with non-zero exit code'): object {
  const causes = cause === undefined ? [] : [{ reason: 'ExitCode', message: cause }];
  return {
    metadata: {},
    status: 'Failure',
    message,
    reason: 'NonZeroExitCode',
    details: { causes },
  };
}

describe('an exec', () => {
  test('asks for the command with the credentials, and sends the input', async () => {
    const frames: string[] = [];
    let asked: string[] = [];
    const result = await execOn({
      exec: (socket, { url = '', headers }) => {
        asked = [url, String(headers.authorization), String(headers['sec-websocket-protocol'])];
        socket.on('message', (data: Buffer) => {
          frames.push(data.toString('latin1'));
          for (const step of [send(1, 'out'), send(2, 'err'), send(3, SUCCESS)]) step(socket);
        });
      },
    });
    expect(asked).toEqual([
      '/api/v1/namespaces/shop/pods/web/exec?container=probe&command=node&command=%2Ftmp%2Fa+b.mjs&command=probe' +
        '&stdin=true&stdout=true&stderr=true',
      `Bearer ${TOKEN}`,
      'v5.channel.k8s.io,v4.channel.k8s.io',
    ]);
    expect(frames).toEqual(['\x00the batch\n']);
    expect(result).toEqual({ kind: 'exited', exitCode: 0, stdout: 'out', stderr: 'err' });
  });

  test('works with a server that speaks only v4', async () => {
    const frames: string[] = [];
    const result = await execOn({
      protocols: ['v4.channel.k8s.io'],
      exec: (socket) => {
        socket.on('message', (data: Buffer) => {
          frames.push(data.toString('latin1'));
          afterAllRead(socket, send(3, SUCCESS));
        });
      },
    });
    expect(frames).toEqual(['\x00the batch\n']);
    expect(result).toMatchObject({ kind: 'exited', exitCode: 0 });
  });

  test('gives the exit code of the command', async () => {
    expect(await execOn(play(send(2, 'bad input\n'), send(3, failure('2'))))).toEqual({
      kind: 'exited',
      exitCode: 2,
      stdout: '',
      stderr: 'bad input\n',
    });
  });

  test('puts output together from its frames, also inside a character, and until the server closes', async () => {
    const [first, second] = [Buffer.from('grün').subarray(0, 3), Buffer.from('grün').subarray(3)];
    const result = await execOn(
      play(
        send(1, ''),
        (socket) => socket.send(Buffer.concat([Buffer.of(1), first])),
        (socket) => socket.send(Buffer.concat([Buffer.of(1), second])),
        send(3, SUCCESS),
        send(1, ' und mehr'),
        (socket) => socket.close(),
      ),
    );
    expect(result).toEqual({ kind: 'exited', exitCode: 0, stdout: 'grün und mehr', stderr: '' });
  });

  test('needs no close of the server once the status is there', async () => {
    const result = await execOn({
      exec: (socket) => {
        send(3, SUCCESS)(socket);
        socket.pause(); // so that it does not answer the close
      },
    });
    expect(result).toMatchObject({ kind: 'exited', exitCode: 0 });
  });

  test('takes frames that close a channel, and frames of channels that it does not know', async () => {
    const result = await execOn(
      play(
        send(1, 'a'),
        send(255, '\x01'),
        send(255, '\x02'),
        send(4, 'size'),
        send(77, '?'),
        send(3, SUCCESS),
      ),
    );
    expect(result).toEqual({ kind: 'exited', exitCode: 0, stdout: 'a', stderr: '' });
  });

  test('outlives long silence where the server answers pings', async () => {
    const answer = (socket: WebSocket) => setTimeout(() => send(3, SUCCESS)(socket), 2_500);
    const result = await execOn({ exec: answer }, {}, { silenceMs: 1_000 });
    expect(result).toMatchObject({ kind: 'exited', exitCode: 0 });
  });
});

describe('a broken exec', () => {
  const output = 'half of the outp';

  test.each([
    [
      'closed without a status',
      (socket: WebSocket) => socket.close(1000),
      'the stream was closed without a status (WebSocket code 1000)',
    ],
    [
      'cut off',
      (socket: WebSocket) => socket.terminate(),
      'the stream was closed without a status (WebSocket code 1006)',
    ],
  ])('is one that was %s; its output is kept, and proves nothing', async (_, end, reason) => {
    const result = await execOn({
      exec: (socket) => {
        send(1, output)(socket);
        afterAllRead(socket, end);
      },
    });
    expect(result).toEqual(broken(reason, output));
  });

  test('is one whose status breaks off', async () => {
    const half = JSON.stringify(SUCCESS).slice(0, 20);
    expect(await execOn(play(send(3, half), (socket) => socket.close()))).toEqual(
      broken('the stream was closed without a status (WebSocket code 1005)'),
    );
  });

  test('is one whose status is a failure of the server', async () => {
    expect(await execOn(play(send(3, failure(undefined, 'container not found ("probe")'))))).toEqual(
      broken('the exec failed: container not found ("probe")'),
    );
    expect(await execOn(play(send(3, failure('many'))))).toMatchObject({ kind: 'broken' });
  });

  test('is one that stalls midway, although pings are answered', async () => {
    expect(await execOn(play(send(1, output)), { answerMs: 500 })).toEqual(
      broken('no answer within 0.5 s', output),
    );
  });

  test('is one whose server goes silent', async () => {
    const exec = (socket: WebSocket) => {
      send(1, output)(socket);
      socket.pause(); // pings are no longer read
    };
    const result = await execOn({ exec }, {}, { silenceMs: 300 });
    expect(result).toEqual(broken('the stream was silent for 0.3 s', output));
  });

  test('is one whose handshake nobody answers', async () => {
    expect(await execOn({ upgrade: () => {} }, {}, { handshakeMs: 200 })).toEqual(
      broken('no answer to the handshake within 0.2 s'),
    );
  });

  test('is one whose handshake is cut', async () => {
    expect(await execOn({ upgrade: (socket) => socket.destroy() })).toEqual(
      broken('the connection was cut by SERVER (ECONNRESET)'),
    );
  });

  const answer = (code: number, text: string, body: string) => (socket: Duplex) => {
    socket.end(
      `HTTP/1.1 ${code} ${text}\r\nContent-Length: ${body.length}\r\nConnection: close\r\n\r\n${body}`,
    );
  };
  test.each([
    [403, 'Forbidden', 'pods "web" is forbidden: User "jane" cannot create resource "pods/exec"'],
    [404, 'NotFound', 'pods "web" not found'],
    [500, 'InternalError', 'error dialing backend: dial tcp 10.0.0.4:10250: i/o timeout'],
  ])('is one that the server refuses with %i, in its own words', async (code, reason, message) => {
    const names: Record<number, string> = {
      403: 'Forbidden',
      404: 'Not Found',
      500: 'Internal Server Error',
    };
    const body = JSON.stringify(status(code, reason, message).body);
    expect(await execOn({ upgrade: answer(code, reason, body) })).toEqual(
      broken(`the exec was refused: ${message} (${code} ${names[code]})`, '', '', code === 500),
    );
  });

  test('is one that something else than an API server refuses', async () => {
    expect(await execOn({ upgrade: answer(502, 'Bad Gateway', '<html></html>') })).toEqual(
      broken('the exec was refused: the API server answered 502 Bad Gateway'),
    );
  });

  test('is one whose server speaks none of the protocols', async () => {
    expect(await execOn({ ...play(), protocols: ['channel.k8s.io'] })).toEqual(
      broken('talking to SERVER failed: Server sent no subprotocol'),
    );
  });

  test('is one that prints without end', async () => {
    const result = await execOn(play(send(1, 'x'.repeat(600)), send(2, 'y'.repeat(600)), send(3, SUCCESS)));
    expect(result).toMatchObject({ kind: 'broken', reason: 'more than 1000 bytes of output' });
  });

  test('is one without a server', async () => {
    const access = await readAccess(kubeconfigOf({ server: 'https://127.0.0.1:1' }), 5_000);
    expect(await runOn(access, REQUEST, LIMITS)).toEqual(
      broken('no API server answers at https://127.0.0.1:1 (ECONNREFUSED)'),
    );
  });

  test('is one without credentials', async () => {
    const config = JSON.parse(kubeconfigOf({ server: 'https://127.0.0.1:1' }));
    config.users[0].user = {
      exec: { apiVersion: 'client.authentication.k8s.io/v1', command: '/no/such/program' },
    };
    const result = await runOn(await readAccess(JSON.stringify(config), 5_000), REQUEST, LIMITS);
    expect(result).toMatchObject({ kind: 'broken' });
    expect(result.kind === 'broken' && result.reason).toMatch(
      /^the credentials of context "test" cannot be used: /,
    );
  });

  test('is one that is aborted, at any time', async () => {
    const running = new AbortController();
    const abort = (socket: WebSocket): void => afterAllRead(socket, () => running.abort());
    expect(await execOn(play(send(1, output), abort), { signal: running.signal })).toEqual(
      broken('interrupted', output, '', false),
    );
    expect(await execOn(play(send(3, SUCCESS)), { signal: AbortSignal.abort() })).toEqual(
      broken('interrupted', '', '', false),
    );
    const connecting = new AbortController();
    expect(await execOn({ upgrade: () => connecting.abort() }, { signal: connecting.signal })).toEqual(
      broken('interrupted', '', '', false),
    );
  });
});

describe('a session', () => {
  const isLast = (line: string): boolean => line === 'end';
  const question = (input: string) => ({ input, isLast, answerMs: 5_000 });

  /** A command that answers each question with what a test says. */
  async function talk(
    answer: (input: string, socket: WebSocket) => void,
    then: (session: Session) => Promise<void>,
    limits: Partial<ExecLimits> = {},
  ): Promise<number> {
    let handshakes = 0;
    await using server = await ApiServer.start({
      exec: (socket) => {
        handshakes += 1;
        socket.on('message', (data: Buffer) => answer(data.subarray(1).toString(), socket));
      },
    });
    const access = await readAccess(server.kubeconfig, 5_000);
    await then(new Session(access, REQUEST, { ...LIMITS, ...limits }));
    access.close();
    return handshakes;
  }

  test('answers one question after another on one stream, up to the last line of each', async () => {
    const handshakes = await talk(
      (input, socket) => {
        for (const part of [`${input}: half a `, 'line\nend of', ' it\n', 'end\n']) send(1, part)(socket);
      },
      async (session) => {
        for (const input of ['one', 'two']) {
          expect(await session.ask(question(input))).toEqual({
            kind: 'answered',
            stdout: `${input}: half a line\nend of it\nend\n`,
          });
          expect(session.isOpen).toBe(true);
        }
      },
    );
    expect(handshakes).toBe(1);
  });

  test('tells the bound of output for each answer', async () => {
    await talk(
      (_, socket) => send(1, `${'x'.repeat(600)}\nend\n`)(socket),
      async (session) => {
        for (const input of ['one', 'two', 'three'])
          expect(await session.ask(question(input))).toMatchObject({ kind: 'answered' });
      },
    );
  });

  test.each<[string, (socket: WebSocket) => void, ExecResult, Partial<ExecLimits>?]>([
    [
      'is cut',
      (socket) => socket.terminate(),
      broken('the stream was closed without a status (WebSocket code 1006)'),
    ],
    [
      'goes silent',
      (socket) => socket.pause(),
      broken('the stream was silent for 1 s'),
      { silenceMs: 1_000 },
    ],
    ['ends', send(3, failure('3')), { kind: 'exited', exitCode: 3, stdout: '', stderr: '' }],
  ])(
    'that %s after an answer is over, and says why when it is asked again',
    async (_, end, ending, limits) => {
      await talk(
        (_input, socket) => {
          send(1, 'end\n')(socket);
          afterAllRead(socket, end);
        },
        async (session) => {
          expect(await session.ask(question('one'))).toMatchObject({ kind: 'answered' });
          await expect.poll(() => session.isOpen, { timeout: 60_000 }).toBe(false);
          expect(await session.ask(question('two'))).toEqual(ending);
        },
        limits,
      );
    },
  );

  test('that loses the last line of an answer is over after the time of the question', async () => {
    await talk(
      (_, socket) => send(1, 'a line\n')(socket),
      async (session) => {
        const result = await session.ask({ ...question('one'), answerMs: 300 });
        expect(result).toEqual(broken('no answer within 0.3 s', 'a line\n'));
        expect(session.isOpen).toBe(false);
      },
    );
  });

  test('that is closed answers nothing', async () => {
    await talk(
      (_, socket) => send(1, 'end\n')(socket),
      async (session) => {
        await session.ask(question('one'));
        session.close();
        expect(session.isOpen).toBe(false);
        expect(await session.ask(question('two'))).toEqual(broken('closed', '', '', false));
      },
    );
  });
});
