import { describe, expect, it } from 'vitest';
import type { CheckDraft } from '../../../src/record/draft.ts';
import { onNodes } from '../../../src/run/directions.ts';
import type { MetService } from '../../../src/run/existing-services.ts';
import type { Outpost } from '../../../src/run/outposts.ts';
import { OUTSIDE, type RunningPod } from '../../../src/run/provision.ts';
import { WatchPlan } from '../../../src/run/watching/plan-watches.ts';

const pod = (name: string, node: string, ip: string): RunningPod =>
  ({ namespace: 'shop', name, node, ip }) as RunningPod;
const web = pod('web', 'node-1', '10.0.0.1');
const api = pod('api', 'node-1', '10.0.0.2');
const db = pod('db', 'node-2', '10.0.0.3');
const pods = new Map([web, api, db].map((one) => [`shop/${one.name}`, one]));
const ENDS = { pods };
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
    const one = plan.addCheck(check('shop/web', 'shop/db'), ENDS, false);
    const other = plan.addCheck(check('shop/api', 'shop/db'), ENDS, false);
    expect(one?.listeners).toEqual(other?.listeners);
    const targets = new Map(plan.pods.map((each) => [each.pod.name, each.targets]));
    const dialled = { host: '10.0.0.3', port: 5432, protocol: 'TCP', pod: 'shop/db' };
    expect(targets).toEqual(
      new Map([
        ['web', [{ id: one?.target, ...dialled }]],
        ['db', [{ id: one?.listeners[0]?.listener, ...dialled }]],
        ['api', [{ id: other?.target, ...dialled }]],
      ]),
    );
    const ids = plan.pods.flatMap((each) => each.targets.map(({ id }) => id));
    expect(new Set(ids).size).toBe(ids.length);
  });

  it('has a connection held under its own id where that is asked for', () => {
    const plan = new WatchPlan();
    const one = plan.addCheck(check('shop/web', 'shop/db'), ENDS, true);
    plan.addCheck(check('shop/api', 'shop/db'), ENDS, false);
    expect(plan.pods.map(({ pod: { name }, held }) => [name, held.map(({ id }) => id)])).toEqual([
      ['db', []],
      ['web', [one?.target]],
      ['api', []],
    ]);
  });

  it('of which only a connection is held is not tried, and its port is watched all the same', () => {
    const plan = new WatchPlan();
    const one = plan.addHeld(check('shop/web', 'shop/db'), ENDS);
    expect(plan.pods.map(({ pod: { name }, targets, held }) => [name, targets.length, held])).toEqual([
      ['db', 1, []],
      ['web', 0, [{ id: one?.target, host: '10.0.0.3', port: 5432, protocol: 'TCP', pod: 'shop/db' }]],
    ]);
    expect(one?.listeners[0]?.listener).not.toBe(one?.target);
    expect(plan.addHeld(check('shop/web', 'shop/gone'), ENDS)).toBeUndefined();
  });

  it('of a pod that does not run is not watched', () => {
    const plan = new WatchPlan();
    expect(plan.addCheck(check('shop/web', 'shop/gone'), ENDS, false)).toBeUndefined();
    expect(plan.pods).toEqual([]);
  });
});

