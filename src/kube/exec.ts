/**
 * Runs a command in a container over a WebSocket, and talks with it. The protocol ends with a `Status` on channel 3; a stream that
 * ends without one, and without the answer that was asked for, has proven nothing, however it ended.
 */
import { text } from 'node:stream/consumers';
import { WebSocket } from 'ws';
import { messageOf } from '../errors.ts';
import type { Access } from './access.ts';
import { retryAfterMs } from './backoff.ts';
import {
  describeAnswer,
  describeFailure,
  type ErrorStatus,
  isTransient,
  parseStreamStatus,
} from './errors.ts';
import type { ExecQuestion, ExecRequest, ExecResult, ExecSession } from './kube.ts';

/** v5 differs in what is not used here: every server since Kubernetes 1.4 speaks v4. */
const PROTOCOLS = ['v5.channel.k8s.io', 'v4.channel.k8s.io'];

const STDIN = 0;
const STDOUT = 1;
const STDERR = 2;
const STATUS = 3;

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
  /** Of both outputs together, for one answer. */
  readonly outputBytes: number;
}

/** Pings sent before silence counts as death. */
const PINGS = 4;
const NEWLINE = 0x0a;

/** What does not depend on the way to the server. */
export const EXEC_LIMITS: Pick<ExecLimits, 'closeMs' | 'outputBytes'> = {
  closeMs: 1_000,
  outputBytes: 16 * 1024 * 1024,
};

const INTERRUPTED = 'interrupted';

type Broken = Omit<Extract<ExecResult, { kind: 'broken' }>, 'stdout' | 'stderr'>;
type ExecEnding = { readonly kind: 'exited'; readonly exitCode: number } | Broken;

/** A stream of its own for each session; a second one where the server did not know who asked. */
export class Session implements ExecSession {
  readonly #access: Access;
  readonly #request: ExecRequest;
  readonly #limits: ExecLimits;
  #stream: Stream | undefined;

  constructor(access: Access, request: ExecRequest, limits: ExecLimits) {
    this.#access = access;
    this.#request = request;
    this.#limits = limits;
  }

  get isOpen(): boolean {
    return this.#stream?.isOpen ?? true;
  }

