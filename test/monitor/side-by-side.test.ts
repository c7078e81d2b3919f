/** What keeps scenarios from being watched: all that are stand at once. */
import { expect, test } from 'vitest';
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
const ONE = scenario('one', 'shop', onNode('shop', '8443, 53/UDP'));

test.each([
  ['a namespace', scenario('two', 'shop', onNode('shop', '9443')), 'one and two share the namespace shop,'],
  [
    'a port of nodes',
    scenario('two', 'edge', onNode('edge', '9443, 53/UDP')),
    'one and two both have pods on the network of their nodes that listen on port 53/UDP,',
  ],
  [
    'nothing, but one has checks of a Service',
    scenario(
      'two',
      'edge',
      '  edge/api: { labels: { app: api }, ports: [80] }\nservices: { edge/api: { selector: { app: api }, ports: [{ port: 80 }] } }\nreachable: [{ from: edge/web, to: service/edge/api }]\n',
    ),
    'two has checks of service/edge/api, and connections to Services are not watched',
  ],
])('scenarios that share %s', async (_, other, message) => {
  await using project = await createProject({ 'one.yaml': ONE, 'two.yaml': other });
  const plans = await project.load(['one.yaml', 'two.yaml']);
  expect(() => refuseShared(plans)).toThrow(message);
});

test('the same number over another protocol is another port', async () => {
  const other = scenario('two', 'edge', onNode('edge', '53'));
  await using project = await createProject({ 'one.yaml': ONE, 'two.yaml': other });
  const plans = await project.load(['one.yaml', 'two.yaml']);
  expect(() => refuseShared(plans)).not.toThrow();
});
