/** Which incident a window is told with. The window begins between 20 and 21 s, at a check from node-1 to node-2. */
import { describe, expect, test } from 'vitest';
import { nearestIncident } from '../../../src/judge/windows/incident.ts';
import type { Incident, IncidentKind } from '../../../src/model/incident.ts';

const WINDOW = { began: { earliestMs: 20_000, latestMs: 21_000 } };
const NODES = { source: 'node-1', destinations: ['node-2'] };
const incident = (kind: IncidentKind, atMs: number, parts: Partial<Incident> = {}): Incident => ({
  kind,
  atMs,
  text: `${kind} at ${atMs}`,
  ...parts,
});

const nearest = (...incidents: readonly Incident[]): string | undefined =>
  incidents[nearestIncident(WINDOW, incidents, NODES) ?? -1]?.text;

describe('what happened near to the begin', () => {
  test.each([
    [9_999, false],
    [10_000, true],
    [20_500, true],
    [26_000, true],
    [26_001, false],
  ])('at %i ms: %s', (atMs, isNear) => {
    expect(nearest(incident('policy-deleted', atMs)) !== undefined).toBe(isNear);
  });

  test('counts from when it may have happened', () => {
    expect(nearest(incident('policy-deleted', 28_000, { withinMs: 2_000 }))).toBeDefined();
    expect(nearest(incident('policy-deleted', 28_000, { withinMs: 1_999 }))).toBeUndefined();
  });

  test('is told rather than what was further away', () => {
    expect(nearest(incident('policy-deleted', 15_000), incident('policy-changed', 19_000))).toBe(
      'policy-changed at 19000',
    );
    expect(nearest(incident('policy-changed', 22_000), incident('policy-deleted', 23_000))).toBe(
      'policy-changed at 22000',
    );
  });

  test('is what came before the begin, rather than what came as soon after it', () => {
    expect(nearest(incident('policy-deleted', 18_000), incident('policy-created', 22_500))).toBe(
      'policy-deleted at 18000',
    );
  });

  test('is not what came when the window was over', () => {
    const ended = { earliestMs: 21_500, latestMs: 22_000 };
    const restarted = incident('plugin-restarted', 24_000, { withinMs: 1_000 });
    const available = incident('network-available', 21_000, { withinMs: 1_000 });
    const told = (...incidents: readonly Incident[]) =>
      incidents[nearestIncident({ ...WINDOW, ended }, incidents, NODES) ?? -1]?.kind;
    expect(told(restarted)).toBeUndefined();
    expect(told(restarted, available)).toBe('network-available');
    // The next container of a plugin starts a moment before that.
    expect(told(incident('plugin-restarted', 22_400))).toBe('plugin-restarted');
  });

  test('is nothing where nothing was', () => {
    expect(nearest()).toBeUndefined();
  });

  test('is the first of two that are as near', () => {
    expect(nearest(incident('policy-changed', 20_100), incident('policy-deleted', 20_900))).toBe(
      'policy-changed at 20100',
    );
  });
});

describe('where it happened', () => {
  test.each([
    ['node-1', true],
    ['node-2', true],
    ['node-3', false],
  ])('on %s: %s', (node, isTold) => {
    expect(nearest(incident('plugin-restarted', 20_500, { node })) !== undefined).toBe(isTold);
  });

  test('is not asked where the node of a pod is not known', () => {
    const incidents = [incident('plugin-restarted', 20_500, { node: 'node-3' })];
    expect(nearestIncident(WINDOW, incidents, { ...NODES, source: undefined })).toBe(0);
    expect(nearestIncident(WINDOW, incidents, { ...NODES, destinations: [undefined] })).toBe(0);
  });

  test('at an end goes before anywhere', () => {
    const incidents = [
      incident('plugin-restarted', 20_500, { node: 'node-3' }),
      incident('plugin-restarted', 20_500, { node: 'node-2' }),
    ];
    expect(nearestIncident(WINDOW, incidents, { ...NODES, source: undefined })).toBe(1);
  });
});

describe('of whom it was', () => {
  test.each([
    ['policy-deleted', 'networkpolicy/shop/deny', true],
    ['policy-deleted', 'networkpolicy/shop-two/deny', false],
    ['pod-deleted', 'shop/db', true],
    ['pod-deleted', 'shop/cache', false],
    ['plugin-image', 'daemonset/kube-system/calico-node', true],
  ] as const)('%s, %s: %s', (kind, object, isTold) => {
    const pods = ['shop/web', 'shop/db'] as const;
    const found = nearestIncident(WINDOW, [incident(kind, 20_500, { object })], { ...NODES, pods });
    expect(found).toBe(isTold ? 0 : undefined);
  });
});

describe('causes', () => {
  test('go before what follows from them, in this order', () => {
    const kinds: readonly IncidentKind[] = [
      'plugin-restarted',
      'plugin-rollout',
      'node-not-ready',
      'policy-deleted',
      'pod-replaced',
      'command-started',
      'api-lost',
    ];
    const all = kinds.map((kind) => incident(kind, 20_500));
    for (const [index, kind] of kinds.entries())
      expect(nearest(...all.slice(index).toReversed())).toBe(`${kind} at 20500`);
  });

  test('of another kind are told if they are much nearer', () => {
    expect(nearest(incident('plugin-restarted', 11_000), incident('policy-deleted', 20_500))).toBe(
      'policy-deleted at 20500',
    );
    expect(nearest(incident('command-started', 20_500), incident('plugin-rollout', 17_000))).toBe(
      'plugin-rollout at 17000',
    );
  });

  test.each(['api-lost', 'api-back'] as const)('%s is told only where there is no other', (kind) => {
    expect(nearest(incident(kind, 20_500))).toBe(`${kind} at 20500`);
    expect(nearest(incident(kind, 20_500), incident('command-started', 10_000))).toBe(
      'command-started at 10000',
    );
  });
});
