/** The audit document as Markdown. */
import { FLOW_LEGEND } from '../../parts/flows.ts';
import { type Fact, renderFacts } from '../../text/block.ts';
import { code, fence, paragraph, prose, table } from '../../text/markdown-text.ts';
import { createPaint } from '../../text/paint.ts';
import { formatNumber } from '../../text/text.ts';
import type { RunView } from '../../view/view.ts';
import {
  type Audit,
  type AuditEntry,
  type AuditedPolicy,
  type AuditedScenario,
  buildAudit,
  POLICIES_ADD_UP,
} from './audit.ts';
import type { FlowChart } from './flow-chart.ts';
import type { AuditIncident } from './incidents.ts';
import { capitalise, type Phrase } from './phrase.ts';
import type { Statement } from './statements.ts';
import { type AuditedStep, describeRepeated } from './steps.ts';
import type { AuditedWatch } from './watch.ts';

/** Of more than this, nobody reads one by one; the statements name them all. */
const INCIDENTS_TOLD = 100;
const CANVAS = { width: 100, paint: createPaint(false) };
/** Beginning and ending like this, a name stands between stars without ado. */
const EMPHATIC = /^[\p{L}\p{N}](?:.*[\p{L}\p{N}])?$/u;

const STANDING_WORDS: Readonly<Record<Statement['standing'], string>> = {
  confirmed: 'Confirmed.',
  contradicted: '**CONTRADICTED.**',
  'not proven': '**Not proven.**',
};

/** Renders all of it: an audit is not cut short. */
export function renderAudit(view: RunView): string {
  const audit = buildAudit(view);
  return `${[
    '# Who can reach whom',
    'Which connections are possible, and which are not, as a test showed. What is meant by scenario, policy and pod stands under "How podreach tests", near the end.',
    renderEntries([{ label: 'Result', text: [`**${audit.word}**`] }, ...audit.circumstances]),
    [audit.summary, ...audit.tally].map(markdown).join(' '),
    ...audit.cautions.map((caution) => `> ${markdown(caution)}`),
    ...renderManifest(audit.manifest),
    ...renderIncidents(audit),
    ...renderWatch(audit.watch),
    ...audit.scenarios.flatMap(renderScenario),
    '## How podreach tests',
    bullets(audit.method),
    '## What no scenario looks at',
    bullets(audit.limits),
    '## Signatures',
    table(
      ['', 'Name', 'Date', 'Signature'],
      audit.signatures.map((role) => [role, '', '', '']),
    ),
  ].join('\n\n')}\n`;
}

function renderIncidents({ incidents, commonalities }: Audit): string[] {
  if (incidents.length === 0) return [];
  const left = incidents.length - INCIDENTS_TOLD;
  return [
    '## Incidents',
    ...(commonalities.length === 0
      ? []
      : ['Many of them have something in common, and so perhaps one cause:', bullets(commonalities)]),
    ...incidents.slice(0, INCIDENTS_TOLD).flatMap(renderIncident),
    ...(left > 0 ? [`… and ${formatNumber(left)} more. The statements below name each of them.`] : []),
  ];
}

function renderIncident(incident: AuditIncident, index: number): string[] {
  return [
    `### ${index + 1}. ${markdown(incident.title)}`,
    [
      `- **What it means:** ${incident.meaning.map(markdown).join(' ')}`,
      ...(incident.fault === undefined ? [] : [`- **Who is at fault:** ${markdown(incident.fault)}`]),
      `- **How urgent it is:** ${markdown(incident.urgency)}`,
      `- **What to check first:**\n${incident.firstChecks.map((check, position) => `  ${position + 1}. ${markdown(check)}`).join('\n')}`,
      `- **Whom to ask:** ${markdown(incident.whomToAsk)}`,
    ].join('\n'),
    ...(incident.connections.length === 1
      ? []
      : [`All ${formatNumber(incident.connections.length)} connections:`, renderConnections(incident)]),
    'For those who work with the cluster:',
    fence(renderFacts([verdictFact(incident), ...incident.facts], CANVAS, '')),
  ];
}

function renderConnections({ connections }: AuditIncident): string {
  return connections
    .map(({ pair, seen, declared }) => `- ${code(pair)}: ${prose(seen)}, stated in ${code(declared)}`)
    .join('\n');
}

/** What is told is told of the first connection. */
function verdictFact({ verdict, connections }: AuditIncident): Fact {
  return { label: verdict, text: connections[0]?.pair ?? '' };
}

