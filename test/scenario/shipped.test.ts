import { fileURLToPath } from 'node:url';
import { describe, expect, test } from 'vitest';
import { reviewPlan } from '../../src/policy/review.ts';
import { loadPlans } from '../../src/scenario/load-plans.ts';

const cwd = fileURLToPath(new URL('../../', import.meta.url));
const plans = await loadPlans([], { cwd });

describe('the shipped scenarios', () => {
  test('are these', () => {
    expect(
      plans.map(
        ({ scenario, pods, steps: [{ checks }] }) =>
          `${scenario.name}: ${pods.length} pods, ${checks.length} checks`,
      ),
    ).toMatchInlineSnapshot(`
      [
        "broad-selector: 6 pods, 30 checks",
        "broad-peer: 6 pods, 10 checks",
        "default-deny-ingress: 3 pods, 8 checks",
        "default-deny-egress: 3 pods, 8 checks",
        "default-deny-both: 4 pods, 13 checks",
        "egress-cidr: 4 pods, 15 checks",
        "forgotten-egress: 3 pods, 6 checks",
        "namespace-isolation: 6 pods, 20 checks",
        "policies-add-up: 4 pods, 3 checks",
        "policies-add-up-reversed: 4 pods, 3 checks",
        "policy-types-myth: 4 pods, 12 checks",
        "ports: 4 pods, 30 checks",
        "three-tier: 4 pods, 15 checks",
      ]
    `);
  });

  test.each(plans)(
    '$scenario.name teaches, is tagged and small',
    ({ scenario, pods, steps: [{ policies, checks }] }) => {
      const sentences = (scenario.description ?? '').split(/[.:;]\s/).length;
      expect(sentences).toBeGreaterThanOrEqual(2);
      expect(sentences).toBeLessThanOrEqual(8);
      expect(scenario.tags.length).toBeGreaterThan(0);
      expect(policies.length).toBeGreaterThan(0);
      expect(pods.length).toBeGreaterThanOrEqual(2);
      expect(pods.length).toBeLessThanOrEqual(9);
      // Where everything is expected to be cut off, a cluster that is broken altogether would look right.
      expect(new Set(checks.map(({ expected }) => expected))).toEqual(new Set(['reachable', 'unreachable']));
    },
  );

  test('have nothing doubtful about them that is not accepted with a reason', () => {
    expect(plans.flatMap((plan) => reviewPlan(plan))).toEqual([]);
  });

  test('share no namespace, so that they can run side by side', () => {
    const namespaces = plans.flatMap((plan) => plan.namespaces.map(({ name }) => name));
    expect(namespaces.toSorted()).toEqual([...new Set(namespaces)].sort());
  });
});
