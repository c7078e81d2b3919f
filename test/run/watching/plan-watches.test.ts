import { describe, expect, it } from 'vitest';
import type { CheckDraft } from '../../../src/record/draft.ts';
import type { Outpost } from '../../../src/run/outposts.ts';
import type { RunningPod } from '../../../src/run/provision.ts';
import { WatchPlan, watcherOf } from '../../../src/run/watching/plan-watches.ts';

const pod = (name: string, node: string, ip: string): RunningPod =>
  ({ namespace: 'shop', name, node, ip }) as RunningPod;
const web = pod('web', 'node-1', '10.0.0.1');
const api = pod('api', 'node-1', '10.0.0.2');
const db = pod('db', 'node-2', '10.0.0.3');
const PODS = new Map([web, api, db].map((one) => [`shop/${one.name}`, one]));
const check = (from: string, to: string, parts: Partial<CheckDraft> = {}): CheckDraft =>
  ({ from, to, port: 5432, protocol: 'TCP', family: 'IPv4', expected: 'reachable', ...parts }) as CheckDraft;
const outpost = (node: string): Outpost => ({
  node,
  open: pod(`open-${node}`, node, `10.1.0.${node.at(-1)}`),
  guarded: pod(`guarded-${node}`, node, `10.2.0.${node.at(-1)}`),
});

describe('a check', () => {
  it('is watched by its source, and its port by its destination, once for all sources', () => {
    const plan = new WatchPlan();
    const one = plan.addCheck(check('shop/web', 'shop/db'), PODS, false);
    const other = plan.addCheck(check('shop/api', 'shop/db'), PODS, false);
    expect(one?.listener).toBe(other?.listener);
    const targets = new Map(plan.pods.map((each) => [each.pod.name, each.targets]));
    const dialled = { host: '10.0.0.3', port: 5432, protocol: 'TCP', pod: 'shop/db' };
    expect(targets).toEqual(
      new Map([
        ['web', [{ id: one?.target, ...dialled }]],
        ['db', [{ id: one?.listener, ...dialled }]],
        ['api', [{ id: other?.target, ...dialled }]],
      ]),
    );
    const ids = plan.pods.flatMap((each) => each.targets.map(({ id }) => id));
    expect(new Set(ids).size).toBe(ids.length);
  });

  it('has a connection held under its own id where that is asked for', () => {
    const plan = new WatchPlan();
    const one = plan.addCheck(check('shop/web', 'shop/db'), PODS, true);
    plan.addCheck(check('shop/api', 'shop/db'), PODS, false);
    expect(plan.pods.map(({ pod: { name }, held }) => [name, held.map(({ id }) => id)])).toEqual([
      ['db', []],
      ['web', [one?.target]],
      ['api', []],
    ]);
  });

  it('of which only a connection is held is not tried, and its port is watched all the same', () => {
    const plan = new WatchPlan();
    const one = plan.addHeld(check('shop/web', 'shop/db'), PODS);
    expect(plan.pods.map(({ pod: { name }, targets, held }) => [name, targets.length, held])).toEqual([
      ['db', 1, []],
      ['web', 0, [{ id: one?.target, host: '10.0.0.3', port: 5432, protocol: 'TCP', pod: 'shop/db' }]],
    ]);
    expect(one?.listener).not.toBe(one?.target);
    expect(plan.addHeld(check('shop/web', 'shop/gone'), PODS)).toBeUndefined();
  });

  it('of a pod that does not run is not watched', () => {
    const plan = new WatchPlan();
    expect(plan.addCheck(check('shop/web', 'shop/gone'), PODS, false)).toBeUndefined();
    expect(plan.pods).toEqual([]);
  });
});

describe('the way between two nodes', () => {
  const [first, second] = [outpost('node-1'), outpost('node-2')];

  it('is watched in each direction once, by the open pods of their outposts', () => {
    const plan = new WatchPlan();
    for (let times = 0; times < 2; times += 1) {
      plan.addWay(first, second, { protocol: 'TCP', family: 'IPv4' });
      plan.addWay(second, first, { protocol: 'TCP', family: 'IPv4' });
    }
    expect(plan.ways.map((way) => watcherOf(way).name)).toEqual(['open-node-1', 'open-node-2']);
    expect(plan.pods.map(({ targets }) => targets.map(({ host }) => host))).toEqual([
      ['10.1.0.2'],
      ['10.1.0.1'],
    ]);
    expect(plan.waysBetween(web, db, { protocol: 'TCP', family: 'IPv4' })).toEqual(plan.ways);
    expect(plan.waysBetween(web, db, { protocol: 'UDP', family: 'IPv4' })).toEqual([]);
  });

  it('inside one node is watched by the guarded pod', () => {
    const plan = new WatchPlan();
    plan.addWay(first, first, { protocol: 'UDP', family: 'IPv4' });
    expect(plan.ways.map((way) => watcherOf(way).name)).toEqual(['guarded-node-1']);
    expect(plan.waysBetween(web, api, { protocol: 'UDP', family: 'IPv4' })).toHaveLength(1);
  });

  it('is not watched where a node has no outpost', () => {
    const plan = new WatchPlan();
    plan.addWay(first, undefined, { protocol: 'TCP', family: 'IPv4' });
    expect(plan.ways).toEqual([]);
  });
});
