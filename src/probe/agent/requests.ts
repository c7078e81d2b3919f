/** Reads what the agent is asked to do, and who it is told to be. */
import type { AgentConfig, Batch, TurnRequest } from '../protocol.ts';
import type { DialAddress } from './dial.ts';
import {
  field,
  InputError,
  identifier,
  list,
  listener,
  milliseconds,
  parseJson,
  portNumber,
  word,
} from './input.ts';

export function readConfig(): AgentConfig {
  const name = 'PODREACH_CONFIG';
  const config = parseJson(process.env[name] ?? '', name);
  return {
    runId: word(field(config, 'runId'), `${name}.runId`),
    pod: word(field(config, 'pod'), `${name}.pod`),
    visitPort: portNumber(field(config, 'visitPort'), `${name}.visitPort`),
    ports: list(field(config, 'ports'), `${name}.ports`, listener),
  };
}

function wantedState(value: unknown, name: string): TurnRequest['wanted'] {
  if (value !== 'open' && value !== 'cut') {
    throw new InputError(`${name} must be open or cut`);
  }
  return value;
}

export function readBatch(line: string): Batch {
  const batch = parseJson(line, 'the batch');
  const address = (item: unknown, name: string): DialAddress => ({
    host: word(field(item, 'host'), `${name}.host`),
    ...listener(item, name),
  });
  const target = (item: unknown, name: string): Batch['targets'][number] => ({
    id: identifier(field(item, 'id'), `${name}.id`),
    pod: word(field(item, 'pod'), `${name}.pod`),
    ...address(item, name),
    ...(field(item, 'timeoutMs') === undefined
      ? {}
      : { timeoutMs: milliseconds(field(item, 'timeoutMs'), `${name}.timeoutMs`) }),
  });
  const halfOpenAt = field(batch, 'halfOpenAt');
  const orZero = (key: string): number =>
    field(batch, key) === 0 ? 0 : milliseconds(field(batch, key), key);
  return {
    runId: word(field(batch, 'runId'), 'runId'),
    timeoutMs: milliseconds(field(batch, 'timeoutMs'), 'timeoutMs'),
    deadlineMs: milliseconds(field(batch, 'deadlineMs'), 'deadlineMs'),
    holdMs: orZero('holdMs'),
    turnWithinMs: orZero('turnWithinMs'),
    listeners: list(field(batch, 'listeners'), 'listeners', address),
    targets: list(field(batch, 'targets'), 'targets', target),
    turns: list(field(batch, 'turns'), 'turns', (item, name) => {
      const shutPort = field(item, 'shutPort');
      return {
        ...target(item, name),
        wanted: wantedState(field(item, 'wanted'), `${name}.wanted`),
        ...(shutPort === undefined ? {} : { shutPort: portNumber(shutPort, `${name}.shutPort`) }),
      };
    }),
    asked: list(field(batch, 'asked'), 'asked', word),
    ...(field(batch, 'endsDials') === true ? { endsDials: true } : {}),
    ...(halfOpenAt === undefined ? {} : { halfOpenAt: word(halfOpenAt, 'halfOpenAt') }),
  };
}
