/** Where, by what and by which rules two runs went, as far as it was not the same. */
import { fingerprintOf } from '../fingerprint.ts';
import { describeCluster, describePlugins, describeSystem } from '../record/environment.ts';
import type { RunRecord, ScenarioRecord } from '../record/schema.ts';
import { shellCommand } from '../shell.ts';
import { describeLeftOut } from './left-out.ts';
import { pairUp, type Sides } from './sides.ts';

export interface CircumstanceDifference {
  /** `network plugin`, `node`, `scenario` */
  readonly what: string;
  /** Names of those that it is said of; absent: of the run. */
  readonly of?: readonly string[];
  /** Absent: nothing is known, or it was not there. */
  readonly before?: string;
  readonly after?: string;
}

type NodeRecord = RunRecord['environment']['nodes'][number];
type Facts = Readonly<Record<string, string | undefined>>;

export function compareCircumstances(before: RunRecord, after: RunRecord): CircumstanceDifference[] {
  const [was, is] = [factsOf(before), factsOf(after)];
  const [watched, watches] = [watchFactsOf(before), watchFactsOf(after)];
  return [
    ...Object.keys(is).flatMap((what) => differenceOf(what, was[what], is[what])),
    ...(before.watch === undefined || after.watch === undefined
      ? []
      : Object.keys(watches).flatMap((what) => differenceOf(what, watched[what], watches[what]))),
    ...compareNodes(before.environment.nodes, after.environment.nodes),
    ...pairUp(before.scenarios, after.scenarios, ({ name }) => name).flatMap(compareScenarios),
  ];
}

/** What may be different between two runs of the same checks, and may decide about them. Addresses and names of runs may not. */
function factsOf({ podreach, run, environment }: RunRecord): Facts {
  const { kubernetes, kubeProxy, clusterPolicies } = environment;
  const { timeoutMs, withinMs, readyWithinMs, confirm, keep, failFast, patient, probe } = run.options;
  const { image, ...pods } = probe ?? {};
  return {
    podreach: podreach.version,
    'Node.js': environment.node,
    commit: run.commit,
    cluster: describeCluster(environment),
    Kubernetes: kubernetes,
    'network plugin': describePlugins(environment),
    'kube-proxy': kubeProxy,
    'policies of the whole cluster': clusterPolicies?.join(', '),
    'probe image': image,
    'probe pods': probe && JSON.stringify(pods),
    'time for an attempt': inMs(timeoutMs),
    'time to settle': inMs(withinMs),
    'time for pods': inMs(readyWithinMs),
    'rounds in a row': String(confirm),
    'keeps its policies': String(keep),
    'stops after a failure': String(failFast),
    'tries mismatches to the deadline': String(patient === true),
  };
}

/** What may make the windows of two watches different; how long they took follows from what went on. */
function watchFactsOf({ watch }: RunRecord): Facts {
  if (watch === undefined) return {};
  const { everyMs, budgets, command } = watch;
  return {
    'watched every': inMs(everyMs),
    'leaks allowed': inMs(budgets.maxLeakMs),
    'gaps allowed': inMs(budgets.maxGapMs),
    'unknown allowed': String(budgets.maxUnknown),
    'command beside the watch': command && shellCommand(command.line),
  };
}

function inMs(ms: number | undefined): string | undefined {
  return ms === undefined ? undefined : `${ms} ms`;
}

function differenceOf(
  what: string,
  before: string | undefined,
  after: string | undefined,
  of?: readonly string[],
): CircumstanceDifference[] {
  if (before === after) return [];
  return [
    {
      what,
      ...(of === undefined ? {} : { of }),
      ...(before === undefined ? {} : { before }),
      ...(after === undefined ? {} : { after }),
    },
  ];
}

/** Nodes of which the same is to be said are told together: an upgrade changes many of them. */
function compareNodes(before: readonly NodeRecord[], after: readonly NodeRecord[]): CircumstanceDifference[] {
  const changed = pairUp(before, after, ({ name }) => name).flatMap((sides) => {
    const [was, is] = [describeNode(sides.before), describeNode(sides.after)];
    return was === is ? [] : [{ name: (sides.after ?? sides.before).name, was, is }];
  });
  const groups = Map.groupBy(changed, ({ was, is }) => JSON.stringify([was ?? null, is ?? null]));
  return [...groups.values()].flatMap((group) =>
    differenceOf(
      'node',
      group[0]?.was,
      group[0]?.is,
      group.map(({ name }) => name),
    ),
  );
}

function describeNode(node: NodeRecord | undefined): string | undefined {
  if (node === undefined) return undefined;
  return describeSystem(node) || 'nothing is known of it';
}

function compareScenarios({ before, after }: Sides<ScenarioRecord>): CircumstanceDifference[] {
  const of = [(after ?? before).name];
  if (before === undefined || after === undefined) {
    return differenceOf('scenario', before && describeExtent(before), after && describeExtent(after), of);
  }
  const steps = pairUp(before.steps, after.steps, ({ name }) => JSON.stringify(name ?? null));
  return [
    ...differenceOf("scenario's document", before.fingerprint, after.fingerprint, of),
    ...differenceOf('policies of other kinds', describeForeign(before), describeForeign(after), of),
    ...differenceOf(
      'Services without a family that is tried',
      describeLeftOut(before),
      describeLeftOut(after),
      of,
    ),
    ...differenceOf('checks that were chosen', describeChosen(before), describeChosen(after), of),
    ...differenceOf(
      'steps',
      namesOf(steps.flatMap((step) => (step.after === undefined ? [step.before] : []))),
      namesOf(steps.flatMap((step) => (step.before === undefined ? [step.after] : []))),
      of,
    ),
  ];
}

/** Each with what its text is known by. */
function describeForeign({ foreignPolicies = [] }: ScenarioRecord): string | undefined {
  const named = foreignPolicies.map(({ title, text }) => `${title} (${fingerprintOf(text).slice(0, 12)})`);
  return named.length === 0 ? undefined : named.toSorted().join(', ');
}

function namesOf(steps: ScenarioRecord['steps']): string | undefined {
  return steps.length === 0 ? undefined : steps.map(({ name = '' }) => name).join(', ');
}

function describeExtent({ steps }: Pick<ScenarioRecord, 'steps'>): string {
  const checks = steps.reduce((sum, step) => sum + step.checks.length, 0);
  return `${checks} ${checks === 1 ? 'check' : 'checks'}`;
}

function describeChosen(scenario: ScenarioRecord): string {
  const { declaredChecks } = scenario;
  return declaredChecks === undefined ? 'all' : `${describeExtent(scenario)} of ${declaredChecks}`;
}
