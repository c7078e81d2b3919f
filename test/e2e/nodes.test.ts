/** Placement and pods on the network of their nodes, on the sandbox. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { folderWith, ROOT, runCli } from '../support/cli.ts';

const read = (name: string): string => readFileSync(join(ROOT, 'scenarios/nodes', `${name}.yaml`), 'utf8');

/** What a check came to, as `from > to`: of a scenario with something in it changed. */
async function verdictsOf(name: string, written: string, instead: string) {
  const text = read(name);
  expect(text).toContain(written);
  using folder = folderWith({ 'a.yaml': text.replace(written, instead) });
  const { exitCode: code } = await runCli(['run', 'a.yaml', '--report', 'json=record.json'], {
    cwd: folder.path,
  });
  const record = JSON.parse(readFileSync(join(folder.path, 'record.json'), 'utf8')) as {
    readonly scenarios: readonly {
      readonly steps: readonly {
        readonly checks: readonly {
          readonly from: string;
          readonly to: string;
          readonly verdict: string;
          readonly sameNode: boolean;
        }[];
      }[];
    }[];
  };
  const wrong = record.scenarios
    .flatMap(({ steps }) => steps.flatMap(({ checks }) => checks))
    .filter(({ verdict }) => verdict !== 'pass')
    .map(({ from, to, verdict, sameNode }) => {
      const ends = [from, to].map((end) => end.replace(`${name}-`, '').replace(`${name}/`, '')).join(' > ');
      return `${ends} ${verdict} ${sameNode ? 'on one node' : 'across nodes'}`;
    });
  return { code, wrong };
}

describe.concurrent('each scenario fails when its policy is wrong in the way that it teaches', () => {
  test('a policy that knows the pods of one node only', async () => {
    const found = await verdictsOf(
      'two-nodes',
      '- from: [{ podSelector: { matchLabels: { app: api } } }]',
      '- from: [{ ipBlock: { cidr: 10.244.1.0/24 } }]',
    );
    expect(found).toEqual({
      code: 1,
      wrong: ['api-elsewhere > db broken across nodes', 'web-beside > db leaked on one node'],
    });
  });

  test('a selector for whom none matches', async () => {
    const found = await verdictsOf(
      'ingress-controller',
      '- ports: [{ port: 8080 }]',
      '- from: [{ namespaceSelector: { matchLabels: { role: edge } } }]',
    );
    expect(found).toEqual({ code: 1, wrong: ['edge/controller > blog/elsewhere broken across nodes'] });
  });
});

const HEAD = 'apiVersion: podreach/v1\nkind: Scenario\nname: s\nnamespaces: { s: {} }\n';

async function failureOf(pods: string, nodes: string) {
  using folder = folderWith({ 'a.yaml': `${HEAD}pods: ${pods}\notherwise: reachable\n` });
  const { exitCode: code, stdout } = await runCli(['run', 'a.yaml', '--nodes', nodes], { cwd: folder.path });
  return { code, stdout };
}

describe.concurrent('fewer nodes than a scenario needs', () => {
  test('for its numbers', async () => {
    const { code, stdout } = await failureOf('{ s/a: { node: 1 }, s/b: { node: 5, ports: [80] } }', '1');
    expect(stdout.replace(/\s+/g, ' ')).toContain(
      'the pods are for 2 nodes (node 1 and 5), and only 1 node of the cluster takes probe pods: node-1',
    );
    expect(code).toBe(3);
  });

  test('for a port that several pods need on the network of their nodes', async () => {
    const pod = '{ hostNetwork: true, ports: [8443] }';
    const { code, stdout } = await failureOf(`{ s/a: ${pod}, s/b: ${pod}, s/c: ${pod} }`, '2');
    expect(stdout.replace(/\s+/g, ' ')).toContain(
      's/a, s/b and s/c are on the network of their nodes and listen on port 8443/TCP, so that each needs a node of its own, and only 2 nodes of the cluster take probe pods: node-1 and node-2',
    );
    expect(code).toBe(3);
  });
});