function renderWatch(watch: AuditedWatch | undefined): string[] {
  if (watch === undefined) return [];
  const { account, windows, incidents } = watch;
  return [
    '## While it was watched',
    account.map(markdown).join(' '),
    ...(windows.length === 0 ? [] : [bullets(windows)]),
    ...(incidents.length === 0 ? [] : ['What else happened in this time:', bullets(incidents)]),
  ];
}

function renderScenario(scenario: AuditedScenario): string[] {
  const { description, caution, manifest, steps, policies, untested } = scenario;
  const firstDrawn = steps.find(({ chart }) => chart.lines.length > 0);
  return [
    `## Scenario ${code(scenario.name)}`,
    ...(description === undefined ? [] : [paragraph(description)]),
    renderEntries(scenario.entries),
    ...(caution === undefined ? [] : [`> ${markdown(caution)}`]),
    ...renderManifest(manifest),
    '### What was tested',
    ...(steps.length === 0 ? ['Nothing.'] : steps.flatMap((step) => renderStep(step, step === firstDrawn))),
    '### Policies',
    ...(policies.length > 1 ? [POLICIES_ADD_UP] : []),
    policies.length === 0 ? 'None.' : policies.map(renderPolicy).join('\n'),
    '### What was not tested',
    bullets(untested),
  ];
}

/** @param isExplained whether what its chart shows is explained here: once is enough */
function renderStep(step: AuditedStep, isExplained: boolean): string[] {
  const { title, description, account, statements, chart } = step;
  const repeated = describeRepeated(step);
  return [
    ...(title === undefined ? [] : [`#### ${markdown(title)}`]),
    ...(description === undefined ? [] : [paragraph(description)]),
    ...(account.length === 0 ? [] : [account.map(markdown).join(' ')]),
    ...(statements.length > 0
      ? [statements.map(renderStatement).join('\n')]
      : repeated === undefined
        ? ['Nothing.']
        : []),
    ...(repeated === undefined ? [] : [markdown(repeated)]),
    ...renderChart(chart, isExplained),
  ];
}

function renderChart({ lines, note }: FlowChart, isExplained: boolean): string[] {
  return [
    ...(isExplained ? [FLOW_LEGEND] : []),
    ...(note === undefined ? [] : [note]),
    ...(lines.length === 0 ? [] : [fence(lines, 'mermaid')]),
  ];
}

function renderManifest(manifest: readonly string[] | undefined): string[] {
  return manifest === undefined ? [] : [fence(manifest, 'yaml')];
}

function renderStatement({ sentence, standing, ...statement }: Statement, index: number): string {
  const { inFull, deviations, reservation, reasons, contrary, evidence, declared } = statement;
  const lines = [
    ...inFull.map(markdown),
    `${STANDING_WORDS[standing]}${deviations.length === 1 ? ` ${markdown(capitalise(deviations[0] ?? []))}.` : ''}`,
    ...(deviations.length > 1
      ? deviations.map((deviation) => `  - ${markdown(capitalise(deviation))}.`)
      : []),
    ...(reservation === undefined ? [] : [markdown(reservation)]),
    ...(reasons.length === 0 ? [] : [`Reason given: ${reasons.map(markdown).join('; ')}.`]),
    `Evidence: ${markdown(evidence)}`,
    ...(contrary.length === 0
      ? []
      : ['Not in every attempt:', ...contrary.map((account) => `  - ${markdown(capitalise(account))}.`)]),
    `Stated in ${declared.map(code).join(', ')}.`,
  ];
  const indent = ' '.repeat(String(index + 1).length + 2);
  return [
    `${index + 1}. **${markdown(sentence)}**`,
    ...lines.map((line) => (line.startsWith('  ') ? `${indent}${line}` : `${indent}- ${line}`)),
  ].join('\n');
}

function renderPolicy({ key, place, sentences, fingerprint }: AuditedPolicy): string {
  return [
    `- **${code(key)}** (${code(place)})`,
    `  - ${sentences.map(markdown).join(' ')}`,
    `  - SHA-256 ${code(fingerprint)}`,
  ].join('\n');
}

function renderEntries(entries: readonly AuditEntry[]): string {
  return table(
    ['', ''],
    entries.map(({ label, text }) => [label, markdown(text)]),
  );
}

function bullets(phrases: readonly Phrase[]): string {
  return phrases.map((phrase) => `- ${markdown(phrase)}`).join('\n');
}

/** Names are set off from what is said about them. */
function markdown(phrase: Phrase): string {
  return phrase.map((part) => (typeof part === 'string' ? part : emphasise(part.name))).join('');
}

function emphasise(text: string): string {
  return EMPHATIC.test(text) ? `*${prose(text)}*` : `<em>${prose(text)}</em>`;
}
