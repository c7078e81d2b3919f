/** One visit of a probe: a connection, and for HTTP one request on it. */
import { connect, type Socket } from 'node:net';
import { malformed, statusOf } from './response.ts';
import type { ProbeTarget } from './target.ts';

/** The reason is in the words of a kubelet. */
export type VisitOutcome =
  | { readonly kind: 'success' }
  | { readonly kind: 'failure'; readonly reason: string };

/** A kubelet reads no more of a response. */
const RESPONSE_LIMIT_BYTES = 10 * 1024;

/** What Go says of connections that do not come about. */
const DIAL_ERRORS: Readonly<Record<string, string>> = {
  ECONNREFUSED: 'connect: connection refused',
  EHOSTUNREACH: 'connect: no route to host',
  ENETUNREACH: 'connect: network is unreachable',
  ETIMEDOUT: 'connect: connection timed out',
};

/**
 * Visits a target once, over a connection of its own.
 * @param tell called once, unless the visit is given up before
 * @returns a function that gives it up
 */
export function visit(target: ProbeTarget, tell: (outcome: VisitOutcome) => void): () => void {
  const { host, port, handler } = target;
  const socket = connect({ host, port });
  let isTold = false;
  const settle = (outcome: VisitOutcome): void => {
    if (isTold) return;
    isTold = true;
    tell(outcome);
  };
  const fail = (why: string): void =>
    settle({ kind: 'failure', reason: handler.kind === 'httpGet' ? `Get "${handler.url}": ${why}` : why });
  const deadline = setTimeout(() => {
    // What has come in while the machine was busy goes before the timer.
    setImmediate(() => {
      fail(lateness(target));
      socket.destroy();
    });
  }, target.timeoutMs);
  socket.on('error', (error) => fail(wordsOf(error, target)));
  socket.on('close', () => clearTimeout(deadline));
  if (handler.kind === 'httpGet') {
    exchange(socket, handler.request, settle, fail);
  } else {
    socket.on('connect', () => {
      settle({ kind: 'success' });
      socket.destroy();
    });
  }
  return () => {
    isTold = true;
    socket.destroy();
  };
}

/** One request and its response. The server ends the connection, as it was asked to; one that says very much is left. */
function exchange(
  socket: Socket,
  request: string,
  settle: (outcome: VisitOutcome) => void,
  fail: (why: string) => void,
): void {
  let received = '';
  socket.on('data', (chunk: Buffer) => {
    received += chunk.toString('latin1');
    const status = statusOf(received);
    if (status === 'malformed') fail(malformed(received));
    else if (status !== 'incomplete') settle(judge(status));
    if (received.length > RESPONSE_LIMIT_BYTES) socket.destroy();
  });
  socket.on('close', () => fail(received === '' ? 'EOF' : 'unexpected EOF'));
  socket.write(request);
}

function judge(status: number): VisitOutcome {
  return status >= 200 && status < 400
    ? { kind: 'success' }
    : { kind: 'failure', reason: `HTTP probe failed with statuscode: ${status}` };
}

function lateness({ host, port, handler }: ProbeTarget): string {
  return handler.kind === 'httpGet'
    ? 'context deadline exceeded (Client.Timeout exceeded while awaiting headers)'
    : `dial tcp ${host}:${port}: i/o timeout`;
}

function wordsOf(error: NodeJS.ErrnoException, { host, port }: ProbeTarget): string {
  const { code = '', message, syscall } = error;
  if (syscall === 'getaddrinfo') return `dial tcp: lookup ${host}: no such host`;
  if (code === 'ECONNRESET') return 'read: connection reset by peer';
  return `dial tcp ${host}:${port}: ${DIAL_ERRORS[code] ?? message}`;
}
