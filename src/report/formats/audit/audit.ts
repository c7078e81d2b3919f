/**
 * A run for people who answer for security and do not read YAML: what was tested, in sentences, with its evidence, what was
 * not as it must be, and what nobody looked at. Data, for every form in which the document is shown.
 */
import { isHost, isPod, isService } from '../../../model/endpoint.ts';
import { whatIn } from '../../../model/step.ts';
import { underPolicies } from '../../parts/attempts.ts';
import { describeCanary, describeNetwork, describeNodes } from '../../parts/circumstances.ts';
import { describeLocation } from '../../parts/describe.ts';
import { manifestOf } from '../../parts/failure.ts';
import { goneLines, untriedIssueLines } from '../../parts/known-issues.ts';
import { cutElsewhere, letThroughElsewhere } from '../../parts/opinion.ts';
import { findRunPatterns, findStepPatterns } from '../../parts/patterns.ts';
import { isOverdue } from '../../parts/review.ts';
import { describeForce, describeLeftOut, describeUntried, lateNodes } from '../../parts/scenario-notes.ts';
import { stepsWith } from '../../parts/steps.ts';
import { describeExtent, runWord } from '../../parts/summary.ts';
import { describeCommandFailure } from '../../parts/watch.ts';
import { count, duration, formatNumber } from '../../text/text.ts';
import type { CheckView, FailureView, PolicyView, RunView, ScenarioView } from '../../view/view.ts';
import { addUp, coverageOf, describeCoverage, PAIR } from './coverage.ts';
import { type AuditIncident, incidentsOf } from './incidents.ts';
import { describePod, describePods, describePorts } from './names.ts';
import { capitalise, join, list, name, type Phrase, say } from './phrase.ts';
import { describePolicy } from './policy-sentences.ts';
import { claimsOf, type Gap, STANDINGS } from './statements.ts';
import { type AuditedStep, auditSteps, phraseStep } from './steps.ts';
import { isSandbox } from './surroundings.ts';
import { type AuditedWatch, auditWatch } from './watch.ts';

/** Without this, what is said of one policy seems to contradict what is said of another. */
export const POLICIES_ADD_UP =
  'Policies add up: what one of them lets through is open, even if others do not let it through. Where policies restrict both ends, the connection must be let out at its source and let in at its destination.';

/** Of more than this, only how many there are is said. */
const GAPS_TOLD = 30;

export interface Audit {
  /** `PASSED`, `FAILED` and so on, as in every other report. */
  readonly word: string;
  readonly summary: Phrase;
  /** The same by connections and incidents, and how many could have been tried: numbers that add up. */
  readonly tally: readonly Phrase[];
  /** Why the document is no evidence, or only of a part. */
  readonly cautions: readonly Phrase[];
  /** Lines of YAML that the last step of a caution may speak of. */
  readonly manifest?: readonly string[];
  readonly circumstances: readonly AuditEntry[];
  readonly incidents: readonly AuditIncident[];
  /** What many of them have in common, and may be the cause of all of them. */
  readonly commonalities: readonly Phrase[];
  readonly scenarios: readonly AuditedScenario[];
  /** Absent where nothing was watched. */
  readonly watch?: AuditedWatch;
  /** How podreach tests, whether or not a run came so far. */
  readonly method: readonly Phrase[];
  /** What no scenario of any run looks at. */
  readonly limits: readonly Phrase[];
  /** Who has to sign, for evidence that is kept. */
  readonly signatures: readonly string[];
}

export interface AuditEntry {
  readonly label: string;
  readonly text: Phrase;
}

export interface AuditedScenario {
  readonly name: string;
  readonly description?: string;
  /** Owner, purpose, review, place and time. */
  readonly entries: readonly AuditEntry[];
  readonly caution?: Phrase;
  readonly manifest?: readonly string[];
  /** In their order; of a scenario that has but one, only that. */
  readonly steps: readonly AuditedStep[];
  readonly policies: readonly AuditedPolicy[];
  /** Never empty: that nothing was left out must be said. */
  readonly untested: readonly Phrase[];
}

export interface AuditedPolicy {
  /** `namespace/name` */
  readonly key: string;
  readonly place: string;
  readonly sentences: readonly Phrase[];
  /** As it was applied; what a terminal would obey in it is made visible. */
  readonly text: readonly string[];
  /** SHA-256 of the text as it was applied, in UTF-8. */
  readonly fingerprint: string;
}

