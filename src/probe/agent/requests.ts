/** Reads what the agent is asked to do, and who it is told to be. */
import type { AgentConfig } from '../agent-config.ts';
import type {
  AnsweredRequest,
  Batch,
  DialRequest,
  ServiceRequest,
  SpreadNode,
  SpreadRequest,
  TurnRequest,
} from '../protocol.ts';
import type { CollectRequest, HeldTarget, WatchRequest, WatchTarget } from '../watch-protocol.ts';
import type { DialAddress } from './dial.ts';
import {
  familyName,
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
  const firstInstant = field(config, 'firstInstant');
  return {
    runId: word(field(config, 'runId'), `${name}.runId`),
    pod: word(field(config, 'pod'), `${name}.pod`),
    visitPort: portNumber(field(config, 'visitPort'), `${name}.visitPort`),
    ...(field(config, 'hostNetwork') === true ? { hostNetwork: true } : {}),
    ports: list(field(config, 'ports'), `${name}.ports`, listener),
    ...(firstInstant === undefined ? {} : { firstInstant: readWatch(firstInstant, `${name}.firstInstant.`) }),
  };
}

function wantedState(value: unknown, name: string): TurnRequest['wanted'] {
  if (value !== 'open' && value !== 'cut') {
    throw new InputError(`${name} must be open or cut`);
  }
  return value;
}

function address(item: unknown, name: string): DialAddress {
  return { host: word(field(item, 'host'), `${name}.host`), ...listener(item, name) };
}

function answered(item: unknown, name: string): AnsweredRequest {
  return { ...anyTarget(item, name), pod: word(field(item, 'pod'), `${name}.pod`) };
}

function target(item: unknown, name: string): DialRequest | SpreadRequest {
  if (field(item, 'pod') !== undefined) return answered(item, name);
  if (field(item, 'pods') === undefined) return anyTarget(item, name);
  const service = serviceTarget(item, name);
  const connections = identifier(field(item, 'connections'), `${name}.connections`);
  const least = Math.max(1, service.pods.length);
  if (connections < least) throw new InputError(`${name}.connections must be at least ${least}`);
  const opensAll = field(item, 'opensAll') === true;
  return { ...service, connections, ...(opensAll ? { opensAll } : {}) };
}

function serviceTarget(item: unknown, name: string): ServiceRequest {
  const nodes = field(item, 'nodes');
  const leadsTo = field(item, 'leadsTo');
  return {
    ...anyTarget(item, name),
    pods: list(field(item, 'pods'), `${name}.pods`, word),
    ...(leadsTo === undefined ? {} : { leadsTo: list(leadsTo, `${name}.leadsTo`, word) }),
    ...(nodes === undefined ? {} : { nodes: list(nodes, `${name}.nodes`, spreadNode) }),
  };
}

/** One that an agent answers. */
function heldTarget(item: unknown, name: string): HeldTarget {
  if (field(item, 'pods') === undefined) return answered(item, name);
  const service = serviceTarget(item, name);
  if (service.pods.length === 0) throw new InputError(`${name}.pods must name at least one`);
  return service;
}

function watchTarget(item: unknown, name: string): WatchTarget {
  const isOfAgent = field(item, 'pod') !== undefined || field(item, 'pods') !== undefined;
  return isOfAgent ? heldTarget(item, name) : anyTarget(item, name);
}

function spreadNode(item: unknown, name: string): SpreadNode {
  return {
    address: word(field(item, 'address'), `${name}.address`),
    pods: list(field(item, 'pods'), `${name}.pods`, word),
  };
}

function anyTarget(item: unknown, name: string): Omit<DialRequest, 'pod'> {
  return {
    id: identifier(field(item, 'id'), `${name}.id`),
    ...address(item, name),
    ...(field(item, 'family') === undefined
      ? {}
      : { family: familyName(field(item, 'family'), `${name}.family`) }),
    ...(field(item, 'timeoutMs') === undefined
      ? {}
      : { timeoutMs: milliseconds(field(item, 'timeoutMs'), `${name}.timeoutMs`) }),
  };
}

/** What an exec hands over: what has no kind is a batch. */
export function readQuestion(line: string): Batch | WatchRequest | CollectRequest {
  const question = parseJson(line, 'the question');
  const kind = field(question, 'kind');
  switch (kind) {
    case undefined:
      return readBatch(question);
    case 'watch':
      return readWatch(question, '');
    case 'collect':
      return {
        kind: 'collect',
        watch: word(field(question, 'watch'), 'watch'),
        received: identifier(field(question, 'received'), 'received'),
        ...(field(question, 'ends') === true ? { ends: true } : {}),
      };
    default:
      throw new InputError('kind must be watch or collect');
  }
}

/** @param place what stands before its keys where one is wrong */
function readWatch(watch: unknown, place: string): WatchRequest {
  const inMs = (key: string): number => milliseconds(field(watch, key), `${place}${key}`);
  const kept = identifier(field(watch, 'kept'), `${place}kept`);
  if (kept < 1) throw new InputError(`${place}kept must be at least 1`);
  return {
    kind: 'watch',
    watch: word(field(watch, 'watch'), `${place}watch`),
    runId: word(field(watch, 'runId'), `${place}runId`),
    everyMs: inMs('everyMs'),
    timeoutMs: inMs('timeoutMs'),
    abandonedMs: inMs('abandonedMs'),
    kept,
    targets: list(field(watch, 'targets'), `${place}targets`, watchTarget),
    held: list(field(watch, 'held'), `${place}held`, heldTarget),
  };
}

function readBatch(batch: unknown): Batch {
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
        ...anyTarget(item, name),
        pods: list(field(item, 'pods'), `${name}.pods`, word),
        wanted: wantedState(field(item, 'wanted'), `${name}.wanted`),
        ...(shutPort === undefined ? {} : { shutPort: portNumber(shutPort, `${name}.shutPort`) }),
      };
    }),
    asked: list(field(batch, 'asked'), 'asked', word),
    ...(field(batch, 'endsDials') === true ? { endsDials: true } : {}),
    ...(halfOpenAt === undefined ? {} : { halfOpenAt: list(halfOpenAt, 'halfOpenAt', word) }),
  };
}
