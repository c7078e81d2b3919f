/**
 * The cluster's DNS server: a process in a pod of its own, so that its queries and answers are packets like any others. What it
 * knows stands in a file that the supervisor writes.
 *
 * Started with the file as its argument.
 */
import { createSocket } from 'node:dgram';
import { readFileSync, statSync } from 'node:fs';
import { createServer, type Socket } from 'node:net';
import { answerTo } from './answer.ts';
import { type DnsNames, namesOf } from './records.ts';
import type { Zone } from './zone.ts';

const PORT = 53;
/** A connection that asks nothing for so long is closed. */
const IDLE_MS = 10_000;
/** Before each message on a connection stands how long it is. */
const LENGTH_BYTES = 2;

const [, , file = ''] = process.argv;
let known: { readonly version: string; readonly names: DnsNames } | undefined;

/** The names as of now: each change is another file. */
function names(): DnsNames {
  const { ino, mtimeNs } = statSync(file, { bigint: true });
  const version = `${ino} ${mtimeNs}`;
  if (known?.version !== version) {
    const zone = JSON.parse(readFileSync(file, 'utf8')) as Zone; // the supervisor writes nothing else
    known = { version, names: namesOf(zone) };
  }
  return known.names;
}

for (const type of ['udp4', 'udp6'] as const) {
  const datagrams = createSocket({ type, ipv6Only: type === 'udp6' });
  datagrams.on('message', (message, { address, port }) => {
    const answer = answerTo(message, names(), 'udp');
    // Whoever asked may be gone, or be cut off meanwhile.
    if (answer !== undefined) datagrams.send(answer, port, address, () => {});
  });
  datagrams.on('error', (error) => {
    // The kernel may have no IPv6.
    if (type === 'udp4') throw error;
  });
  datagrams.bind(PORT);
}

createServer((connection) => {
  let received: Buffer = Buffer.alloc(0);
  connection.setTimeout(IDLE_MS, () => connection.destroy());
  connection.on('error', () => connection.destroy());
  connection.on('data', (chunk: Buffer) => {
    received = answerAll(connection, Buffer.concat([received, chunk]));
  });
}).listen(PORT);

/** @returns the beginning of a message whose end has not come yet */
function answerAll(connection: Socket, received: Buffer): Buffer {
  let rest = received;
  while (rest.length >= LENGTH_BYTES) {
    const end = LENGTH_BYTES + rest.readUInt16BE(0);
    if (rest.length < end) break;
    const answer = answerTo(rest.subarray(LENGTH_BYTES, end), names(), 'tcp');
    if (answer !== undefined) {
      const length = Buffer.alloc(LENGTH_BYTES);
      length.writeUInt16BE(answer.length);
      connection.write(Buffer.concat([length, answer]));
    }
    rest = rest.subarray(end);
  }
  return rest;
}
