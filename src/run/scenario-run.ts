/** One scenario from provisioning to the verdicts, and its clean-up. */
import type { Cluster, HostNetworks } from '../cluster/cluster.ts';
import { messageOf } from '../errors.ts';
import { countsAs } from '../judge/known-issues.ts';
import type { KubeObject } from '../kube/kube.ts';
import { nameObject } from '../model/step.ts';
import type { Verdict } from '../model/verdict.ts';
import { VERDICTS } from '../model/verdict.ts';
import type { Assumptions } from '../policy/peers.ts';
import { Attempts, type ScenarioDraft } from '../record/draft.ts';
import { checksOf } from '../record/schema.ts';
import type { Plan, PlannedStep } from '../scenario/scenario.ts';
import { allEnded } from './all-ended.ts';
import { type Cleaning, cleanUpNamespaces } from './cleanup.ts';
import { closingControl } from './closing.ts';
import type { Recording, Telling } from './context.ts';
import { Evidence } from './evidence.ts';
import { type MetServices, noteExisting } from './existing-services.ts';
import { failureOf } from './failure.ts';
import { meetFamilies } from './families.ts';
import { createForeign, removeForeign } from './foreign/foreign.ts';
import { clusterWideOf } from './foreign/kinds.ts';
import { createHosts, removeHosts } from './host-containers.ts';
import { agentsFor, noteAgents, realHostsOf } from './hosts.ts';
import type { Outpost } from './outposts.ts';
import { PodPlacement, type VisitPorts } from './placement.ts';
import { Foresight } from './predict.ts';
import type { Proof } from './prove.ts';
import { provision } from './provision.ts';
import { hearOut, type Stage } from './round.ts';
import { nodeAddresses, nodesForProbes } from './schedulable.ts';
import { createServices, type ServiceDraft, type ServicePlaces, waitForEndpoints } from './services.ts';
import { lookAgain } from './settle.ts';
import type { Stand } from './stand.ts';
import { type Acting, act } from './steps/act.ts';
import { controlAtStart } from './steps/controls.ts';
import { type InPhase, notePlaces, runSteps, type Stepping, type StepRun } from './steps/steps.ts';
import type { Watched } from './steps/verdicts.ts';
import { Witnesses } from './witnesses.ts';

export interface ScenarioOptions {
  /** Leave everything in place at the end. */
  readonly keep: boolean;
  /** The number of its first marker; each of its steps has one. They count from 1 in a run. */
  readonly firstMarker: number;
  readonly proof: Promise<Proof>;
  /** Aborted where the proof has failed: then nothing is to be seen there. */
  readonly unproven: AbortSignal;
  /** All that the cluster has. */
  readonly nodes: readonly KubeObject[];
  /** The Services that are there already. */
  readonly met: MetServices;
  /** Of the run. */
  readonly visitPorts: VisitPorts;
  /** What is known of how the cluster takes policies. */
  readonly assumptions: Assumptions;
  /** What it says of hosts. */
  readonly cluster: Pick<Cluster, 'outside'>;
  /** Where hosts are containers. Absent: none is. */
  readonly hostNetworks: HostNetworks | undefined;
  /** See `JudgeRules.others`. */
  readonly others: string | undefined;
  /** Where it is to stand for a while, after its last step has settled. */
  readonly stand?: Stand | undefined;
  /** Called when it needs the outposts no more. */
  readonly onSeen: () => void;
}

/** What scenarios are run with. */
export type Running = Acting & Stepping & Cleaning;

/**
 * Runs one scenario and writes all it sees into `scenario`. Never throws for what belongs to the scenario: its failure
 * stands in the record. Checks that were tried are judged in every ending.
 */
