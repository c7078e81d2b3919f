/**
 * Protobuf, as far as kubectl insists on it: `kubectl create namespace` and `kubectl auth can-i` send their objects in no
 * other form. Everything else comes as JSON or YAML.
 */
import { isJsonObject, type JsonObject } from '../json.ts';
import { ALL_KINDS } from '../kinds/kinds.ts';
import { type Message, stringFields } from '../schema/protobuf.ts';
import { badRequest, unsupportedMediaType } from '../status.ts';
import { REVIEWS } from './reviews.ts';

const MAP_ENTRY: Message = { 1: { name: 'key', type: 'string' }, 2: { name: 'value', type: 'string' } };

/** The header of `runtime.Unknown`, the envelope of every object; the object itself is its field 2. */
const ENVELOPE: Message = { 1: { name: 'type', type: stringFields(['apiVersion', 'kind']) } };
const OBJECT_FIELD = 2;
const MAGIC = Buffer.from('k8s\0');

/**
 * The JSON form of an object in Kubernetes' protobuf encoding.
 * @throws StatusError BadRequest for what is not protobuf, UnsupportedMediaType for kinds that are not known here
 */
export function decodeProtobuf(body: Buffer): JsonObject {
  if (!body.subarray(0, MAGIC.length).equals(MAGIC)) throw malformed();
  const envelope = body.subarray(MAGIC.length);
  const { type } = readMessage(envelope, ENVELOPE);
  const header = isJsonObject(type) ? type : {};
  const message = [...ALL_KINDS, ...REVIEWS].find(({ kind }) => kind === header['kind'])?.protobuf;
  if (message === undefined) throw unsupportedMediaType(['application/json', 'application/yaml']);
  const raw = [...fields(envelope)].find(({ number }) => number === OBJECT_FIELD)?.content ?? Buffer.alloc(0);
  return { ...header, ...readMessage(raw, message) };
}

function readMessage(bytes: Buffer, message: Message): JsonObject {
  const object: JsonObject = {};
  for (const { number, content } of fields(bytes)) {
    const field = message[number];
    if (field === undefined || content === undefined) continue;
    const { name, type } = field;
    if (type === 'string') object[name] = content.toString('utf8');
    else if (type === 'strings') object[name] = [...asArray(object[name]), content.toString('utf8')];
    else if (type === 'string-map') {
      const { key = '', value = '' } = readMessage(content, MAP_ENTRY);
      const known = object[name];
      object[name] = { ...(isJsonObject(known) ? known : {}), [String(key)]: value };
    } else object[name] = readMessage(content, type);
  }
  return object;
}

function asArray(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : [];
}

interface WireField {
  readonly number: number;
  /** Undefined for numbers, of which the messages above have none. */
  readonly content: Buffer | undefined;
}

function* fields(bytes: Buffer): Generator<WireField> {
  let at = 0;
  const varint = (): number => {
    let value = 0;
    for (let factor = 1; ; factor *= 128) {
      const byte = bytes[at];
      if (byte === undefined || factor > 2 ** 63) throw malformed();
      at += 1;
      value += (byte & 0x7f) * factor;
      if (byte < 0x80) return value;
    }
  };
  const take = (length: number): Buffer => {
    if (at + length > bytes.length) throw malformed();
    at += length;
    return bytes.subarray(at - length, at);
  };
  while (at < bytes.length) {
    const tag = varint();
    const number = Math.floor(tag / 8);
    const wireType = tag % 8;
    if (wireType === 2) yield { number, content: take(varint()) };
    else {
      if (wireType === 0) varint();
      else if (wireType === 1 || wireType === 5) take(wireType === 1 ? 8 : 4);
      else throw malformed();
      yield { number, content: undefined };
    }
  }
}

function malformed(): Error {
  return badRequest('the body of the request is not protobuf as Kubernetes writes it');
}
