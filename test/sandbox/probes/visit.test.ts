/** Visits to real servers on loopback. */
import { once } from 'node:events';
import { type AddressInfo, createServer, type Server, type Socket } from 'node:net';
import { afterEach, describe, expect, test } from 'vitest';
import { planProbe } from '../../../src/sandbox/probes/target.ts';
import { type VisitOutcome, visit } from '../../../src/sandbox/probes/visit.ts';

const servers: Server[] = [];
afterEach(() => {
  for (const server of servers.splice(0)) server.close();
});

/** A server that does this with every connection. */
async function serve(talk: (socket: Socket) => void): Promise<number> {
  const server = createServer((socket) => talk(socket.on('error', () => {})));
  servers.push(server);
  await once(server.listen(0, '127.0.0.1'), 'listening');
  return (server.address() as AddressInfo).port; // it listens on an address
}

function visitOf(port: number, handler: 'httpGet' | 'tcpSocket', timeoutSeconds = 20, host = '127.0.0.1') {
  const action = handler === 'httpGet' ? { port, path: '/', scheme: 'HTTP' } : { port };
  const plan = planProbe({ name: 'c', readinessProbe: { [handler]: action, timeoutSeconds } }, host);
  if (plan.kind !== 'visits') throw new Error(plan.kind);
  const { promise, resolve } = Promise.withResolvers<VisitOutcome>();
  const giveUp = visit(plan.target, resolve);
  return { outcome: promise, giveUp };
}

const failed = (reason: string): VisitOutcome => ({ kind: 'failure', reason });
const answer = (text: string) => (socket: Socket) => void socket.once('data', () => socket.end(text));
const OK = 'HTTP/1.1 200 OK\r\n\r\n';

describe('a request', () => {
  test.each([
    ['HTTP/1.1 200 OK\r\n\r\nfine', { kind: 'success' }],
    ['HTTP/1.1 399 Odd\r\n\r\n', { kind: 'success' }],
    ['HTTP/1.1 404 Not Found\r\n\r\n', failed('HTTP probe failed with statuscode: 404')],
    ['HTTP/1.1 101 Switching Protocols\r\n\r\n', failed('HTTP probe failed with statuscode: 101')],
  ])('is judged by its status: %j', async (text, outcome) => {
    const port = await serve(answer(text));
    expect(await visitOf(port, 'httpGet').outcome).toEqual(outcome);
  });

  test.each([
    ['', 'EOF'],
    ['HTTP/1.1 200 OK\r\nServer', 'unexpected EOF'],
    ['SSH-2.0\r\n', 'net/http: HTTP/1.x transport connection broken: malformed HTTP response "SSH-2.0"'],
  ])('fails where %j comes instead of a response', async (text, why) => {
    const port = await serve(answer(text));
    expect(await visitOf(port, 'httpGet').outcome).toEqual(failed(`Get "http://127.0.0.1:${port}/": ${why}`));
  });

  test('fails when the connection is cut', async () => {
    const port = await serve((socket) => void socket.once('data', () => socket.resetAndDestroy()));
    expect(await visitOf(port, 'httpGet').outcome).toEqual(
      failed(`Get "http://127.0.0.1:${port}/": read: connection reset by peer`),
    );
  });

  test('fails when there is no response in time', async () => {
    const port = await serve(() => {});
    expect(await visitOf(port, 'httpGet', 1).outcome).toEqual(
      failed(
        `Get "http://127.0.0.1:${port}/": context deadline exceeded (Client.Timeout exceeded while awaiting headers)`,
      ),
    );
  });

  test('reads a response that comes in pieces, and lets the server end the connection', async () => {
    const { promise: ended, resolve } = Promise.withResolvers<string>();
    const port = await serve((socket) => {
      socket.on('error', () => resolve('error')).on('end', () => resolve('ended'));
      socket.once('data', () => {
        for (const [index, piece] of ['HTTP/1.1 20', '0 OK\r\n', '\r\nbo', 'dy'].entries())
          setTimeout(() => socket.write(piece), index * 20);
        setTimeout(() => socket.end(), 200);
      });
    });
    expect(await visitOf(port, 'httpGet').outcome).toEqual({ kind: 'success' });
    expect(await ended).toBe('ended');
  });

  test('leaves a server that says more than anybody wants to know', async () => {
    const { promise: closed, resolve } = Promise.withResolvers<void>();
    const port = await serve((socket) => {
      socket.on('close', () => resolve());
      socket.once('data', () => {
        socket.write(OK);
        const more = (): void => void (socket.writable && socket.write('x'.repeat(1024), more));
        more();
      });
    });
    expect(await visitOf(port, 'httpGet').outcome).toEqual({ kind: 'success' });
    await closed;
  });
});

describe('a connection', () => {
  test('is success enough, and closed at once', async () => {
    const { promise: closed, resolve } = Promise.withResolvers<void>();
    const port = await serve((socket) => void socket.resume().on('close', () => resolve()));
    expect(await visitOf(port, 'tcpSocket').outcome).toEqual({ kind: 'success' });
    await closed;
  });

  test.each(['tcpSocket', 'httpGet'] as const)('that is refused fails: %s', async (handler) => {
    const port = await serve(() => {});
    for (const server of servers.splice(0)) await once(server.close(), 'close');
    const why = `dial tcp 127.0.0.1:${port}: connect: connection refused`;
    expect(await visitOf(port, handler).outcome).toEqual(
      failed(handler === 'tcpSocket' ? why : `Get "http://127.0.0.1:${port}/": ${why}`),
    );
  });

  test('to a name that nobody can have fails', async () => {
    // Too long for a name, so that no DNS server is asked.
    const name = 'x'.repeat(300);
    expect(await visitOf(80, 'tcpSocket', 20, name).outcome).toEqual(
      failed(`dial tcp: lookup ${name}: no such host`),
    );
  });
});

test('a visit that is given up tells nothing and is gone', async () => {
  const { promise: closed, resolve } = Promise.withResolvers<void>();
  const port = await serve((socket) => void socket.resume().on('close', () => resolve()));
  const { outcome, giveUp } = visitOf(port, 'httpGet');
  setTimeout(giveUp, 50);
  expect(await Promise.race([outcome, closed.then(() => 'closed')])).toBe('closed');
});