export async function runScenario(
  plan: Plan,
  scenario: ScenarioDraft,
  options: ScenarioOptions,
  context: Running,
): Promise<void> {
  const beganMs = context.clock.now();
  const elapsed = (): number => Math.round(context.clock.now() - beganMs);
  scenario.status = 'running';
  scenario.startedAt = context.clock.date().toISOString();

  const inPhase: InPhase = async (name, work, step) => {
    const isOneOfSeveral = step !== undefined && plan.steps.length > 1;
    const phase: ScenarioDraft['phases'][number] = {
      name,
      ...(isOneOfSeveral ? { step: step + 1 } : {}),
      atMs: elapsed(),
    };
    scenario.phases.push(phase);
    const planned = step === undefined ? undefined : plan.steps[step];
    context.progress({
      type: 'phase-started',
      scenario: scenario.name,
      ...(planned?.name === undefined ? {} : { step: planned.name, actions: planned.actions }),
      phase: name,
    });
    context.save();
    try {
      return await work();
    } finally {
      phase.durationMs = elapsed() - phase.atMs;
    }
  };

  let isAwaited = options.stand !== undefined;
  let watch: Watched | undefined = options.stand && 'not-over';
  const standStill = async (stand: Stand, step: StepRun, outposts: readonly Outpost[]): Promise<void> => {
    isAwaited = false;
    watch = await inPhase('watch', () => stand.arrive({ scenario, step, outposts }), step.index);
    await inPhase('observe', () => lookAgain(step.tried, step.rules, step.stage, step.context), step.index);
  };

  try {
    const places: ServicePlaces = { services: new Map(), nodePorts: new Map() };
    const agents = agentsFor(plan, options.firstMarker, options.cluster, context);
    const around = { met: options.met, nodes: nodeAddresses(options.nodes, context.probe) };
    const { placement, pods } = await inPhase('provision', async () => {
      const takePods = () => nodesForProbes(options.nodes, context.probe);
      const chosen = new PodPlacement(scenario.name, plan, takePods, options.visitPorts);
      const { name, namespaces, pods: own } = chosen.wanted(scenario);
      const wanted = {
        name,
        namespaces: [...namespaces, ...agents.namespaces],
        pods: [...own, ...agents.pods],
      };
      const [provided, hosts] = await allEnded([
        provision(wanted, context),
        createHosts(plan, scenario.hosts, options.firstMarker, options.hostNetworks, context),
      ]);
      const running = new Map([...provided, ...hosts]);
      meetFamilies(plan, scenario, running, around.nodes);
      await createServices(servicesIn(scenario, scenario.namespaces), places, checksOf(scenario), context);
      await waitForEndpoints(
        servicesIn(scenario, scenario.namespaces),
        plan.steps[0].pods,
        checksOf(scenario),
        context,
      );
      return { placement: chosen, pods: running };
    });
    notePlaces(scenario.pods, pods);
    noteAgents(scenario.hosts, pods);
    noteExisting(scenario, options.met);
    const foresight = new Foresight(plan, scenario, options.assumptions, around);
    foresight.place(0, pods);
    const stage: Stage = {
      pods,
      ...places,
      ...around,
      realHosts: realHostsOf(plan, options.cluster),
      beganMs,
      evidence: new Evidence(beganMs),
      attempts: new Attempts(),
      noteSetbacks: (reasons) => noteSetbacks(scenario, reasons),
    };
    const { outposts, settleFloorMs } = await inPhase('control', async () => {
      await controlAtStart(scenario, stage, context);
      return await options.proof;
    });
    const proven = { ...context, timing: { ...context.timing, settleFloorMs } };
    const close = async (last: StepRun, earlier: readonly StepRun[]): Promise<'made' | 'left-out'> => {
      if (options.stand !== undefined) await standStill(options.stand, last, outposts);
      if (options.keep) await hearOut(last.draft.checks, last.stage, proven);
      else await inPhase('closing', () => closingControl(scenario, last, earlier, proven));
      scenario.closingControl = options.keep ? 'left-out' : 'made';
      return scenario.closingControl;
    };
    await runSteps(
      {
        plan,
        scenario,
        stage: { ...stage, witnesses: new Witnesses(outposts) },
        foresight,
        markers: { first: options.firstMarker, outposts },
        others: options.others,
        inPhase,
        act: async (step, running, firstInstants) => {
          await createForeign(step.foreignPolicies ?? [], proven);
          const now = await act(step, running, placement, proven, firstInstants);
          const checks = checksOf(scenario);
          await createServices(servicesOfNew(step, scenario), places, checks, proven);
          await waitForEndpoints(servicesIn(scenario, step.namespaces), step.pods, checks, proven);
          return now;
        },
        close,
        watch: () => watch,
      },
      proven,
    );
    scenario.status = 'finished';
  } catch (thrown) {
    if (options.unproven.aborted) scenario.status = 'skipped';
    else scenario.status = context.signal.aborted ? 'interrupted' : 'failed';
    if (!context.signal.aborted) scenario.error = failureOf(thrown);
  }
  if (!options.keep) await removeClusterWide(plan, scenario, context);
  if (isAwaited) options.stand?.stayAway();
  options.onSeen();
  scenario.durationMs = elapsed();
  context.save();
  tellEnd(scenario, context);
}

