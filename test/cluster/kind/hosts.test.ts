/** Hosts outside a kind cluster: what Docker is told to make for them, and that nothing of it stays. */
import { expect, test } from 'vitest';
import type { WantedContainer } from '../../../src/cluster/cluster.ts';
import { findOutside, hostContainers, removeOutside } from '../../../src/cluster/kind/hosts.ts';
import { PodreachError } from '../../../src/errors.ts';
import { memoryWorld, type World } from './world.ts';

const LABELS = '--label podreach.dev/outside-of=c --label podreach.dev/run=r1';
const FILTERS = '--filter label=podreach.dev/outside-of=c --filter label=podreach.dev/run=r1';
const NODES = ['c-control-plane', 'c-worker'];

const BANK: WantedContainer = {
  name: 'podreach-host-r1-1-bank',
  addresses: ['203.0.113.10', '2001:db8::10'],
  image: 'probe:v1',
  command: ['node', '-e', 'SCRIPT', 'serve'],
  env: { PODREACH_CONFIG: '{}' },
  hasLowPorts: true,
  readyWhen: ['node', '-e', 'READY'],
  readyWithinMs: 1_000,
};

function connect(world: World, addresses: readonly string[] = BANK.addresses) {
  const { context } = world;
  world.addNodes('c');
  return hostContainers('c', context).connect({
    runId: 'r1',
    addresses,
    nodes: NODES,
    signal: context.signal,
  });
}

async function failureOf(promise: Promise<unknown>): Promise<PodreachError> {
  const thrown: unknown = await promise.then(
    () => undefined,
    (reason: unknown) => reason,
  );
  if (thrown instanceof PodreachError) return thrown;
  throw new Error('it did not fail as expected', { cause: thrown });
}

test('each range is a network, into which every node goes at an address of its own', async () => {
  using world = memoryWorld();
  const networks = await connect(world);
  expect(world.commands).toEqual([
    `docker network create --driver bridge --internal --subnet 203.0.113.0/24 --gateway 203.0.113.254 ${LABELS} podreach-hosts-r1-1`,
    'docker network connect --ip 203.0.113.253 podreach-hosts-r1-1 c-control-plane',
    'docker network connect --ip 203.0.113.252 podreach-hosts-r1-1 c-worker',
    `docker network create --driver bridge --internal --ipv6 --subnet 2001:db8::/64 --gateway 2001:db8::ffff:ffff:ffff:fffe ${LABELS} podreach-hosts-r1-2`,
    'docker network connect --ip6 2001:db8::ffff:ffff:ffff:fffd podreach-hosts-r1-2 c-control-plane',
    'docker network connect --ip6 2001:db8::ffff:ffff:ffff:fffc podreach-hosts-r1-2 c-worker',
  ]);
  expect([...networks.nodesAround(BANK.addresses)]).toEqual([
    ['c-control-plane', ['203.0.113.253', '2001:db8::ffff:ffff:ffff:fffd']],
    ['c-worker', ['203.0.113.252', '2001:db8::ffff:ffff:ffff:fffc']],
  ]);
  expect([...networks.nodesAround(['203.0.113.10'])]).toEqual([
    ['c-control-plane', ['203.0.113.253']],
    ['c-worker', ['203.0.113.252']],
  ]);
});

test('a host is an unprivileged container at its addresses, which starts when it has all of them', async () => {
  using world = memoryWorld([
    { match: /READY$/, fails: '', times: 2 },
    { match: /State.Running/, stdout: 'true' },
  ]);
  const networks = await connect(world);
  world.commands.splice(0);
  await networks.create(BANK, world.context.signal);
  const asked = 'docker exec podreach-host-r1-1-bank node -e READY';
  const isRunning = 'docker inspect --type container --format {{.State.Running}} podreach-host-r1-1-bank';
  expect(world.commands).toEqual([
    'docker image inspect --format {{.Id}} probe:v1',
    `docker create --name podreach-host-r1-1-bank ${LABELS} --network podreach-hosts-r1-1 --ip 203.0.113.10 --user 1000:1000 --read-only --tmpfs /tmp:size=4m,mode=1777 --cap-drop ALL --security-opt no-new-privileges --memory 256m --sysctl net.ipv4.ip_unprivileged_port_start=0 --env PODREACH_CONFIG --entrypoint node probe:v1 -e SCRIPT serve`,
    'docker network connect --ip6 2001:db8::10 podreach-hosts-r1-2 podreach-host-r1-1-bank',
    'docker start podreach-host-r1-1-bank',
    asked,
    isRunning,
    asked,
    isRunning,
    asked,
  ]);
  await networks.remove([BANK.name]);
  expect(world.commands.at(-1)).toBe('docker rm --force --volumes podreach-host-r1-1-bank');
});

