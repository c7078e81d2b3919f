/** Answers to DNS messages, as a pure function. */
import {
  type Answer,
  AUTHORITATIVE_ANSWER,
  type DecodedPacket,
  decode,
  encode,
  type Packet,
  RECURSION_AVAILABLE,
  RECURSION_DESIRED,
  TRUNCATED_RESPONSE,
} from 'dns-packet';
import { type DnsNames, type DnsRecord, DOMAIN, isInCluster, lookUp } from './records.ts';

const TTL_SECONDS = 30;
/** Without EDNS no datagram is longer. */
const PLAIN_BYTES = 512;
/** With it none is that would be cut into pieces on its way. */
const LARGEST_DATAGRAM_BYTES = 1232;

const QUERY = 0;
const FORMAT_ERROR = 1;
const NAME_ERROR = 3;
const NOT_IMPLEMENTED = 4;

/** How a message came: a datagram has to be short. */
export type Transport = 'udp' | 'tcp';

/** @returns undefined where there is nobody to answer: what came is no query */
export function answerTo(message: Buffer, names: DnsNames, transport: Transport): Buffer | undefined {
  const query = read(message);
  if (query === undefined) return message.length >= 12 ? encode(failure(message.readUInt16BE(0))) : undefined;
  if (query.type === 'response') return undefined;
  const response = respond(query, names);
  const whole = encode(response);
  if (transport === 'tcp' || whole.length <= limitOf(query)) return whole;
  // Whoever asked comes again over TCP.
  return encode({
    ...response,
    flags: (response.flags ?? 0) | TRUNCATED_RESPONSE,
    answers: [],
    additionals: extensionOf(query),
  });
}

function read(message: Buffer): DecodedPacket | undefined {
  try {
    return decode(message);
  } catch {
    return undefined;
  }
}

function failure(id: number): Packet {
  return { type: 'response', id, flags: FORMAT_ERROR };
}

function respond(query: DecodedPacket, names: DnsNames): Packet {
  const { id = 0, questions = [] } = query;
  const flags = AUTHORITATIVE_ANSWER | RECURSION_AVAILABLE | ((query.flags ?? 0) & RECURSION_DESIRED);
  const response = { type: 'response', id, questions, additionals: extensionOf(query) } as const;
  const [question] = questions;
  if (operationOf(query) !== QUERY) return { ...response, flags: flags | NOT_IMPLEMENTED };
  if (question === undefined || questions.length > 1) return { ...response, flags: flags | FORMAT_ERROR };
  const found = lookUp(names, question.name, question.type);
  if (found.kind === 'no-such-name')
    return { ...response, flags: flags | NAME_ERROR, authorities: authorityOver(question.name) };
  return {
    ...response,
    flags,
    answers: found.records.map(asAnswer),
    authorities: found.records.length === 0 ? authorityOver(question.name) : [],
    additionals: [...found.additional.map(asAnswer), ...response.additionals],
  };
}

function operationOf({ flags = 0 }: Packet): number {
  return (flags >> 11) & 0xf;
}

function asAnswer(record: DnsRecord): Answer {
  return { ...record, ttl: TTL_SECONDS };
}

/** Says how long it may be believed that there is nothing. */
function authorityOver(name: string): Answer[] {
  if (!isInCluster(name.toLowerCase())) return [];
  return [
    {
      type: 'SOA',
      name: DOMAIN,
      ttl: TTL_SECONDS,
      data: {
        mname: `ns.dns.${DOMAIN}`,
        rname: `hostmaster.${DOMAIN}`,
        serial: 1,
        refresh: 7200,
        retry: 1800,
        expire: 86_400,
        minimum: TTL_SECONDS,
      },
    },
  ];
}

type Extension = Extract<Answer, { type: 'OPT' }>;

function isExtension(record: Answer): record is Extension {
  return record.type === 'OPT';
}

/** Whoever speaks EDNS is answered in it. */
function extensionOf({ additionals = [] }: DecodedPacket): Answer[] {
  return additionals.filter(isExtension).map(() => ({
    type: 'OPT',
    name: '.',
    udpPayloadSize: LARGEST_DATAGRAM_BYTES,
    extendedRcode: 0,
    ednsVersion: 0,
    flags: 0,
    flag_do: false,
    options: [],
  }));
}

function limitOf({ additionals = [] }: DecodedPacket): number {
  const asked = additionals.find(isExtension)?.udpPayloadSize ?? PLAIN_BYTES;
  return Math.min(Math.max(asked, PLAIN_BYTES), LARGEST_DATAGRAM_BYTES);
}
