import { fileURLToPath } from 'node:url';
import { describe, expect, test } from 'vitest';
import { reviewPlan } from '../../src/policy/review.ts';
import { loadPlans } from '../../src/scenario/load-plans.ts';
import { policiesOf } from '../../src/scenario/scenario.ts';

const cwd = fileURLToPath(new URL('../../', import.meta.url));
const plans = await loadPlans([], { cwd });

describe('the shipped scenarios', () => {
  test('are these', () => {
    expect(
      plans.map(
        ({ scenario, pods, steps }) =>
          `${scenario.name}: ${pods.length} pods, ${steps.map(({ checks }) => checks.length).join(' + ')} checks`,
      ),
    ).toMatchInlineSnapshot(`
      [
        "broad-selector: 6 pods, 30 checks",
        "broad-peer: 6 pods, 10 checks",
        "default-deny-ingress: 3 pods, 8 checks",
        "default-deny-egress: 3 pods, 8 checks",
        "default-deny-both: 4 pods, 13 checks",
        "egress-cidr: 4 pods, 15 checks",
        "one-forgotten: 3 pods, 8 + 8 checks",
        "forgotten-egress: 3 pods, 6 checks",
        "manifests: 5 pods, 20 checks",
        "namespace-isolation: 6 pods, 20 checks",
        "ingress-controller: 4 pods, 6 checks",
        "two-nodes: 5 pods, 4 checks",
        "external-database: 2 pods, 11 checks",
        "policies-add-up: 4 pods, 3 checks",
        "policies-add-up-reversed: 4 pods, 3 checks",
        "policy-types-myth: 4 pods, 12 checks",
        "ports: 4 pods, 30 checks",
        "service-api-server: 3 pods, 3 checks",
        "dns-allowed: 3 pods, 3 checks",
        "dns-forgotten: 3 pods, 3 checks",
        "dns-without-tcp: 3 pods, 4 checks",
        "dns-wrong-labels: 4 pods, 7 checks",
        "service-forgotten-backend: 4 pods, 2 checks",
        "service-node-port: 2 pods, 5 checks",
        "service-target-port: 4 pods, 2 checks",
        "three-tier: 4 pods, 15 checks",
        "time-address-reused: 4 pods, 2 + 1 + 2 checks",
        "time-first-instant: 4 pods, 1 + 3 + 3 checks",
        "time-gradual-opening: 3 pods, 6 + 6 + 6 + 6 checks",
        "time-namespace-created-later: 4 pods, 1 + 3 checks",
        "time-namespace-relabelled: 3 pods, 2 + 2 + 2 checks",
        "time-open-connections: 4 pods, 3 + 3 checks",
        "time-pod-relabelled: 3 pods, 2 + 2 + 2 + 2 checks",
        "time-pod-replaced: 3 pods, 2 + 2 + 2 checks",
        "time-policy-deleted: 3 pods, 2 + 2 checks",
        "time-policy-updated: 4 pods, 3 + 3 checks",
        "time-rollback: 3 pods, 4 + 4 + 4 checks",
        "time-second-policy: 4 pods, 3 + 3 + 3 checks",
        "upgrade: 4 pods, 11 checks",
      ]
    `);
  });

  test.each(plans)('$scenario.name teaches, is tagged and small', (plan) => {
    const { scenario, pods } = plan;
    const checks = plan.steps.flatMap((step) => step.checks);
    const sentences = (scenario.description ?? '').split(/[.:;]\s/).length;
    expect(sentences).toBeGreaterThanOrEqual(2);
    expect(sentences).toBeLessThanOrEqual(8);
    expect(scenario.tags.length).toBeGreaterThan(0);
    expect(policiesOf(plan).length).toBeGreaterThan(0);
    expect(pods.length).toBeGreaterThanOrEqual(2);
    expect(pods.length).toBeLessThanOrEqual(9);
    // Where everything is expected to be cut off, a cluster that is broken altogether would look right.
    expect(new Set(checks.map(({ expected }) => expected))).toEqual(new Set(['reachable', 'unreachable']));
  });

  test('have nothing doubtful about them that is not accepted with a reason', () => {
    expect(plans.flatMap((plan) => reviewPlan(plan))).toEqual([]);
  });

  test('share no namespace, so that they can run side by side', () => {
    const namespaces = plans.flatMap((plan) => plan.namespaces.map(({ name }) => name));
    expect(namespaces.toSorted()).toEqual([...new Set(namespaces)].sort());
  });
});
