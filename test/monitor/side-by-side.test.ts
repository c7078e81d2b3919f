/** What keeps scenarios from being watched: all that are stand at once. */
import { expect, test } from 'vitest';
import { refuseWatch } from '../../src/monitor/monitor.ts';
import { refuseShared } from '../../src/monitor/side-by-side.ts';
import { createProject } from '../scenario/project.ts';

const scenario = (name: string, namespace: string, more: string): string => `apiVersion: podreach/v1
kind: Scenario
name: ${name}
namespaces: { ${namespace}: {} }
pods:
  ${namespace}/web: { labels: { app: web } }
${more}`;
const onNode = (namespace: string, ports: string): string =>
  `  ${namespace}/proxy: { hostNetwork: true, ports: [${ports}] }\nreachable: [{ from: ${namespace}/web, to: ${namespace}/proxy }]\n`;
const ONE = `${scenario('one', 'shop', onNode('shop', '8443, 53/UDP'))}hosts: { ledger: { address: 192.0.2.7 } }\n`;
const SAME_HOST = scenario(
  'two',
  'edge',
  'hosts: { bank: { address: 192.0.2.7, ports: [443] } }\nreachable: [{ from: edge/web, to: host/bank }]\n',
);

test.each([
  ['a namespace', scenario('two', 'shop', onNode('shop', '9443')), 'one and two share the namespace shop,'],
  [
    'a port of nodes',
    scenario('two', 'edge', onNode('edge', '9443, 53/UDP')),
    'one and two both take port 53/UDP of nodes,',
  ],
  ['the place of a host', SAME_HOST, 'one and two both have a host at 192.0.2.7,'],
])('scenarios that share %s', async (_, other, message) => {
  await using project = await createProject({ 'one.yaml': ONE, 'two.yaml': other });
  const plans = await project.load(['one.yaml', 'two.yaml']);
  expect(() => refuseShared(plans, { kind: 'sandbox' })).toThrow(message);
});

test('the same number over another protocol is another port', async () => {
  const other = scenario('two', 'edge', onNode('edge', '53'));
  await using project = await createProject({ 'one.yaml': ONE, 'two.yaml': other });
  const plans = await project.load(['one.yaml', 'two.yaml']);
  expect(() => refuseShared(plans, { kind: 'sandbox' })).not.toThrow();
});

test('a real host is there for all', async () => {
  await using project = await createProject({ 'one.yaml': ONE, 'two.yaml': SAME_HOST });
  const plans = await project.load(['one.yaml', 'two.yaml']);
  expect(() => refuseShared(plans, { kind: 'kind' })).toThrow('both have a host at 192.0.2.7');
  expect(() => refuseShared(plans, { kind: 'context' })).not.toThrow();
});

test.each([
  ['everyMs', 0],
  ['everyMs', Number.NaN],
  ['churnPerMinute', 0],
  ['churnPerMinute', -1],
  ['churnPerMinute', Number.POSITIVE_INFINITY],
] as const)('a watch with %s %s', (name, value) => {
  expect(() => refuseWatch([], { kind: 'sandbox' }, { [name]: value })).toThrow(
    new RangeError(`${name} must be a number above 0, and is ${value}`),
  );
  expect(() => refuseWatch([], { kind: 'sandbox' }, { [name]: 1 })).not.toThrow();
});
