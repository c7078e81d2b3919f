/** Reads the bodies of requests, up to a limit. */
import type { IncomingMessage } from 'node:http';
import { LineCounter, parseAllDocuments } from 'yaml';
import { badRequest, tooLarge, unsupportedMediaType } from '../status.ts';
import { decodeProtobuf } from './protobuf.ts';

/** The limit of a real API server. */
const LIMIT_BYTES = 3 * 1024 * 1024;

/** The body as text. @throws StatusError RequestEntityTooLarge; an Error where the client goes away */
export async function readBody(request: IncomingMessage): Promise<string> {
  return (await readBytes(request)).toString('utf8');
}

async function readBytes(request: IncomingMessage): Promise<Buffer> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of request) {
    if (!Buffer.isBuffer(chunk)) continue;
    size += chunk.length;
    if (size > LIMIT_BYTES) throw tooLarge(LIMIT_BYTES);
    chunks.push(chunk);
  }
  return Buffer.concat(chunks);
}

/** The media type of the body without its parameters; empty where none is given. */
export function mediaTypeOf(request: IncomingMessage): string {
  return (request.headers['content-type'] ?? '').split(';')[0]?.trim().toLowerCase() ?? '';
}

/**
 * An object in the form that the content type names; JSON where it names none.
 * @throws StatusError UnsupportedMediaType, BadRequest, RequestEntityTooLarge
 */
export async function readObject(request: IncomingMessage): Promise<unknown> {
  const body = await readBytes(request);
  switch (mediaTypeOf(request)) {
    case '':
    case 'application/json':
      return parseJson(body.toString('utf8'));
    case 'application/yaml':
      return parseYaml(body.toString('utf8')).value;
    case 'application/vnd.kubernetes.protobuf':
      return decodeProtobuf(body);
    default:
      throw unsupportedMediaType(['application/json', 'application/yaml']);
  }
}

/** @throws StatusError BadRequest */
export function parseJson(text: string): unknown {
  refusePrototypes(text);
  try {
    return JSON.parse(text);
  } catch (thrown) {
    throw badRequest(
      `the body of the request is not JSON: ${thrown instanceof Error ? thrown.message : thrown}`,
    );
  }
}

/**
 * The first document of a YAML text by the rules of YAML 1.1, as API servers read it: `yes` is true, `0755` is octal.
 * Timestamps and sexagesimal numbers stay text, as their parser leaves them.
 * @returns the value, and each key that a mapping has twice
 * @throws StatusError BadRequest
 */
export function parseYaml(text: string): { readonly value: unknown; readonly duplicates: readonly string[] } {
  refusePrototypes(text);
  const lineCounter = new LineCounter();
  const documents = parseAllDocuments(text, {
    version: '1.1',
    lineCounter,
    customTags: (tags) => tags.filter((tag) => typeof tag === 'string' || !isForeign(tag)),
  });
  const [document] = Array.isArray(documents) ? documents : [];
  if (document === undefined) return { value: null, duplicates: [] };
  const fatal = document.errors.find(({ code }) => code !== 'DUPLICATE_KEY');
  if (fatal !== undefined) throw badRequest(`error decoding YAML: yaml: ${fatal.message.split('\n')[0]}`);
  const duplicates = document.errors.map(({ pos: [offset] }) => {
    const key = /^\s*["']?([^"':\s]+)/.exec(text.slice(offset))?.[1] ?? '';
    return `line ${lineCounter.linePos(offset).line}: key ${JSON.stringify(key)} already set in map`;
  });
  return { value: document.toJS(), duplicates };
}

function isForeign(tag: { readonly tag: string; readonly format?: string }): boolean {
  return tag.tag === 'tag:yaml.org,2002:timestamp' || tag.format === 'TIME';
}

/** A key of this name would change the prototype of the object that it is copied into. */
function refusePrototypes(text: string): void {
  if (text.includes('__proto__')) throw badRequest('the body of the request has a key "__proto__"');
}
