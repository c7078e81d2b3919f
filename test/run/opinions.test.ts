/** Three ways of being wrong, each on real packets, and what the report says of it. */
import { describe, expect, test } from 'vitest';
import type { RunRecord } from '../../src/record/schema.ts';
import { renderTerminal } from '../../src/report/formats/terminal/terminal.ts';
import { viewOf } from '../../src/report/view/run.ts';
import { assumptionsFor } from '../../src/run/predict.ts';
import { throughProxy } from '../support/api-proxy.ts';
import { oneNode, runWith, SCENARIO } from './run-with.ts';

function told(record: RunRecord): string {
  const options = { width: 100, colour: false, verbose: false, quiet: false };
  return renderTerminal(viewOf(record), options).replaceAll(/\s+/g, ' ');
}

function opinions(record: RunRecord): unknown {
  return record.scenarios[0]?.steps[0]?.checks.map(({ to, predicted, verdict, disagreement }) => [
    to,
    predicted?.verdict,
    verdict,
    disagreement,
  ]);
}

describe.concurrent('who is wrong', () => {
  test('nobody, where declared, predicted and observed are one', async () => {
    const record = await runWith(oneNode());
    expect(opinions(record)).toEqual([
      ['pair/b', 'denied', 'pass', undefined],
      ['pair/c', 'allowed', 'pass', undefined],
    ]);
    expect(told(record)).not.toContain('at fault');
  });

  test('the policy, which lets through what the scenario forbids', async () => {
    // The selector is wrong: it selects those that are meant to be left alone.
    const record = await runWith(oneNode(), undefined, {
      scenario: SCENARIO.replace('operator: DoesNotExist', 'operator: Exists'),
    });
    expect(opinions(record)).toEqual([
      ['pair/b', 'allowed', 'leaked', 'policy'],
      ['pair/c', 'denied', 'broken', 'policy'],
    ]);
    expect(told(record)).toContain(
      'predicted denied by the ingress of policy pair/deny (pair.yaml:11) at fault the policies, or the scenario',
    );
  });

  test('the cluster, which does not do what the policy says', async () => {
    // What arrives at the network plugin is not what was written.
    const careless = throughProxy(oneNode(), {
      change: ({ path, body }) =>
        path.includes('/networkpolicies/deny') ? body.replace('DoesNotExist', 'Exists') : body,
    });
    const record = await runWith(careless);
    expect(opinions(record)).toEqual([
      ['pair/b', 'denied', 'leaked', 'cluster'],
      ['pair/c', 'allowed', 'broken', 'cluster'],
    ]);
    expect(told(record)).toContain('at fault the cluster: scenario and policies agree');
  });

  test('something outside, which does what these policies leave out', async () => {
    // The scenario's own policy selects nothing; another one in the namespace does what the scenario asks for.
    const record = await runWith(
      oneNode(),
      async (event, kube) => {
        if (event.type !== 'phase-started' || event.phase !== 'apply') return;
        await kube.create({
          apiVersion: 'networking.k8s.io/v1',
          kind: 'NetworkPolicy',
          metadata: { name: 'from-elsewhere', namespace: 'pair' },
          spec: { podSelector: { matchExpressions: [{ key: 'open', operator: 'DoesNotExist' }] } },
        });
      },
      {
        scenario: SCENARIO.replace(
          '{ key: open, operator: DoesNotExist }',
          '{ key: nobody, operator: Exists }',
        ),
      },
    );
    expect(opinions(record)).toEqual([
      ['pair/b', 'allowed', 'inconclusive', 'outside'],
      ['pair/c', 'allowed', 'pass', undefined],
    ]);
    expect(record.run.exitCode).toBe(4);
    expect(told(record)).toContain('it was cut by something else: the policies of the scenario allow it');
  });
});

/** Egress of the source to blocks alone; the sandbox's pods have addresses in 10.244.0.0/16. */
const blocks = (...ipBlocks: object[]): string =>
  SCENARIO.replace(
    'spec: { podSelector: { matchExpressions: [{ key: open, operator: DoesNotExist }] } }',
    `spec: ${JSON.stringify({ podSelector: {}, policyTypes: ['Egress'], egress: [{ to: ipBlocks.map((ipBlock) => ({ ipBlock })) }] })}`,
  );

describe.concurrent('blocks of addresses are predicted where pods have theirs', () => {
  test('the policy is at fault for one that leaves a pod out', async () => {
    const outside = await runWith(oneNode(), undefined, { scenario: blocks({ cidr: '203.0.113.0/24' }) });
    expect(opinions(outside)).toEqual([
      ['pair/b', 'denied', 'pass', undefined],
      ['pair/c', 'denied', 'broken', 'policy'],
    ]);
    const inside = await runWith(oneNode(), undefined, { scenario: blocks({ cidr: '10.244.0.0/16' }) });
    expect(opinions(inside)).toEqual([
      ['pair/b', 'allowed', 'leaked', 'policy'],
      ['pair/c', 'allowed', 'pass', undefined],
    ]);
  });

  test.each([
    [['Calico'], { ipBlocksMatchPods: true, hostNetworkPodsAreNodes: true }],
    [['Cilium'], { ipBlocksMatchPods: false, hostNetworkPodsAreNodes: true }],
    [['Calico', 'Cilium'], {}],
    [['Antrea'], {}],
    [[], {}],
  ])('with what is known of %j', (names, assumptions) => {
    const networkPlugins = names.map((name) => ({ name, daemonSet: 'kube-system/x', enforces: true }));
    const environment = { cluster: 'context', nodes: [], node: 'v24', networkPlugins };
    expect(assumptionsFor({ kind: 'to-be-proven' }, environment)).toEqual(assumptions);
    const proven = {
      ipBlocksMatchPods: false,
      hostNetworkPodsAreNodes: true,
      ipBlocksMatchHostNetwork: true,
      servicesAreTranslatedFirst: true,
      nodePortsHideSourceElsewhere: true,
    } as const;
    expect(assumptionsFor({ kind: 'proven', ...proven }, environment)).toEqual(proven);
  });
});