/** The document of a run. Markup in the names of its phrases is for each form to escape. */
export function buildAudit(view: RunView): Audit {
  const scenarios = view.scenarios.map(auditScenario);
  const incidents = incidentsOf(view);
  const watch = auditWatch(view);
  return {
    word: runWord(view).word,
    summary: summarise(scenarios),
    tally: tallyOf(view, incidents),
    cautions: cautionsOf(view),
    ...(view.run.error === undefined ? {} : manifestOf(view.run.error)),
    circumstances: circumstancesOf(view),
    incidents,
    commonalities: commonalitiesOf(view),
    scenarios,
    ...(watch === undefined ? {} : { watch }),
    method: [
      ...METHOD,
      ...(view.scenarios.some(({ hasSteps }) => hasSteps) ? METHOD_OF_STEPS : []),
      ...(watch === undefined ? [] : METHOD_OF_WATCH),
    ],
    limits: limitsOf(view),
    signatures: ['Tested by', 'Reviewed by', 'Accepted by'],
  };
}

/** Statements gather connections, incidents gather those that were otherwise: only of connections the numbers add up. */
function tallyOf({ scenarios, checks, counts }: RunView, incidents: readonly AuditIncident[]): Phrase[] {
  if (checks.length === 0) return [];
  const passed = counts.pass;
  const otherwise = incidents.reduce((sum, { connections }) => sum + connections.length, 0);
  const unproven = checks.length - passed - otherwise;
  const parts = [
    ...(passed === 0 ? [] : [say`${formatNumber(passed)} came out as stated`]),
    ...(otherwise === 0
      ? []
      : [
          say`${formatNumber(otherwise)} came out otherwise (told below as ${count(incidents.length, 'incident')}${counts.known === 0 ? '' : `; ${formatNumber(counts.known)} of them known, which did not fail the run`})`,
        ]),
    ...(unproven === 0 ? [] : [say`${formatNumber(unproven)} ${unproven === 1 ? 'is' : 'are'} not proven`]),
  ];
  return [
    say`All in all ${count(checks.length, 'connection')} ${checks.length === 1 ? 'was' : 'were'} stated${scenarios.some(({ hasSteps }) => hasSteps) ? ', in each step anew' : ''}: ${join(parts, '; ')}.`,
    describeCoverage(addUp(scenarios.map(coverageOf))),
    PAIR,
  ];
}

function summarise(scenarios: readonly AuditedScenario[]): Phrase {
  const statements = scenarios.flatMap(({ steps }) =>
    steps.flatMap((step) => [...step.statements, ...step.repeated]),
  );
  if (statements.length === 0) return say`Nothing was stated about who can reach whom.`;
  const counts = STANDINGS.map((standing) => ({
    standing,
    number: statements.filter((statement) => statement.standing === standing).length,
  })).filter(({ number }) => number > 0);
  const noun = `${count(statements.length, 'statement')} about who can reach whom`;
  const [first] = counts;
  return first !== undefined && counts.length === 1
    ? say`${noun}, ${statements.length === 1 ? '' : 'all '}${first.standing}.`
    : say`${noun}: ${list(counts.map(({ number, standing }) => say`${formatNumber(number)} ${standing}`))}.`;
}

function cautionsOf(view: RunView): Phrase[] {
  const { run, environment } = view;
  const end =
    run.interruptedBy !== undefined
      ? say`The run was interrupted by ${run.interruptedBy}${run.error === undefined ? '' : say`; ${name(run.error.message)}`}.`
      : run.error !== undefined
        ? say`The run could not go on: ${name(run.error.message)}.`
        : say`The run did not come to its own end.`;
  const failure = describeCommandFailure(view);
  const isCut = run.incomplete || run.interruptedBy !== undefined || run.error !== undefined;
  return [
    ...(isCut
      ? [say`${end} ${describeExtent(view)}; nothing is proven about the rest.${nextStep(run.error)}`]
      : []),
    ...(failure === undefined ? [] : [say`Besides, ${name(failure)}.`]),
    ...(isSandbox(environment)
      ? [
          say`The run took place on podreach's own sandbox. It shows what the policies mean, not what the network plugin of a cluster makes of them.`,
        ]
      : []),
    ...(environment.warnings ?? []).map((text) => say`About the cluster: ${name(text)}.`),
    ...view.scenarios.flatMap(scenarioCautions),
  ];
}

