import { describe, expect, it } from 'vitest';
import { KINDS } from '../../../src/sandbox/api/kinds/kinds.ts';
import type { NetworkPolicy } from '../../../src/sandbox/api/kinds/networkpolicies/object.ts';
import type { ContainerStatus, Pod } from '../../../src/sandbox/api/kinds/pods/object.ts';
import { wantsTable } from '../../../src/sandbox/api/table.ts';
import { ageOf } from '../../../src/sandbox/api/time.ts';

const NOW = new Date('2026-01-02T00:00:00Z');

describe('ageOf', () => {
  it.each([
    [0, '0s'],
    [-5, '0s'],
    [119, '119s'],
    [120, '2m'],
    [599, '9m59s'],
    [600, '10m'],
    [3 * 3600 - 1, '179m'],
    [3 * 3600, '3h'],
    [7 * 3600 + 90, '7h1m'],
    [47 * 3600, '47h'],
    [48 * 3600, '2d'],
    [50 * 3600, '2d2h'],
    [100 * 86_400, '100d'],
    [3 * 365 * 86_400 + 86_400, '3y1d'],
  ])('%i seconds are %s', (seconds, expected) => {
    expect(ageOf(new Date(NOW.getTime() - seconds * 1000).toISOString(), NOW)).toBe(expected);
  });
});

describe('wantsTable', () => {
  it.each([
    [
      'application/json;as=Table;v=v1;g=meta.k8s.io,application/json;as=Table;v=v1beta1;g=meta.k8s.io,application/json',
      true,
    ],
    ['application/json', false],
    ['application/json, application/json;as=Table;v=v1;g=meta.k8s.io', false],
    ['application/vnd.kubernetes.protobuf,application/json;as=Table;v=v1;g=meta.k8s.io', true],
    ['application/json;as=PartialObjectMetadata;g=meta.k8s.io;v=v1,application/json', false],
    [undefined, false],
  ])('%s: %s', (accept, expected) => {
    expect(wantsTable(accept)).toBe(expected);
  });
});

describe('the columns of pods', () => {
  const status = (name: string, state: ContainerStatus['state'], restartCount = 0): ContainerStatus => ({
    name,
    image: 'x',
    imageID: '',
    ready: 'running' in state,
    started: true,
    restartCount,
    state,
  });
  const running = { running: { startedAt: '' } };
  const ended = (reason: string, exitCode = 1, signal?: number): ContainerStatus['state'] => ({
    terminated: {
      reason,
      exitCode,
      startedAt: '',
      finishedAt: '',
      ...(signal === undefined ? {} : { signal }),
    },
  });
  const pod = (containerStatuses: ContainerStatus[], more: Partial<Pod['metadata']> = {}): Pod => ({
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name: 'web', creationTimestamp: '2026-01-01T23:59:00Z', ...more },
    spec: { containers: [{ name: 'a' }, { name: 'b' }] },
    status: { phase: 'Running', containerStatuses },
  });

  it.each([
    ['all run', pod([status('a', running), status('b', running, 3)]), ['2/2', 'Running', '3']],
    ['nothing is known yet', pod([]), ['0/2', 'Running', '0']],
    [
      'one waits',
      pod([status('a', { waiting: { reason: 'CrashLoopBackOff' } }), status('b', running)]),
      ['1/2', 'CrashLoopBackOff', '0'],
    ],
    ['one has failed', pod([status('a', running), status('b', ended('Error'))]), ['1/2', 'Error', '0']],
    ['one was killed', pod([status('a', ended('', 137, 9)), status('b', running)]), ['1/2', 'Signal:9', '0']],
    [
      'one has ended without a word',
      pod([status('a', ended('', 3)), status('b', running)]),
      ['1/2', 'ExitCode:3', '0'],
    ],
    [
      'one is done',
      pod([status('a', ended('Completed', 0)), status('b', running)]),
      ['1/2', 'NotReady', '0'],
    ],
    ['it is leaving', pod([status('a', running)], { deletionTimestamp: 'now' }), ['1/2', 'Terminating', '0']],
  ])('when %s', (_when, object, expected) => {
    expect(KINDS.pods.cells(object, NOW).slice(0, 5)).toEqual(['web', ...expected, '60s']);
  });
});

it('shows the selector of a policy', () => {
  const policy: NetworkPolicy = {
    apiVersion: 'networking.k8s.io/v1',
    kind: 'NetworkPolicy',
    metadata: { name: 'deny', creationTimestamp: '2026-01-01T00:00:00Z' },
    spec: {
      podSelector: {
        matchLabels: { tier: 'db' },
        matchExpressions: [
          { key: 'app', operator: 'In', values: ['b', 'a'] },
          { key: 'old', operator: 'DoesNotExist' },
        ],
      },
    },
  };
  expect(KINDS.networkpolicies.cells(policy, NOW)).toEqual(['deny', '!old,app in (a,b),tier=db', '24h']);
});
