/**
 * Runs a command in a container over a WebSocket. The protocol ends with a `Status` on channel 3; a stream that ends without
 * one has proven nothing, however it ended.
 */
import { text } from 'node:stream/consumers';
import { WebSocket } from 'ws';
import { messageOf } from '../errors.ts';
import type { Access } from './access.ts';
import { retryAfterMs } from './backoff.ts';
import { describeAnswer, describeFailure, isTransient, parseStreamStatus, type Status } from './errors.ts';
import type { ExecRequest, ExecResult } from './kube.ts';

/** v5 can close standard input; every server since Kubernetes 1.4 speaks v4. */
const V5 = 'v5.channel.k8s.io';
const V4 = 'v4.channel.k8s.io';

const STDIN = 0;
const STDOUT = 1;
const STDERR = 2;
const STATUS = 3;
const CLOSE = 255;

export interface ExecLimits {
  /** From connecting to the answer to the handshake. */
  readonly handshakeMs: number;
  /**
   * With nothing heard for so long, not even an answer to one of the pings, the stream is dead. The pings keep load balancers from
   * cutting a quiet stream.
   */
  readonly silenceMs: number;
  /** After the status, the server closes; it need not. */
  readonly closeMs: number;
  /** Of both outputs together. */
  readonly outputBytes: number;
}

/** Pings sent before silence counts as death. */
const PINGS = 4;

/** What does not depend on the way to the server. */
export const EXEC_LIMITS: Pick<ExecLimits, 'closeMs' | 'outputBytes'> = {
  closeMs: 1_000,
  outputBytes: 16 * 1024 * 1024,
};

const INTERRUPTED = 'interrupted';

type Broken = Omit<Extract<ExecResult, { kind: 'broken' }>, 'stdout' | 'stderr'>;
type Ending = { readonly kind: 'exited'; readonly exitCode: number } | Broken;

/** What an exec ended with, and whether the server did not know who asked. */
type Answered = ExecResult & { readonly isUnauthorized: boolean };

/** Runs a command and collects its output. Never rejects: see {@link ExecResult}. */
export async function exec(access: Access, request: ExecRequest, limits: ExecLimits): Promise<ExecResult> {
  const { generation } = access;
  const first = await execOnce(access, request, limits);
  if (!first.isUnauthorized) return resultOf(first);
  // Nothing was run: the credentials may have run out since they were read.
  access.renew(generation);
  return resultOf(await execOnce(access, request, limits));
}

async function execOnce(access: Access, request: ExecRequest, limits: ExecLimits): Promise<Answered> {
  try {
    const options = await access.alone(request.signal);
    const socket = new WebSocket(execUrl(access.server, request), [V5, V4], {
      ...options,
      perMessageDeflate: false,
      maxPayload: limits.outputBytes,
    });
    return await new Promise((resolve) => new Stream(socket, access.place, request, limits, resolve));
  } catch (thrown) {
    return {
      kind: 'broken',
      reason: request.signal?.aborted ? INTERRUPTED : messageOf(thrown),
      mayHeal: false,
      stdout: '',
      stderr: '',
      isUnauthorized: false,
    };
  }
}

function resultOf({ isUnauthorized: _, ...result }: Answered): ExecResult {
  return result;
}

function execUrl(server: string, { namespace, pod, container, command, stdin }: ExecRequest): URL {
  const url = new URL(
    `${server}/api/v1/namespaces/${encodeURIComponent(namespace)}/pods/${encodeURIComponent(pod)}/exec`,
  );
  url.protocol = url.protocol === 'http:' ? 'ws:' : 'wss:';
  url.searchParams.append('container', container);
  for (const word of command) url.searchParams.append('command', word);
  url.searchParams.append('stdin', String(stdin !== undefined));
  url.searchParams.append('stdout', 'true');
  url.searchParams.append('stderr', 'true');
  return url;
}

