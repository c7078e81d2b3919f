/** The record of a run that has not begun: everything planned, nothing seen, incomplete. */
import type { Check } from '../model/check.ts';
import { reviewPlan } from '../policy/review.ts';
import type { CheckDraft, RunDraft, ScenarioDraft } from '../record/draft.ts';
import { RECORD_SCHEMA_VERSION } from '../record/schema.ts';
import type { Plan } from '../scenario/scenario.ts';
import { predictChecks } from './predict.ts';

export interface StartOptions {
  readonly runId: string;
  readonly version: string;
  readonly startedAt: Date;
  readonly cluster: string;
  readonly options: RunDraft['run']['options'];
  readonly origin?: RunOrigin | undefined;
}

/** Who runs it, and from what. */
export interface RunOrigin {
  /** A person and a machine, or what a CI server says of itself. */
  readonly by?: string | undefined;
  /** What is checked out where the scenarios are. */
  readonly commit?: string | undefined;
}

export function startRecord(scenarios: readonly ScenarioDraft[], start: StartOptions): RunDraft {
  return {
    schemaVersion: RECORD_SCHEMA_VERSION,
    podreach: { version: start.version },
    run: {
      id: start.runId,
      startedAt: start.startedAt.toISOString(),
      ...(start.origin?.by === undefined ? {} : { by: start.origin.by }),
      ...(start.origin?.commit === undefined ? {} : { commit: start.origin.commit }),
      incomplete: true,
      options: start.options,
    },
    environment: { cluster: start.cluster, nodes: [], node: process.version },
    scenarios,
  };
}

export function startScenario(plan: Plan): ScenarioDraft {
  const [step] = plan.steps;
  const { predicted, grounds } = predictChecks(step.oracle(), step.checks);
  return {
    ...plan.scenario,
    tags: [...plan.scenario.tags],
    ...(step.declaredChecks === undefined ? {} : { declaredChecks: step.declaredChecks.length }),
    status: 'waiting',
    phases: [],
    namespaces: plan.namespaces.map(({ name, labels }) => ({ name, labels: { ...labels } })),
    pods: plan.pods.map((pod) => ({ ...pod, labels: { ...pod.labels }, ports: [...pod.ports] })),
    policies: step.policies.map(({ namespace, name, location, text }) => ({
      namespace,
      name,
      location,
      text,
    })),
    grounds,
    warnings: reviewPlan(plan).map((warning) => ({ ...warning })),
    steps: [{ checks: step.checks.map((check, index) => startCheck(check, predicted[index])) }],
  };
}

function startCheck(check: Check, predicted: CheckDraft['predicted']): CheckDraft {
  return { ...check, path: 'podIP', ...(predicted === undefined ? {} : { predicted }) };
}
