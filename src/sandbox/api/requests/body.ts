/** Reads the bodies of requests, up to a limit. */
import type { IncomingMessage } from 'node:http';
import { type CollectionTag, LineCounter, parseAllDocuments, type ScalarTag } from 'yaml';
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
 * The first document of a YAML text by the rules of YAML 1.1, as API servers read it: `yes` is true, `0755` is octal. Their parser
 * (`goyaml.v2` of github.com/kubernetes-sigs/yaml) leaves timestamps and sexagesimal numbers text, and asks Go what a number is.
 * @returns the value, and each key that a mapping has twice
 * @throws StatusError BadRequest
 */
export function parseYaml(text: string): { readonly value: unknown; readonly duplicates: readonly string[] } {
  refusePrototypes(text);
  const lineCounter = new LineCounter();
  const documents = parseAllDocuments(text, {
    version: '1.1',
    lineCounter,
    customTags: (tags) => [...tags.filter((tag) => typeof tag === 'string' || !isReplaced(tag)), NUMBER],
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

const NUMBER: ScalarTag = {
  tag: 'tag:yaml.org,2002:float',
  default: true,
  test: /^[-+.\d]/,
  resolve: readNumber,
};

/** The text, where Go would find no number in it. */
function readNumber(text: string): number | string {
  if (/^\..*_/.test(text) && !/^\.\d+(_\d+)*(e|$)/i.test(text)) return text;
  const [, sign, digits = 'none'] = /^([-+]?)([.\d].*)$/.exec(text.replaceAll('_', '')) ?? [];
  const size = Number(/^0[0-7]+$/.test(digits) ? `0o${digits}` : digits);
  if (!Number.isFinite(size)) return text;
  return sign === '-' ? -size : size;
}

/** The infinities and what is no number stay. */
function isReplaced({ tag, test }: ScalarTag | CollectionTag): boolean {
  const kind = tag.replace('tag:yaml.org,2002:', '');
  return kind === 'timestamp' || kind === 'int' || (kind === 'float' && test?.test('.inf') !== true);
}

/** A key of this name would change the prototype of the object that it is copied into. */
function refusePrototypes(text: string): void {
  if (text.includes('__proto__')) throw badRequest('the body of the request has a key "__proto__"');
}