test('a range that another network has is told with what to do, and what was made before it is taken away', async () => {
  using world = memoryWorld([
    {
      match: /network create .*198\.51/,
      fails:
        'Error response from daemon: invalid pool request: Pool overlaps with other one on this address space',
    },
    { match: /network ls/, stdout: 'n1\n' },
  ]);
  const error = await failureOf(connect(world, ['203.0.113.10', '198.51.100.9']));
  expect(error).toMatchObject({
    code: 'provision-failed',
    message: expect.stringMatching(
      /^no network for the hosts in 198\.51\.100\.0\/24 can be made: .*Pool overlaps with other one on this address space$/,
    ),
    hint: expect.stringContaining('podreach clean --cluster kind=c'),
  });
  const from = world.commands.indexOf(`docker ps --all --quiet --no-trunc ${FILTERS}`);
  expect(world.commands.slice(from)).toEqual([
    `docker ps --all --quiet --no-trunc ${FILTERS}`,
    `docker network ls --quiet --no-trunc ${FILTERS}`,
    'docker ps --all --quiet --no-trunc --filter label=io.x-k8s.kind.cluster=c',
    'docker inspect --type container c-control-plane#1 c-worker#1',
    'docker network disconnect --force n1 c-control-plane',
    'docker network disconnect --force n1 c-worker',
    'docker network rm n1',
  ]);
});

test('an image that Docker neither has nor can pull is told', async () => {
  using world = memoryWorld([
    { match: /image inspect/, fails: 'Error: No such image: probe:v1' },
    { match: /docker pull/, fails: 'Error response from daemon: manifest unknown' },
  ]);
  const networks = await connect(world);
  expect(await failureOf(networks.create(BANK, world.context.signal))).toMatchObject({
    code: 'provision-failed',
    message: expect.stringContaining('manifest unknown'),
    hint: expect.stringContaining('--probe-image'),
  });
});

test('an agent that has ended is told with its own last words', async () => {
  using world = memoryWorld([
    { match: /READY$/, fails: 'Error response from daemon: container is not running' },
    { match: /State.Running/, stdout: 'false' },
    { match: /docker logs/, stdout: 'podreach agent: port 443 is taken' },
  ]);
  const networks = await connect(world);
  expect(await failureOf(networks.create(BANK, world.context.signal))).toMatchObject({
    message:
      'the agent in the container podreach-host-r1-1-bank does not serve: podreach agent: port 443 is taken',
  });
});

test('what stands outside is taken away, containers first; a node that is in no network any more is fine, and what stays is told', async () => {
  using world = memoryWorld([
    { match: /docker ps .*outside-of/, stdout: 'h1\nh2\n' },
    { match: /network ls/, stdout: 'n1\nn2\n' },
    {
      match: /disconnect --force n1 c-worker/,
      fails: 'Error response from daemon: container is not connected to network n1',
    },
    { match: /network rm n1/, fails: 'Error response from daemon: network n1 has active endpoints' },
  ]);
  world.addNodes('c');
  const error = await failureOf(removeOutside(world.context.runner, { cluster: 'c' }));
  expect(error.message).toMatch(
    /^what stands for hosts outside the kind cluster "c" is still there: .*network n1 has active endpoints$/,
  );
  expect(error.hint).toContain('--filter label=podreach.dev/outside-of=c');
  const removals = world.commands.filter((line) => / (rm|disconnect) /.test(line));
  expect(removals).toEqual([
    'docker rm --force --volumes h1 h2',
    'docker network disconnect --force n1 c-control-plane',
    'docker network disconnect --force n1 c-worker',
    'docker network rm n1',
    'docker network disconnect --force n2 c-control-plane',
    'docker network disconnect --force n2 c-worker',
    'docker network rm n2',
  ]);
});

test('what runs have left is found by run', async () => {
  using world = memoryWorld([
    { match: /docker ps .*outside-of/, stdout: 'r1 podreach-host-r1-1-bank\nr2 podreach-host-r2-1-bank\n' },
    { match: /network ls/, stdout: 'r1 podreach-hosts-r1-1\n' },
  ]);
  expect(await findOutside(world.context.runner, 'c')).toEqual([
    { runId: 'r1', names: ['podreach-host-r1-1-bank', 'podreach-hosts-r1-1'] },
    { runId: 'r2', names: ['podreach-host-r2-1-bank'] },
  ]);
});