/** Takes away what holds for the whole cluster, before another scenario begins. A run that is cut off is cleaned up as a whole. */
async function removeClusterWide(plan: Plan, scenario: ScenarioDraft, context: Running): Promise<void> {
  if (clusterWideOf(plan).length === 0 || context.signal.aborted) return;
  const served = (context.served ?? []).filter(({ isClusterWide }) => isClusterWide);
  try {
    await removeForeign({ ...context, served, namespaces: new Set() });
  } catch (thrown) {
    if (!context.signal.aborted) scenario.error ??= failureOf(thrown);
  }
}

/** Takes away what a scenario has created, while others run. What goes wrong stands in its record, unless the signal is aborted. */
export async function cleanUpAfter(
  scenario: ScenarioDraft,
  hostNetworks: HostNetworks | undefined,
  context: Cleaning & Recording,
): Promise<void> {
  const beganMs = context.clock.now();
  const phase: ScenarioDraft['phases'][number] = { name: 'cleanup', atMs: scenario.durationMs ?? 0 };
  scenario.phases.push(phase);
  try {
    await allEnded([cleanUpNamespaces(context, namespacesOf(scenario)), removeHosts(scenario, hostNetworks)]);
  } catch (thrown) {
    if (context.signal.aborted) return;
    scenario.error ??= failureOf(thrown);
    context.progress({ type: 'note', text: `${scenario.name}: ${messageOf(thrown)}` });
  } finally {
    phase.durationMs = Math.round(context.clock.now() - beganMs);
    context.save();
  }
}

/** All that it has created at any time. */
function namespacesOf({ namespaces, hosts = [], steps }: ScenarioDraft): readonly string[] {
  const all = [...namespaces, ...steps.flatMap((step) => step.namespaces ?? [])].map(({ name }) => name);
  return [
    ...new Set([
      ...all,
      ...hosts.flatMap(({ agent }) => (agent !== undefined && 'namespace' in agent ? agent.namespace : [])),
    ]),
  ];
}

/** Those that there are while these namespaces are. */
function servicesIn(
  { services = [] }: ScenarioDraft,
  namespaces: readonly { readonly name: string }[],
): readonly ServiceDraft[] {
  const names = new Set(namespaces.map(({ name }) => name));
  return services.filter(({ namespace }) => names.has(namespace));
}

/** Those whose namespaces a step has made. */
function servicesOfNew(
  { actions, namespaces }: PlannedStep,
  scenario: ScenarioDraft,
): readonly ServiceDraft[] {
  const made = new Set(actions.flatMap(({ kind, object }) => (kind === 'create' ? [object] : [])));
  return servicesIn(
    scenario,
    namespaces.filter(({ name }) => made.has(nameObject({ kind: 'namespace', name }))),
  );
}

function noteSetbacks(scenario: ScenarioDraft, reasons: readonly string[]): void {
  const lastReason = reasons.at(-1);
  if (lastReason === undefined) return;
  scenario.execRetries = { count: (scenario.execRetries?.count ?? 0) + reasons.length, lastReason };
}

function tellEnd(scenario: ScenarioDraft, context: Telling): void {
  const verdicts = {
    ...(Object.fromEntries(VERDICTS.map((verdict) => [verdict, 0])) as Record<Verdict, number>),
    known: 0,
  };
  for (const check of checksOf(scenario)) {
    const result = countsAs(check, scenario);
    if (result !== undefined) verdicts[result] += 1;
  }
  const { name, status, durationMs = 0, error } = scenario;
  context.progress({
    type: 'scenario-ended',
    scenario: name,
    status,
    verdicts,
    durationMs,
    ...(error === undefined ? {} : { error }),
  });
}
