import { describe, expect, test } from 'vitest';
import type { RunRecord, ScenarioRecord } from '../../../../src/record/schema.ts';
import { buildAudit } from '../../../../src/report/formats/audit/audit.ts';
import { plainText } from '../../../../src/report/formats/audit/phrase.ts';
import { viewOf } from '../../../../src/report/view/run.ts';
import { attempts, buildRecord, buildScenario, type CheckParts } from '../../fixture.ts';

type Ground = ScenarioRecord['grounds'][number][number];

const at = (line: number) => ({ file: 'policies.yaml', line, column: 1 });
const IN: Ground = { direction: 'ingress', policy: 'shop/db-from-api', rule: 1, location: at(18) };
const DENY: Ground = { direction: 'ingress', policy: 'shop/deny', location: at(2) };
const OUT: Ground = { direction: 'egress', policy: 'shop/no-egress', location: at(31) };
const CALICO = { name: 'Calico', version: 'v3.32.1', daemonSet: 'kube-system/calico-node', enforces: true };
/** Makes connections, and enforces nothing. */
const FLANNEL = { name: 'Flannel', daemonSet: 'kube-flannel/kube-flannel-ds', enforces: false };
const REPETITION =
  'Have somebody who works with the cluster make the connection again: the last of the facts below is the command. It starts the test pods anew, tries this connection alone, and leaves all in place to look at.';

function incidentOf(
  check: CheckParts,
  grounds: readonly Ground[],
  {
    environment = { warnings: [], networkPlugins: [FLANNEL, CALICO] },
    ...overrides
  }: Partial<ScenarioRecord> & { readonly environment?: Partial<RunRecord['environment']> } = {},
) {
  const scenario = buildScenario(
    'shop',
    { pods: { 'shop/web': [], 'shop/db': [5432] }, checks: [check] },
    { owner: 'payments-team', grounds: [[...grounds]], ...overrides },
  );
  const [incident] = buildAudit(
    viewOf(buildRecord([scenario], {}, { cluster: 'kind', ...environment })),
  ).incidents;
  return {
    fault: incident?.fault === undefined ? undefined : plainText(incident.fault),
    checks: incident?.firstChecks.map(plainText) ?? [],
    whom: plainText(incident?.whomToAsk ?? []),
  };
}

const LEAK = { expected: 'unreachable', verdict: 'leaked' } as const;
const BROKEN = { expected: 'reachable', verdict: 'broken' } as const;
const allowed = { verdict: 'allowed', grounds: 0 } as const;
const denied = { verdict: 'denied', grounds: 0 } as const;

describe('where the policies say otherwise than the scenario', () => {
  test('a leak is put down to the rule that lets it through, or to the scenario', () => {
    const { fault, checks, whom } = incidentOf({ ...LEAK, predicted: allowed, disagreement: 'policy' }, [IN]);
    expect(fault).toBe(
      'The policies, or the scenario: they say different things. The policies let this connection through: rule 1 of policy shop/db-from-api (policies.yaml:18) for what comes in to db in shop. The scenario says that it must be impossible. The cluster does what the policies say.',
    );
    expect(checks).toEqual([
      'Look at rule 1 of policy shop/db-from-api (policies.yaml:18) for what comes in to db in shop. Is that meant to let web in shop (app=web) through to db in shop on TCP 5432? It may be wider than it looks. Policies are described in plain language below.',
      'Is the connection meant to be possible after all? Then the policies are right, and the scenario is wrong: scenarios/shop.yaml:20. Only its owner may change that.',
      REPETITION,
    ]);
    expect(whom).toBe('payments-team, the owner of this scenario.');
  });

  test('a leak that nothing restricts is put down to a policy that is missing', () => {
    const { fault, checks } = incidentOf({ ...LEAK, predicted: allowed, disagreement: 'policy' }, []);
    expect(fault).toContain("None of the scenario's policies restricts this connection: they leave it open.");
    expect(checks[0]).toBe(
      'Is there a policy in the namespace shop that is meant to restrict it? Then its selector has to match the labels of db in shop (app=db), and the scenario has to list it.',
    );
  });

  test('a block is put down to the policies of each direction', () => {
    const { fault, checks } = incidentOf({ ...BROKEN, predicted: denied, disagreement: 'policy' }, [
      OUT,
      DENY,
      { ...DENY, policy: 'shop/more' },
    ]);
    expect(fault).toBe(
      'The policies, or the scenario: they say different things. The policies block this connection: policy shop/no-egress (policies.yaml:31) for what goes out of web in shop and policy shop/deny (policies.yaml:2) and policy shop/more (policies.yaml:2) for what comes in to db in shop. The scenario says that it must be possible. The cluster does what the policies say.',
    );
    expect(checks.slice(0, 3)).toEqual([
      'For what goes out of web in shop, no rule of policy shop/no-egress (policies.yaml:31) lets it out to db in shop on TCP 5432. Is that rule missing, or does it not match the labels of db in shop (app=db)? This direction is the one that is forgotten most.',
      'For what comes in to db in shop, no rule of policy shop/deny (policies.yaml:2) and policy shop/more (policies.yaml:2) lets in web in shop on TCP 5432. Is that rule missing, or does it not match the labels of web in shop (app=web)?',
      'Is the connection meant to be blocked after all? Then the policies are right, and the scenario is wrong: scenarios/shop.yaml:20. Only its owner may change that.',
    ]);
  });

  test('every one of the policies that decide is named, however many', () => {
    const many = Array.from({ length: 5 }, (_, index) => ({ ...DENY, policy: `shop/p${index}` }));
    const { fault } = incidentOf({ ...BROKEN, predicted: denied, disagreement: 'policy' }, many);
    expect(fault).toContain(
      'policy shop/p0 (policies.yaml:2), policy shop/p1 (policies.yaml:2), policy shop/p2 (policies.yaml:2), policy shop/p3 (policies.yaml:2) and policy shop/p4 (policies.yaml:2) for what comes in',
    );
  });
});