/** One running exec: what it has heard so far, and everything that may end it. */
class Stream {
  readonly #socket: WebSocket;
  readonly #request: ExecRequest;
  readonly #limits: ExecLimits;
  readonly #resolve: (result: Answered) => void;
  readonly #output: { readonly [STDOUT]: Buffer[]; readonly [STDERR]: Buffer[] } = {
    [STDOUT]: [],
    [STDERR]: [],
  };
  readonly #timers: NodeJS.Timeout[] = [];
  #bytes = 0;
  #statusText = '';
  /** What the status says; nothing that happens after it changes that. */
  #decided: Ending | undefined;
  #isUnauthorized = false;
  #heardAt = performance.now();

  constructor(
    socket: WebSocket,
    server: string,
    request: ExecRequest,
    limits: ExecLimits,
    resolve: (result: Answered) => void,
  ) {
    this.#socket = socket;
    this.#request = request;
    this.#limits = limits;
    this.#resolve = resolve;

    const handshake = this.#breakAfter(limits.handshakeMs, 'no answer to the handshake');
    this.#breakAfter(request.timeoutMs, 'no status');
    socket.on('open', () => {
      clearTimeout(handshake);
      this.#onOpen();
    });
    socket.on('unexpected-response', (_, response) => {
      clearTimeout(handshake);
      const { statusCode = 0 } = response;
      this.#isUnauthorized = statusCode === 401;
      const askedMs = retryAfterMs(response.headers);
      const refuse = (words: string): void =>
        this.#break(words, {
          mayHeal: statusCode === 429 || statusCode >= 500,
          ...(askedMs === undefined ? {} : { retryAfterMs: askedMs }),
        });
      text(response).then(
        (body) => refuse(`the exec was refused: ${describeAnswer(statusCode, body)}`),
        (thrown) => refuse(`the exec was refused with ${statusCode}; ${describeFailure(thrown, server)}`),
      );
    });
    socket.on('message', (data) => {
      this.#hear();
      if (Buffer.isBuffer(data)) this.#onFrame(data);
    });
    socket.on('pong', () => this.#hear());
    socket.on('error', (thrown) =>
      this.#break(describeFailure(thrown, server), { mayHeal: isTransient(thrown) }),
    );
    socket.on('close', (code) =>
      this.#break(`the stream was closed without a status (WebSocket code ${code})`),
    );
    request.signal?.addEventListener('abort', this.#onAbort);
    if (request.signal?.aborted) this.#onAbort();
  }

  readonly #onAbort = (): void => this.#break(INTERRUPTED, { mayHeal: false });

  #onOpen(): void {
    this.#hear();
    const { stdin } = this.#request;
    if (stdin !== undefined) {
      this.#socket.send(Buffer.concat([Buffer.of(STDIN), Buffer.from(stdin)]));
      if (this.#socket.protocol === V5) this.#socket.send(Buffer.of(CLOSE, STDIN));
    }
    const { silenceMs } = this.#limits;
    const pings = setInterval(() => {
      if (performance.now() - this.#heardAt > silenceMs) {
        this.#break(`the stream was silent for ${silenceMs / 1000} s`);
      } else if (this.#socket.readyState === WebSocket.OPEN) {
        this.#socket.ping();
      }
    }, silenceMs / PINGS);
    this.#timers.push(pings);
  }

  /** A frame is a channel number and data. Frames of other channels (255 closes one) say nothing that the status does not. */
  #onFrame(frame: Buffer): void {
    const channel = frame[0];
    const data = frame.subarray(1);
    if (channel === STDOUT || channel === STDERR) {
      this.#output[channel].push(data);
      this.#bytes += data.length;
      if (this.#bytes > this.#limits.outputBytes) {
        this.#break(`more than ${this.#limits.outputBytes} bytes of output`, { mayHeal: false });
      }
    } else if (channel === STATUS) {
      this.#statusText += data.toString('utf8');
      const status = parseStreamStatus(this.#statusText);
      if (status !== undefined) this.#onStatus(status);
    }
  }

  /** What the status decides is told once the server has closed, so that no output on its way is lost. */
  #onStatus(status: Status): void {
    const decided = endingOf(status);
    this.#decided = decided;
    this.#socket.close();
    this.#timers.push(setTimeout(() => this.#finish(decided), this.#limits.closeMs));
  }

  #hear(): void {
    this.#heardAt = performance.now();
  }

  #breakAfter(ms: number, what: string): NodeJS.Timeout {
    const timer = setTimeout(() => this.#break(`${what} within ${ms / 1000} s`), ms);
    this.#timers.push(timer);
    return timer;
  }

  #break(reason: string, prospect: Pick<Broken, 'mayHeal' | 'retryAfterMs'> = { mayHeal: true }): void {
    this.#finish(this.#decided ?? { kind: 'broken', reason, ...prospect });
  }

  #finish(ending: Ending): void {
    for (const timer of this.#timers) clearTimeout(timer);
    this.#request.signal?.removeEventListener('abort', this.#onAbort);
    this.#socket.terminate();
    this.#resolve({
      ...ending,
      stdout: Buffer.concat(this.#output[STDOUT]).toString('utf8'),
      stderr: Buffer.concat(this.#output[STDERR]).toString('utf8'),
      isUnauthorized: this.#isUnauthorized,
    });
  }
}

/** A failure without an exit code is one of the server, not of the command. */
function endingOf(status: Status): Ending {
  if (status.status === 'Success') return { kind: 'exited', exitCode: 0 };
  const cause = status.details?.causes?.find(({ reason }) => reason === 'ExitCode')?.message ?? '';
  return /^\d+$/.test(cause)
    ? { kind: 'exited', exitCode: Number(cause) }
    : {
        kind: 'broken',
        reason: `the exec failed: ${status.message ?? status.reason ?? 'without a reason'}`,
        mayHeal: true,
      };
}