/** What the policies of a scenario did not do, although it came out as stated, and nodes on which they were not in force. */
function scenarioCautions(scenario: ScenarioView): Phrase[] {
  const cut = cutElsewhere(scenario.checks).length;
  const open = letThroughElsewhere(scenario.checks).length;
  const where = say`In scenario ${name(scenario.name)}, `;
  const { declaredChecks } = scenario;
  return [
    ...(declaredChecks === undefined || declaredChecks === scenario.checks.length
      ? []
      : [
          say`${where}only ${formatNumber(scenario.checks.length)} of ${count(declaredChecks, 'connection')} ${scenario.checks.length === 1 ? 'was' : 'were'} chosen for this run. Nothing is said about the others.`,
        ]),
    ...(cut === 0
      ? []
      : [
          say`${where}${count(cut, 'connection')} ${cut === 1 ? 'is' : 'are'} blocked as stated, but not by its policies, which let ${cut === 1 ? 'it' : 'them'} through. That is not proven: nobody has said what blocks ${cut === 1 ? 'it' : 'them'}, and it may be gone tomorrow. Whoever maintains the scenario has to find out; if it is meant, the scenario can name it.`,
        ]),
    ...(open === 0
      ? []
      : [
          say`${where}${count(open, 'connection')} ${open === 1 ? 'is' : 'are'} possible as stated, but not because of its policies, which do not let ${open === 1 ? 'it' : 'them'} through: something else decides, such as a policy of the whole cluster. The statements concerned say so.`,
        ]),
    ...scenario.steps.flatMap((step) => {
      const nodes = lateNodes(step);
      const what = whatIn(step);
      const when = scenario.hasSteps ? say` of ${phraseStep(step)}` : [];
      return nodes.length === 0
        ? []
        : [
            say`${where}${nodes.length === 1 ? 'node' : 'nodes'} ${list(nodes.map(name))} did not take up the ${what}${when} within the time. Nothing that was seen there is about these ${what}, and it is counted as not proven.`,
          ];
    }),
  ];
}

function commonalitiesOf(view: RunView): Phrase[] {
  return [
    ...findRunPatterns(view).map((text) => say`${name(text)}.`),
    ...view.scenarios.flatMap((scenario) =>
      findStepPatterns(scenario).map((text) => say`In scenario ${name(scenario.name)}: ${name(text)}.`),
    ),
  ];
}

function circumstancesOf({ run, podreach, environment }: RunView): AuditEntry[] {
  const { cluster, clusterName, kubernetes, server, nodes } = environment;
  const network = describeNetwork(environment);
  const canary = describeCanary(environment);
  const start = describeInstant(run.startedAt);
  const end = describeInstant(run.endedAt ?? run.startedAt);
  const last = end === start ? '' : ` to ${end.slice(0, 10) === start.slice(0, 10) ? end.slice(11) : end}`;
  return [
    { label: 'Tested on', text: say`${start}${last} UTC` },
    {
      label: 'Where',
      text: list([
        say`cluster ${name(cluster)}${clusterName === undefined ? '' : say` ${name(clusterName)}`}`,
        ...(kubernetes === undefined ? [] : [say`Kubernetes ${name(kubernetes)}`]),
        ...(server === undefined ? [] : [name(server)]),
      ]),
    },
    ...(nodes.length === 0 ? [] : [{ label: 'Nodes', text: name(describeNodes(nodes)) }]),
    ...entry('Network', network),
    ...entry('Policies of the whole cluster', environment.clusterPolicies?.join(', ')),
    ...(canary === undefined
      ? []
      : [{ label: 'Proof that policies work here', text: say`before the scenarios: ${canary}` }]),
    { label: 'Tested with', text: say`podreach ${name(podreach.version)}, run ${name(run.id)}` },
    { label: 'Started by', text: run.by === undefined ? say`not recorded` : name(run.by) },
    { label: 'From commit', text: describeCommit(run.commit) },
  ];
}

function describeCommit(commit: string | undefined): Phrase {
  if (commit === undefined) return say`not recorded`;
  const [hash = '', ...changes] = commit.split('+');
  return changes.length === 0 ? name(hash) : say`${name(hash)}, with changes that are not in it`;
}

function auditScenario(scenario: ScenarioView): AuditedScenario {
  // What no step looks at.
  const { gaps } = claimsOf(scenario);
  const caution = scenarioCaution(scenario);
  return {
    name: scenario.name,
    ...(scenario.description === undefined ? {} : { description: scenario.description }),
    entries: entriesOf(scenario),
    ...(caution === undefined ? {} : { caution }),
    ...(scenario.error === undefined ? {} : manifestOf(scenario.error)),
    steps: auditSteps(scenario),
    policies: [
      ...scenario.policies.map((policy) => ({
        key: policy.key,
        place: describeLocation(policy.location),
        sentences: [...describeSteps(policy, scenario), ...describePolicy(policy.read())],
        text: policy.lines,
        fingerprint: policy.fingerprint,
      })),
      ...scenario.foreignPolicies.map((policy) => ({
        key: policy.title,
        place: describeLocation(policy.location),
        sentences: [
          say`It is of another kind than the policies that podreach can read: what it means is for the network plugin to say.`,
        ],
        text: policy.lines,
        fingerprint: policy.fingerprint,
      })),
    ],
    untested: describeUntested(gaps, scenario),
  };
}

