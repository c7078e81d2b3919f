/** The record of a run that has not begun: everything planned, nothing seen, incomplete. */
import { type CheckRecord, RECORD_SCHEMA_VERSION, type RunRecord, type ScenarioRecord } from '../record.ts';
import type { Check, Plan } from '../scenario/scenario.ts';

export interface StartOptions {
  readonly runId: string;
  readonly version: string;
  readonly startedAt: Date;
  readonly cluster: string;
  readonly options: RunRecord['run']['options'];
}

export function startRecord(plans: readonly Plan[], start: StartOptions): RunRecord {
  return {
    schemaVersion: RECORD_SCHEMA_VERSION,
    podreach: { version: start.version },
    run: {
      id: start.runId,
      startedAt: start.startedAt.toISOString(),
      incomplete: true,
      options: start.options,
    },
    environment: { cluster: start.cluster, nodes: [], node: process.version },
    scenarios: plans.map(startScenario),
  };
}

function startScenario(plan: Plan): ScenarioRecord {
  return {
    ...plan.scenario,
    tags: [...plan.scenario.tags],
    status: 'waiting',
    phases: [],
    namespaces: plan.namespaces.map(({ name, labels }) => ({ name, labels: { ...labels } })),
    pods: plan.pods.map((pod) => ({ ...pod, labels: { ...pod.labels }, ports: [...pod.ports] })),
    policies: plan.policies.map(({ namespace, name, location, text }) => ({
      namespace,
      name,
      location,
      text,
    })),
    checks: plan.checks.map(startCheck),
  };
}

function startCheck(check: Check): CheckRecord {
  return { ...check, path: 'podIP', attempts: [] };
}