describe('where the cluster does otherwise than policies and scenario', () => {
  test('a leak is put down to the network plugin, by name', () => {
    const { fault, checks, whom } = incidentOf({ ...LEAK, predicted: denied, disagreement: 'cluster' }, [
      DENY,
    ]);
    expect(fault).toBe(
      'The cluster. The policies block this connection: policy shop/deny (policies.yaml:2) for what comes in to db in shop. That is what the scenario asks for. The cluster let it through all the same. Other connections may be open in the same way.',
    );
    expect(checks).toEqual([
      'Have those who run the cluster look at the state and the log of the network plugin (Calico v3.32.1) on nodes node-1 and node-2.',
      'No policy of the whole cluster is known to decide here: the run looked for the kinds that podreach knows, and found none.',
      REPETITION,
    ]);
    expect(whom).toBe('Those who run the cluster. Tell payments-team, the owner of this scenario, as well.');
  });

  test('a block may come from a policy that is not in the scenario, and first from one that the run found', () => {
    const { fault, checks } = incidentOf({ ...BROKEN, predicted: allowed, disagreement: 'cluster' }, [IN], {
      environment: { warnings: ['1 GlobalNetworkPolicy (baseline) may decide', 'two', 'three', 'four'] },
    });
    expect(fault).toMatch(
      /^The cluster, or a policy that is not in the scenario\. .* blocked it all the same\.$/,
    );
    expect(checks.slice(0, 3)).toEqual([
      'Does something else decide here? The run noted about the cluster: 1 GlobalNetworkPolicy (baseline) may decide, two, three and four.',
      'Is there a policy in the namespace shop that is not in the scenario, such as one that is put into every new namespace?',
      'Have those who run the cluster look at the state and the log of the network plugin on nodes node-1 and node-2, and at firewalls there.',
    ]);
  });

  test('that nobody looked for other policies is said', () => {
    const { checks } = incidentOf({ ...LEAK, predicted: denied, disagreement: 'cluster' }, [DENY], {
      environment: {},
    });
    expect(checks[1]).toBe('Does a policy of the whole cluster decide here? The run did not look for any.');
  });

  test('whoever maintains an unowned scenario is told too', () => {
    const check = { ...LEAK, predicted: denied, disagreement: 'cluster' } as const;
    const scenario = buildScenario('shop', { pods: {}, checks: [check] }, { grounds: [[DENY]] });
    const [incident] = buildAudit(viewOf(buildRecord([scenario], {}, { cluster: 'kind' }))).incidents;
    expect(plainText(incident?.whomToAsk ?? [])).toBe(
      'Those who run the cluster. Tell whoever maintains scenarios/shop.yaml:1 as well.',
    );
  });

  test('on the sandbox podreach itself is to be looked at', () => {
    const { fault, checks, whom } = incidentOf(
      { ...LEAK, predicted: denied, disagreement: 'cluster' },
      [DENY],
      {
        environment: { cluster: 'sandbox' },
      },
    );
    expect(fault).toMatch(/^The sandbox\. /);
    expect(checks[0]).toBe(
      'The sandbox is a part of podreach. Run the scenario again: if it comes out the same, those who maintain podreach have to look at it.',
    );
    expect(whom).toMatch(/^Those who maintain podreach\. /);
  });
});

test('what the specification leaves open is nobody’s fault, and has to be written otherwise', () => {
  const { fault, checks, whom } = incidentOf(
    {
      ...LEAK,
      predicted: { verdict: 'undefined', grounds: 0, rule: 'I1', reason: 'network plugins differ' },
      disagreement: 'open',
    },
    [IN],
  );
  expect(fault).toBe(
    'Undecided. The specification of network policies leaves open what these policies mean here (I1: network plugins differ). So the network plugin (Calico v3.32.1) may take them either way. It did not do what the scenario asks for.',
  );
  expect(checks[0]).toBe(
    'Have whoever wrote the policies change rule 1 of policy shop/db-from-api (policies.yaml:18) for what comes in to db in shop, so that every network plugin takes it the same way. Name the pods by their labels and namespaces, instead of by their addresses.',
  );
  expect(whom).toBe('payments-team, the owner of this scenario.');
});

