/**
 * podreach as a library: load scenarios (`loadPlans`), run them on a cluster (`run`), which judges what it sees, and render the
 * record of that in any format (`REPORTS`), or compare it with others (`compareRecords`, `HistoryBuilder`). `monitor` is a run that is
 * watched, and `upgrade` all that belongs to one (`compareUpgrade`, `UPGRADE_REPORTS`). `loadDeployed` and `compareManifests` need no
 * scenario and no cluster: what a change of manifests opens and closes. The command line is built from the same functions.
 */
export { type Clock, systemClock } from './clock.ts';
export type {
  Cluster,
  ClusterKind,
  ClusterProvider,
  ClusterTiming,
  Lifetime,
  Trust,
} from './cluster/cluster.ts';
export { contextCluster } from './cluster/context.ts';
export type { CalicoSource, Encapsulation } from './cluster/kind/choices.ts';
export type { KindOptions } from './cluster/kind/context.ts';
export { kindCluster } from './cluster/kind.ts';
export { type SandboxClusterOptions, sandboxCluster } from './cluster/sandbox.ts';
export { compareRecords, type RecordComparison } from './compare/compare.ts';
export { type History, HistoryBuilder } from './compare/history.ts';
export { compareManifests } from './compare/manifests/compare.ts';
export type { ManifestComparison } from './compare/manifests/schema.ts';
export { compareUpgrade, type UpgradeComparison, type UpgradeRecords } from './compare/upgrade.ts';
export { type ErrorCode, Interruption, type Location, PodreachError, type Problem } from './errors.ts';
export type { Attempt, Outcome } from './model/attempt.ts';
export type { Observation, Stretch } from './model/observation.ts';
export type { UpgradePart } from './model/upgrade.ts';
export type { Verdict } from './model/verdict.ts';
export type { Window } from './model/window.ts';
export type { CommandEnd } from './monitor/command.ts';
export type { MonitorOptions, WatchedCommand } from './monitor/conduct.ts';
export { type MonitoredRunOptions, monitor } from './monitor/monitor.ts';
export type { DeployedState } from './policy/deployed.ts';
export type { ProbeSettings, PullSecret, Toleration } from './probe/settings.ts';
export type { ProgressEvent, ProgressListener } from './progress.ts';
export type { CheckRecord, RunRecord, ScenarioRecord } from './record/schema.ts';
export { createRenderer, type RendererOptions } from './render/render.ts';
export { COMPARISON_REPORTS } from './report/comparison/comparison.ts';
export { MANIFEST_REPORTS } from './report/comparison/manifests/manifests.ts';
export type { ComparisonFormat, HistoryFormat, ManifestFormat, ReportFormat } from './report/formats.ts';
export { HISTORY_REPORTS, type ReadHistory } from './report/history/history.ts';
export type { RenderOptions, Report } from './report/render-options.ts';
export { REPORTS } from './report/report.ts';
export { UPGRADE_REPORTS } from './report/upgrade/upgrade.ts';
export type { ToldUpgrade } from './report/upgrade/view.ts';
export type { Patience, RunOptions } from './run/job.ts';
export { type RunResult, run } from './run/run.ts';
export type { RunOrigin } from './run/start-record.ts';
export { type LoadOptions, loadPlans } from './scenario/load-plans.ts';
export { type DeployedSource, loadDeployed } from './scenario/manifests/deployed.ts';
export type { RenderAnswer, Renderer, RenderRequest } from './scenario/manifests/renderer.ts';
export type { Plan } from './scenario/scenario.ts';
export { type UpgradeOptions, upgrade } from './upgrade/upgrade.ts';