describe('a check at a Service', () => {
  const backends = [
    { pod: 'shop/api', port: 8080 },
    { pod: 'shop/db', port: 8080 },
  ];
  const ends = {
    ...ENDS,
    services: new Map([['service/shop/api', ['10.96.0.7']]]),
    nodes: new Map([
      ['node-1', ['172.18.0.2']],
      ['node-2', ['172.18.0.3']],
    ]),
    nodePorts: new Map([['service/shop/api:80/TCP', 30080]]),
  };
  const toService = (parts: Partial<CheckDraft>): CheckDraft =>
    check('shop/web', 'service/shop/api', { port: 80, path: 'clusterIP', backends, ...parts });
  const PODS_BEHIND = ['shop/api', 'shop/db'];

  it.each([
    ['clusterIP', { host: '10.96.0.7', port: 80, pods: PODS_BEHIND }],
    [
      'dns',
      {
        host: 'api.shop.svc.cluster.local.',
        port: 80,
        family: 'IPv4',
        pods: PODS_BEHIND,
        leadsTo: ['10.96.0.7'],
      },
    ],
    [
      'nodePort',
      {
        host: '172.18.0.2',
        port: 30080,
        pods: PODS_BEHIND,
        nodes: [
          { address: '172.18.0.2', pods: PODS_BEHIND },
          { address: '172.18.0.3', pods: PODS_BEHIND },
        ],
      },
    ],
  ] as const)(
    'via %s is dialled once at a time and held, and all of its pods watch their own ports',
    (path, dialled) => {
      const plan = new WatchPlan();
      const one = plan.addCheck(toService({ path }), ends, true);
      const wanted = [{ id: one?.target, protocol: 'TCP', ...dialled }];
      expect(plan.pods.find((each) => each.pod === web)).toEqual({ pod: web, targets: wanted, held: wanted });
      expect(one?.listeners.map(({ to }) => to)).toEqual([api, db]);
      const own = (listening: RunningPod) => plan.pods.find((each) => each.pod === listening)?.targets;
      expect(own(api)).toMatchObject([{ host: '10.0.0.2', port: 8080, pod: 'shop/api' }]);
      expect(own(db)).toMatchObject([{ host: '10.0.0.3', port: 8080, pod: 'shop/db' }]);
    },
  );

  it('rests on the ways to all of its pods, by ports of nodes also on those to the nodes', () => {
    const places = onNodes(['node-1', 'node-2', 'node-3'].map(outpost));
    const namesOf = (path: 'clusterIP' | 'nodePort', node: string): readonly string[] =>
      new WatchPlan().addWays(toService({ path }), { node }, ends, places).map(({ name }) => name);
    const between = ['the way from node-1 to node-2', 'the way from node-2 to node-1'];
    expect(namesOf('clusterIP', 'node-1')).toEqual(['the way inside node-1', ...between]);
    expect(namesOf('nodePort', 'node-3')).toEqual([
      'the way from node-3 to node-1',
      'the way from node-1 to node-3',
      'the way inside node-1',
      ...between,
      'the way from node-3 to node-2',
      'the way from node-2 to node-3',
      'the way inside node-2',
    ]);
  });

  it('rests on each node that leads to it leading to Services at all, which its guarded pod tries', () => {
    const open = ['node-1', 'node-2', 'node-3'].map(outpost);
    const places = onNodes(open.map((one) => ({ ...one, serviceAddresses: ['10.96.0.99'] })));
    const plan = new WatchPlan();
    const tried = (parts: Partial<CheckDraft>, node = 'node-3'): readonly string[] =>
      plan
        .addWays(toService(parts), { node }, ends, places)
        .filter(({ name }) => name.includes('to Services'))
        .map(({ name, watcher }) => `${watcher.name}: ${name}`);
    const fromNode = (node: string): string => `guarded-${node}: the way from ${node} to Services`;
    expect(tried({})).toEqual([fromNode('node-3')]);
    expect(tried({ path: 'dns' })).toEqual([fromNode('node-3')]);
    expect(tried({ path: 'nodePort' })).toEqual([fromNode('node-1'), fromNode('node-2')]);
    expect(plan.pods.find(({ pod: { name } }) => name === 'guarded-node-3')?.targets).toMatchObject([
      { host: '10.96.0.99', port: 8080, pods: open.map((one) => `shop/${one.open.name}`) },
    ]);
    // A host outside dials no address of a Service, and the name of one without an address leads to its pods.
    expect(tried({}, OUTSIDE)).toEqual([]);
    const headless = { ...ends, services: new Map() };
    expect(
      plan
        .addWays(toService({ path: 'dns' }), { node: 'node-1' }, headless, places)
        .filter(({ name }) => name.includes('to Services')),
    ).toEqual([]);
  });

  it('is not watched while one of its pods does not run', () => {
    const gone = [...backends, { pod: 'shop/gone', port: 8080 }];
    expect(new WatchPlan().addCheck(toService({ backends: gone }), ends, false)).toBeUndefined();
  });

  it('that is there already is not held, and somebody else on the node of its source tries the same', () => {
    const plan = new WatchPlan();
    const { backends: _, ...existing } = toService({});
    const endpoints = [1, 2].map((last) => ({ address: `10.0.9.${last}`, port: 6443 }));
    const service: MetService = {
      families: ['IPv4'],
      addresses: ['10.96.0.7'],
      endpoints: new Map([['IPv4', [{ port: 80, protocol: 'TCP', endpoints }]]]),
    };
    const met = new Map([['service/shop/api', service]]);
    const one = plan.addCheck(existing, { ...ENDS, met }, true);
    const [way] = plan.addWays(existing, web, { ...ENDS, met }, onNodes([outpost('node-1')]));
    expect(one?.listeners).toEqual([]);
    expect(way?.name).toBe('the way from node-1 to service/shop/api:80/TCP');
    const dialled = { host: '10.96.0.7', port: 80, protocol: 'TCP' };
    expect(plan.pods.map(({ pod: { name }, targets, held }) => ({ name, targets, held }))).toEqual([
      { name: 'web', targets: [{ id: one?.target, ...dialled }], held: [] },
      { name: 'open-node-1', targets: [{ id: way?.target, ...dialled }], held: [] },
    ]);
  });
});

