/** Reads what the agent is told; what makes no sense is named. */
import type { Family } from '../../model/family.ts';
import type { Protocol } from '../../model/protocol.ts';

/** Anything that the caller did wrong: told on standard error, exit code 2. */
export class InputError extends Error {}

export function field(value: unknown, key: string): unknown {
  return typeof value === 'object' && value !== null ? Reflect.get(value, key) : undefined;
}

export function word(value: unknown, name: string): string {
  if (typeof value !== 'string' || value === '' || /\s/.test(value)) {
    throw new InputError(`${name} must be a text without blanks`);
  }
  return value;
}

export function portNumber(value: unknown, name: string): number {
  if (typeof value !== 'number' || !Number.isInteger(value) || value < 1 || value > 65_535) {
    throw new InputError(`${name} must be a port number`);
  }
  return value;
}

/** No longer than a timer can be. */
export function milliseconds(value: unknown, name: string): number {
  if (typeof value !== 'number' || !(value > 0 && value < 2 ** 31)) {
    throw new InputError(`${name} must be a number of milliseconds`);
  }
  return value;
}

export function protocolName(value: unknown, name: string): Protocol {
  if (value !== 'TCP' && value !== 'UDP') {
    throw new InputError(`${name} must be TCP or UDP`);
  }
  return value;
}

export function familyName(value: unknown, name: string): Family {
  if (value !== 'IPv4' && value !== 'IPv6') {
    throw new InputError(`${name} must be IPv4 or IPv6`);
  }
  return value;
}

export function list<Item>(
  value: unknown,
  name: string,
  read: (item: unknown, name: string) => Item,
): readonly Item[] {
  if (!Array.isArray(value)) {
    throw new InputError(`${name} must be a list`);
  }
  return value.map((item, index) => read(item, `${name}[${index}]`));
}

export function parseJson(source: string, name: string): unknown {
  try {
    return JSON.parse(source);
  } catch (error) {
    throw new InputError(`${name} is not JSON: ${error instanceof Error ? error.message : error}`);
  }
}

export function listener(item: unknown, name: string): { port: number; protocol: Protocol } {
  return {
    port: portNumber(field(item, 'port'), `${name}.port`),
    protocol: protocolName(field(item, 'protocol'), `${name}.protocol`),
  };
}

export function identifier(value: unknown, name: string): number {
  if (typeof value !== 'number' || !Number.isSafeInteger(value)) {
    throw new InputError(`${name} must be an integer`);
  }
  return value;
}