/** When a policy was there, in this form of it. */
function describeSteps(policy: PolicyView, scenario: ScenarioView): Phrase[] {
  if (!scenario.hasSteps) return [];
  const steps = stepsWith(policy, scenario);
  return [
    say`It was there in ${steps.length === 1 ? 'step' : 'steps'} ${list(steps.map((number) => say`${number}`))}.`,
  ];
}

function entriesOf(scenario: ScenarioView): AuditEntry[] {
  const { owner, purpose, runbook, reviewBy, location, fingerprint } = scenario;
  const { startedAt, durationMs, pods, namespaces } = scenario;
  const took = durationMs === undefined ? '' : `, took ${duration(durationMs)}`;
  return [
    { label: 'Owner', text: owner === undefined ? say`not named` : name(owner) },
    { label: 'Purpose', text: purpose === undefined ? say`not named` : name(purpose) },
    { label: 'Runbook', text: runbook === undefined ? say`not named` : name(runbook) },
    {
      label: 'To be reviewed by',
      text:
        reviewBy === undefined
          ? say`no day is set`
          : isOverdue(scenario)
            ? say`${name(reviewBy)}: OVERDUE on the day of the run`
            : name(reviewBy),
    },
    { label: 'Written in', text: name(describeLocation(location)) },
    ...(fingerprint === undefined ? [] : [{ label: 'Fingerprint', text: say`SHA-256 ${name(fingerprint)}` }]),
    {
      label: 'Tested',
      text: startedAt === undefined ? say`not begun` : say`${describeInstant(startedAt)} UTC${took}`,
    },
    ...entry('Policies in force', describeForce(scenario)),
    ...entry('Last step of the test', describeLeftOut(scenario)),
    ...describeUntried(scenario).map((text) => ({ label: 'Not tested', text: name(text) })),
    ...[...untriedIssueLines(scenario), ...goneLines(scenario)].map(({ text }) => ({
      label: 'Known issue',
      text: name(text),
    })),
    {
      label: 'Test pods',
      text: say`${formatNumber(pods.length)} in ${count(namespaces.length, 'namespace')}`,
    },
  ];
}

function entry(label: string, text: string | undefined): AuditEntry[] {
  return text === undefined ? [] : [{ label, text: name(text) }];
}

function scenarioCaution({ status, error }: ScenarioView): Phrase | undefined {
  if (error !== undefined)
    return say`podreach could not go on with this scenario: ${name(error.message)}.${nextStep(error)}`;
  switch (status) {
    case 'finished':
      return undefined;
    case 'waiting':
    case 'skipped':
      return say`This scenario was not begun.`;
    case 'running':
    case 'interrupted':
    case 'failed':
      return say`This scenario did not come to its end.`;
  }
}

function nextStep(failure: FailureView | undefined): Phrase {
  return failure?.hint === undefined ? [] : say` What to do next: ${name(failure.hint)}`;
}

/** Pairs that were stated and not tried to the end, then those that nothing was stated about. */
function describeUntested(gaps: readonly Gap[], scenario: ScenarioView): Phrase[] {
  const { checks, status, pods } = scenario;
  const coverage = pods.length === 0 ? [] : [describeCoverage(coverageOf(scenario))];
  const untried = checks.filter(
    (check) => check.verdict === undefined || underPolicies(check).length === 0,
  ).length;
  const told = [
    ...(untried === 0
      ? []
      : [
          say`Of the pairs above, ${formatNumber(untried)} of ${formatNumber(checks.length)}: not tried with the policies in force, or not to the end.`,
        ]),
    ...describeGaps(gaps, scenario),
  ];
  if (told.length > 0) return [...coverage, ...told];
  if (checks.length === 0) return [...coverage, say`Everything: this scenario holds no checks.`];
  return [
    ...coverage,
    status === 'finished'
      ? say`Nothing was left out: every pair of test pods was tested on every port.`
      : say`Not known: this scenario did not come to its end.`,
  ];
}