describe('a check at a host', () => {
  const bank: RunningPod = { ...pod('bank', OUTSIDE, '203.0.113.7'), host: 'host/bank' };
  const ends = { pods: new Map([...pods, ['host/bank', bank]]) };
  const places = onNodes([outpost('node-1')]);
  const wayOf = (one: CheckDraft, from: RunningPod) => {
    const plan = new WatchPlan();
    return plan.addWays(one, from, ends, places).map(({ name, watcher }) => ({ name, by: watcher.name }));
  };

  it('that is simulated is answered by its agent, and a pod of each node tries the way there', () => {
    const plan = new WatchPlan();
    const one = check('shop/web', 'host/bank');
    expect(plan.addCheck(one, ends, false)?.listeners).toMatchObject([{ to: bank }]);
    expect(plan.pods.map((each) => [each.pod.name, each.targets[0]])).toMatchObject([
      ['bank', { host: '203.0.113.7', pod: 'host/bank' }],
      ['web', { host: '203.0.113.7', pod: 'host/bank' }],
    ]);
    expect(wayOf(one, web)).toEqual([
      { name: 'the way from node-1 to host/bank:5432/TCP', by: 'open-node-1' },
    ]);
  });

  it('that starts there rests on the way that the host itself takes to the node', () => {
    expect(wayOf(check('host/bank', 'shop/api'), bank)).toEqual([
      { name: 'the way from host/bank to node-1', by: 'bank' },
    ]);
  });
});

describe('the way between two nodes', () => {
  const places = onNodes(['node-1', 'node-2'].map(outpost));

  it('is watched in each direction once, by the open pods of their outposts', () => {
    const plan = new WatchPlan();
    const one = plan.addWays(check('shop/web', 'shop/db'), web, ENDS, places);
    expect(plan.addWays(check('shop/db', 'shop/api'), db, ENDS, places)).toEqual(one.toReversed());
    expect(plan.ways).toEqual(one);
    expect(plan.ways.map(({ watcher }) => watcher.name)).toEqual(['open-node-1', 'open-node-2']);
    expect(plan.pods.map(({ targets }) => targets.map(({ host }) => host))).toEqual([
      ['10.1.0.2'],
      ['10.1.0.1'],
    ]);
    const overUdp = plan.addWays(check('shop/web', 'shop/db', { protocol: 'UDP' }), web, ENDS, places);
    expect(overUdp.map(({ name }) => name)).toEqual([
      'the way from node-1 to node-2 for UDP',
      'the way from node-2 to node-1 for UDP',
    ]);
  });

  it('inside one node is watched by the guarded pod', () => {
    const ways = new WatchPlan().addWays(check('shop/web', 'shop/api'), web, ENDS, places);
    expect(ways.map(({ name, watcher }) => [name, watcher.name])).toEqual([
      ['the way inside node-1', 'guarded-node-1'],
    ]);
  });

  it('is not watched where a node has no outpost', () => {
    const plan = new WatchPlan();
    plan.addWays(check('shop/web', 'shop/db'), web, ENDS, onNodes([outpost('node-1')]));
    expect(plan.ways).toEqual([]);
  });
});