  async ask(question: ExecQuestion): Promise<ExecResult> {
    try {
      if (this.#stream !== undefined) return await this.#stream.ask(question);
      const { generation } = this.#access;
      this.#stream = await this.#connect();
      const result = await this.#stream.ask(question);
      if (!this.#stream.isUnauthorized) return result;
      // Nothing was run: the credentials may have run out since they were read.
      this.#access.renew(generation);
      this.#stream = await this.#connect();
      return await this.#stream.ask(question);
    } catch (thrown) {
      const reason = this.#request.signal?.aborted ? INTERRUPTED : messageOf(thrown);
      return { kind: 'broken', reason, mayHeal: false, stdout: '', stderr: '' };
    }
  }

  close(): void {
    this.#stream?.close();
  }

  async #connect(): Promise<Stream> {
    const options = await this.#access.alone(this.#request.signal);
    const socket = new WebSocket(execUrl(this.#access.server, this.#request), PROTOCOLS, {
      ...options,
      perMessageDeflate: false,
      maxPayload: this.#limits.outputBytes,
    });
    return new Stream(socket, this.#access.place, this.#limits, this.#request.signal);
  }
}

function execUrl(server: string, { namespace, pod, container, command }: ExecRequest): URL {
  const url = new URL(
    `${server}/api/v1/namespaces/${encodeURIComponent(namespace)}/pods/${encodeURIComponent(pod)}/exec`,
  );
  url.protocol = url.protocol === 'http:' ? 'ws:' : 'wss:';
  url.searchParams.append('container', container);
  for (const word of command) url.searchParams.append('command', word);
  for (const stream of ['stdin', 'stdout', 'stderr']) url.searchParams.append(stream, 'true');
  return url;
}

interface OpenQuestion extends Pick<ExecQuestion, 'isLast'> {
  readonly resolve: (result: ExecResult) => void;
  readonly timer: NodeJS.Timeout;
}

/** One running exec: what it has printed since it was asked last, and everything that may end it. */
class Stream {
  readonly #socket: WebSocket;
  readonly #limits: ExecLimits;
  readonly #signal: AbortSignal | undefined;
  readonly #timers: NodeJS.Timeout[] = [];
  #output: { readonly [STDOUT]: Buffer[]; readonly [STDERR]: Buffer[] } = { [STDOUT]: [], [STDERR]: [] };
  #bytes = 0;
  #statusText = '';
  /** What the status says; nothing that happens after it changes that. */
  #decided: ExecEnding | undefined;
  #ending: ExecEnding | undefined;
  #question: OpenQuestion | undefined;
  /** Written before the handshake was answered. */
  #unsent: string | undefined;
  #isUnauthorized = false;
  #heardAt = performance.now();

  constructor(socket: WebSocket, server: string, limits: ExecLimits, signal: AbortSignal | undefined) {
    this.#socket = socket;
    this.#limits = limits;
    this.#signal = signal;

    const handshake = this.#breakAfter(limits.handshakeMs, 'no answer to the handshake');
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
    signal?.addEventListener('abort', this.#onAbort);
    if (signal?.aborted) this.#onAbort();
  }

  /** @see ExecSession.isOpen */
  get isOpen(): boolean {
    return this.#ending === undefined && this.#decided === undefined;
  }

  /** The server did not know who asked, and has run nothing. */
  get isUnauthorized(): boolean {
    return this.#isUnauthorized;
  }

  ask({ input, isLast, answerMs }: ExecQuestion): Promise<ExecResult> {
    return new Promise((resolve) => {
      const timer = setTimeout(() => this.#break(`no answer within ${answerMs / 1000} s`), answerMs);
      this.#question = { isLast, resolve, timer };
      if (this.#ending !== undefined) this.#tellEnd(this.#ending);
      else if (this.#socket.readyState === WebSocket.CONNECTING) this.#unsent = input;
      else this.#write(input);
    });
  }

  close(): void {
    this.#break('closed', { mayHeal: false });
  }

  readonly #onAbort = (): void => this.#break(INTERRUPTED, { mayHeal: false });

  #onOpen(): void {
    this.#hear();
    if (this.#unsent !== undefined) this.#write(this.#unsent);
    this.#unsent = undefined;
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

  #write(input: string): void {
    this.#socket.send(Buffer.concat([Buffer.of(STDIN), Buffer.from(input)]));
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
      } else if (channel === STDOUT && data.at(-1) === NEWLINE) {
        this.#onLine();
      }
    } else if (channel === STATUS) {
      this.#statusText += data.toString('utf8');
      const status = parseStreamStatus(this.#statusText);
      if (status !== undefined) this.#onStatus(status);
    }
  }

  /** What comes unasked stays in the way of the next answer, and breaks that. */
  #onLine(): void {
    const { stdout } = this.#printed();
    const lastLine = stdout.slice(stdout.lastIndexOf('\n', stdout.length - 2) + 1, -1);
    if (this.#question?.isLast(lastLine) !== true) return;
    this.#output = { [STDOUT]: [], [STDERR]: [] };
    this.#bytes = 0;
    this.#resolve({ kind: 'answered', stdout });
  }

  /** What the status decides is told once the server has closed, so that no output on its way is lost. */
  #onStatus(status: ErrorStatus): void {
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

  #finish(ending: ExecEnding): void {
    if (this.#ending !== undefined) return;
    this.#ending = ending;
    for (const timer of this.#timers) clearTimeout(timer);
    this.#signal?.removeEventListener('abort', this.#onAbort);
    this.#socket.terminate();
    this.#tellEnd(ending);
  }

  #tellEnd(ending: ExecEnding): void {
    this.#resolve({ ...ending, ...this.#printed() });
  }

  #resolve(result: ExecResult): void {
    clearTimeout(this.#question?.timer);
    this.#question?.resolve(result);
    this.#question = undefined;
  }

  #printed(): { readonly stdout: string; readonly stderr: string } {
    return {
      stdout: Buffer.concat(this.#output[STDOUT]).toString('utf8'),
      stderr: Buffer.concat(this.#output[STDERR]).toString('utf8'),
    };
  }
}

/** A failure without an exit code is one of the server, not of the command. */
function endingOf(status: ErrorStatus): ExecEnding {
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