function describeGaps(gaps: readonly Gap[], { pods }: ScenarioView): Phrase[] {
  const told = gaps
    .slice(0, GAPS_TOLD)
    .map(
      ({ sources, to, ports }) =>
        say`${capitalise(describePods(sources, pods))} to ${describePod(to)} on ${describePorts(ports)}.`,
    );
  const left = gaps.length - told.length;
  return [...told, ...(left > 0 ? [say`And to ${count(left, 'other pod')}.`] : [])];
}

/** `2026-11-20 02:00:00` */
function describeInstant(instant: string): string {
  return new Date(instant).toISOString().slice(0, 19).replace('T', ' ');
}

const METHOD: readonly Phrase[] = [
  say`A scenario states which connections must be possible, and which must be impossible. A policy tells the cluster which connections to let through. A pod is one running piece of software; test pods stand for the real ones.`,
  say`Test pods with the labels of the real workloads are started, in namespaces of their own. They make real connections.`,
  say`Before any policy is applied, each pair of pods has to connect once. Without that, a failed connection later proves nothing. Only a pair that something else than the policies is to block need not.`,
  say`Then the policies are applied, exactly as their authors wrote them. Each node has to show that it has taken them up: what is seen on one that has not in time is not proven. Then every pair tries again and again, with a new connection each time.`,
  say`Whoever gets no answer asks up to three times, so that one lost packet is not taken for a block.`,
  say`A failed attempt counts as blocked only if three things worked at the same time. The destination could reach its own port. The nodes of both pods could reach them: each node looks after its pods once a second. And other test pods, which no policy restricts, could connect on the way between these nodes. A dead server, a pod that has lost its network and a broken line are never taken for a policy.`,
  say`At the end the policies are taken away. Every pair that was blocked has to connect once more. One that cannot was not blocked by the policies.`,
  say`What could not be established is called not proven, and is never counted as confirmed.`,
  say`"Nobody else" means no other test pod of the scenario.`,
  say`A fingerprint is the SHA-256 of a policy's text as it was applied. Two texts with the same fingerprint are the same.`,
];

const METHOD_OF_STEPS: readonly Phrase[] = [
  say`Some scenarios go on in steps. A step changes something in the cluster, and states what is different from then on. Everything else that was stated is tried again, and has to be as before.`,
  say`A pod that comes into being under policies cannot connect before them. That it is cut off then rests on what was seen at the time, on later steps, and on the last step of the test.`,
  say`A step may say how soon its changes have to show. What shows later is called late, and counts as otherwise than stated.`,
];

const METHOD_OF_WATCH: readonly Phrase[] = [
  say`When all of that had come out, every connection was tried again and again for a time, while something else was done to the cluster. One connection that must be impossible is enough to contradict; of a needed one, two attempts in a row have to fail.`,
  say`Nobody looks all the time: between two attempts there is a while in which nothing is seen. So of each beginning and end there is told between which moments it lies.`,
];

function limitsOf({ checks }: RunView): Phrase[] {
  const isSelfTested = checks.some(({ from, to }) => from === to);
  return [
    say`The real workloads, other namespaces, nodes and addresses outside of the scenarios.`,
    waysLeftOut(checks),
    say`Protocols other than TCP and UDP, and ports that no test pod listens on.`,
    ...(isSelfTested ? [] : [say`A pod's connections to itself, which policies never block.`]),
    say`What policies outside of the scenarios would add.`,
    say`Any time but that of the run.`,
  ];
}

/** How what was dialled was addressed, in the order in which it is told. */
const DIALLED: readonly (readonly [words: string, isSo: (check: CheckView) => boolean])[] = [
  ['from pod to pod, by address', ({ from, to }) => isPod(from) && isPod(to)],
  ['from hosts to pods, by address', ({ from, to }) => isHost(from) && isPod(to)],
  ['to Services by their addresses', ({ path }) => path === 'clusterIP'],
  ['to Services by their names', ({ path }) => path === 'dns'],
  ['to Services by the ports of nodes', ({ path }) => path === 'nodePort'],
  ['to hosts', ({ to }) => isHost(to)],
];

/** Ways by which nothing was tried. */
function waysLeftOut(checks: RunView['checks']): Phrase {
  const ways = DIALLED.flatMap(([words, isSo]) => (checks.some(isSo) ? [say`${words}`] : []));
  const went = ways.length === 0 ? [] : say`: connections went ${list(ways)}`;
  return checks.some(({ to }) => isService(to))
    ? say`Proxies, load balancers, and other ways to Services than were tried${went}.`
    : say`Ways through Services, names, proxies and load balancers${went}.`;
}
