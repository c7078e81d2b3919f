/**
 * podreach as a library: load scenarios, run them on a cluster, judge and report. The command line is built from the same
 * functions.
 */
export { type Clock, systemClock } from './clock.ts';
export type { Cluster, ClusterProvider, ClusterTiming } from './cluster/cluster.ts';
export { contextCluster } from './cluster/context.ts';
export { kindCluster } from './cluster/kind.ts';
export { sandboxCluster } from './cluster/sandbox.ts';
export { type ErrorCode, Interruption, type Location, PodreachError, type Problem } from './errors.ts';
export type { ProgressEvent, ProgressListener } from './progress.ts';
export type { AttemptRecord, CheckRecord, RunRecord, ScenarioRecord, Verdict } from './record.ts';
export { type RunOptions, type RunResult, run } from './run/run.ts';
export { loadPlans } from './scenario/load-plans.ts';
export type { Check, Plan } from './scenario/scenario.ts';