describe('a connection that changed its mind', () => {
  const flapping: CheckParts = {
    expected: 'unreachable',
    verdict: 'flapping',
    attempts: [
      ...attempts('control', ['connected']),
      ...attempts('settle', ['timeout', 'timeout']),
      ...attempts('observe', ['connected']),
    ],
  };

  test('against what the policies say is put down to the cluster, after the time when it did', () => {
    const { fault, checks } = incidentOf({ ...flapping, predicted: denied }, [DENY]);
    expect(fault).toBe(
      'The cluster, most likely. The policies block this connection: policy shop/deny (policies.yaml:2) for what comes in to db in shop. That is what the scenario asks for. The cluster did so at one time, and not at another.',
    );
    expect(checks.slice(0, 2)).toEqual([
      'What happened on nodes node-1 and node-2 at 2026-11-20 02:00:03 UTC? Have the log of the network plugin (Calico v3.32.1) looked at, and pods that were restarted.',
      'Have those who run the cluster look at the state and the log of the network plugin (Calico v3.32.1) on nodes node-1 and node-2.',
    ]);
  });

  test('where the policies say otherwise than the scenario is put down to all of them', () => {
    const { fault, checks } = incidentOf({ ...flapping, predicted: allowed }, [IN]);
    expect(fault).toMatch(/^The policies, or the scenario: .* The cluster is at fault as well: /);
    expect(checks).toHaveLength(6);
  });

  test('where the specification leaves it open is nobody’s fault', () => {
    const { fault } = incidentOf({ ...flapping, predicted: { verdict: 'undefined', grounds: 0 } }, []);
    expect(fault).toBe(
      'Undecided. The specification of network policies leaves open what these policies mean here. So the network plugin (Calico v3.32.1) may take them either way. It did not do the same all the time.',
    );
  });
});

describe('where something else is to cut, as the scenario says', () => {
  const cutByOthers: CheckParts = {
    ...LEAK,
    cutBy: 'others',
    because: 'the mesh of the platform',
    predicted: allowed,
    disagreement: 'outside',
  };

  test('a leak is put down to that, and the policies are not at fault', () => {
    const { fault, checks, whom } = incidentOf(cutByOthers, [IN], {
      environment: { clusterPolicies: ['1 AdminNetworkPolicy object (baseline)'] },
    });
    expect(fault).toBe(
      'What is to block this connection besides the policies. The scenario says that something else (the mesh of the platform) blocks it. It did not. The policies of the scenario are not at fault: they do not have to block it.',
    );
    expect(checks).toEqual([
      'Look for what is to block the connection. Is it still there, and does it still apply to both pods?',
      'Does a policy of the whole cluster decide here? The run found: 1 AdminNetworkPolicy object (baseline).',
      REPETITION,
    ]);
    expect(whom).toBe('Those who run the cluster. Tell payments-team, the owner of this scenario, as well.');
  });

  test('a leak that the policies deny as well is put down to both', () => {
    const { fault } = incidentOf({ ...cutByOthers, predicted: denied }, [DENY]);
    expect(fault).toMatch(
      / It did not\. The policies block this connection: policy shop\/deny \(policies\.yaml:2\) for what comes in to db in shop\. The cluster did not do that either\.$/,
    );
  });

  test('a block that came and went is not put down to the policies either', () => {
    const { fault } = incidentOf(
      {
        ...cutByOthers,
        verdict: 'flapping',
        attempts: [...attempts('settle', ['timeout', 'timeout']), ...attempts('observe', ['connected'])],
      },
      [],
    );
    expect(fault).toContain(
      'blocks it. It did so at one time, and not at another. The policies of the scenario are not at fault',
    );
  });

  test('is nothing that a sandbox has', () => {
    const { checks, whom } = incidentOf(cutByOthers, [], { environment: { cluster: 'sandbox' } });
    expect(checks[0]).toBe(
      'On the sandbox there is nothing but the policies of the scenario. What else is to block the connection can only be tested where it is.',
    );
    expect(whom).toBe('payments-team, the owner of this scenario.');
  });
});

test('a record that does not say what the policies mean names nobody', () => {
  expect(incidentOf(LEAK, []).fault).toBeUndefined();
  expect(incidentOf({ ...LEAK, predicted: denied }, [DENY]).fault).toBeUndefined();
});

test('pods that were kept can be asked again at once', () => {
  const scenario = buildScenario('shop', { pods: { 'shop/web': [], 'shop/db': [5432] }, checks: [LEAK] });
  const [incident] = buildAudit(
    viewOf(buildRecord([scenario], { options: { confirm: 2, keep: true, failFast: false } })),
  ).incidents;
  expect(plainText(incident?.firstChecks.at(-1) ?? [])).toBe(
    'Have somebody who works with the cluster make the connection again: the last of the facts below is the command.',
  );
});
