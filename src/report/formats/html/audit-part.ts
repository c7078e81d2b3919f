/** The audit document as a part of the page. */
import { count, formatNumber } from '../../text/text.ts';
import type { RunView } from '../../view/view.ts';
import {
  type Audit,
  type AuditEntry,
  type AuditedPolicy,
  type AuditedScenario,
  buildAudit,
  POLICIES_ADD_UP,
} from '../audit/audit.ts';
import type { AuditIncident } from '../audit/incidents.ts';
import { capitalise, type Phrase } from '../audit/phrase.ts';
import type { Statement } from '../audit/statements.ts';
import { type AuditedStep, describeRepeated } from '../audit/steps.ts';
import type { AuditedWatch } from '../audit/watch.ts';
import { html, type Markup, only } from './markup.ts';
import { renderFactList, renderManifest, renderWord } from './parts.ts';

/** As many stand one by one; the statements, the matrices and the audit document name the others. */
const INCIDENTS_TOLD = 20;
/** In all incidents together, in the same way. */
const CONNECTIONS_TOLD = 140;
/** In all statements together: of more than that each names its share, and says where the others are. */
const DEVIATIONS_TOLD = 400;
/** Passes of one statement that showed something else too. */
const CONTRARY_TOLD = 20;
/** Lines of one file at which the checks of one statement stand. */
const LINES_TOLD = 20;
const STYLES: Readonly<Record<Statement['standing'], string>> = {
  confirmed: 'passed',
  contradicted: 'leaked',
  'not proven': 'inconclusive',
};

export function renderAuditPart(view: RunView): Markup {
  const audit = buildAudit(view);
  const share = shareOf(audit);
  return html`<section id="audit" aria-labelledby="audit-title">
<h2 id="audit-title">For audits: who can reach whom</h2>
<p>${[audit.summary, ...audit.tally].map((phrase) => html`${renderPhrase(phrase)} `)}</p>
${audit.cautions.map((caution) => html`<p class="callout is-inconclusive">${renderPhrase(caution)}</p>`)}${renderManifest(audit.manifest)}
${renderEntries(audit.circumstances)}
${renderIncidents(audit, share)}
${renderWatch(audit.watch)}${audit.scenarios.map((scenario) => renderScenario(scenario, share))}
<h3>How podreach tests</h3>
${bullets(audit.method)}
<h3>What no scenario looks at</h3>
${bullets(audit.limits)}
<h3>Signatures</h3>
<table class="signatures"><thead><tr><td></td><th scope="col">Name</th><th scope="col">Date</th><th scope="col">Signature</th></tr></thead><tbody>${audit.signatures.map((role) => html`<tr><th scope="row">${role}</th><td></td><td></td><td></td></tr>`)}</tbody></table>
</section>
`;
}

/** How many deviations each statement names: all of them where the page has room for that. */
function shareOf({ scenarios }: Audit): number {
  const numbers = scenarios
    .flatMap(({ steps }) =>
      steps.flatMap(({ statements }) => statements.map(({ deviations }) => deviations.length)),
    )
    .filter((number) => number > 0);
  const all = numbers.reduce((sum, number) => sum + number, 0);
  return all <= DEVIATIONS_TOLD
    ? Number.POSITIVE_INFINITY
    : Math.max(1, Math.floor(DEVIATIONS_TOLD / numbers.length));
}

function renderIncidents({ incidents }: Audit, share: number): readonly Markup[] {
  if (incidents.length === 0) return [];
  const told = incidents.slice(0, INCIDENTS_TOLD);
  const left = incidents.length - told.length;
  return [
    html`<h3>Incidents</h3>
${told.map((incident, index) => renderIncident(incident, index, Math.floor(CONNECTIONS_TOLD / told.length)))}
${left > 0 ? html`<p>… and ${count(left, 'more incident')}. ${share === Number.POSITIVE_INFINITY ? 'The statements below name each of them.' : html`The statements below name up to ${formatNumber(share)} each; the matrices show every one, and the audit document (<code>--report audit</code>) tells it.`}</p>` : ''}`,
  ];
}

function renderIncident(incident: AuditIncident, index: number, most: number): Markup {
  return html`<article class="incident">
<h4>${index + 1}. ${renderPhrase(incident.title)}</h4>
<dl class="facts">
<dt>What it means</dt><dd>${incident.meaning.map((phrase) => html`${renderPhrase(phrase)} `)}</dd>
${incident.fault === undefined ? '' : html`<dt>Who is at fault</dt><dd>${renderPhrase(incident.fault)}</dd>`}
<dt>How urgent it is</dt><dd>${renderPhrase(incident.urgency)}</dd>
<dt>What to check first</dt><dd><ol>${incident.firstChecks.map((phrase) => html`<li>${renderPhrase(phrase)}</li>`)}</ol></dd>
<dt>Whom to ask</dt><dd>${renderPhrase(incident.whomToAsk)}</dd>
</dl>
${renderConnections(incident, most)}<details><summary>For those who work with the cluster</summary>${renderFactList([{ label: incident.verdict, text: incident.connections[0]?.pair ?? '' }, ...incident.facts])}</details>
</article>
`;
}

/** @param most as many are named */
function renderConnections({ connections }: AuditIncident, most: number): Markup | string {
  if (connections.length === 1) return '';
  const told = connections.slice(0, most);
  const left = connections.length - told.length;
  return html`<p>All ${formatNumber(connections.length)} connections:</p><ul class="pairs">${told.map(({ pair }) => html`<li class="pair">${pair}</li>`)}${left > 0 ? html`<li>And ${formatNumber(left)} more, which the matrix shows.</li>` : ''}</ul>`;
}

function renderWatch(watch: AuditedWatch | undefined): readonly Markup[] {
  if (watch === undefined) return [];
  const { account, windows, incidents } = watch;
  return [
    html`<h3>While it was watched</h3>
<p>${account.map((phrase) => html`${renderPhrase(phrase)} `)}</p>
${only(windows.length > 0, () => bullets(windows))}
${only(incidents.length > 0, () => html`<p>What else happened in this time:</p>${bullets(incidents)}`)}
`,
  ];
}

function renderScenario(scenario: AuditedScenario, share: number): Markup {
  const { name, entries, caution, manifest, steps, policies, untested } = scenario;
  return html`<h3>Scenario ${renderName(name)}</h3>
${renderEntries(entries)}
${caution === undefined ? '' : html`<p class="callout is-inconclusive">${renderPhrase(caution)}</p>`}${renderManifest(manifest)}
<h4>What was tested</h4>
${steps.length === 0 ? html`<p>Nothing.</p>` : steps.map((step) => renderStep(step, share))}
<h4>Policies, in plain language and as they were applied</h4>
${policies.length > 1 ? html`<p>${POLICIES_ADD_UP}</p>` : ''}
${policies.length === 0 ? html`<p>None.</p>` : html`<ul>${policies.map(renderPolicy)}</ul>`}
<h4>What was not tested</h4>
${bullets(untested)}
`;
}

function renderStep(step: AuditedStep, share: number): Markup {
  const { title, description, account, statements } = step;
  const repeated = describeRepeated(step);
  const told =
    statements.length > 0
      ? html`<ol class="statements">${statements.map((statement) => renderStatement(statement, share))}</ol>`
      : html`${only(repeated === undefined, () => html`<p>Nothing.</p>`)}`;
  if (title === undefined) return told;
  return html`<h5>${renderPhrase(title)}</h5>
${
  description === undefined
    ? ''
    : html`<p>${description}</p>
`
}<p>${account.map((phrase) => html`${renderPhrase(phrase)} `)}</p>
${told}
${repeated === undefined ? '' : html`<p>${renderPhrase(repeated)}</p>`}
`;
}

function renderStatement({ sentence, standing, ...statement }: Statement, share: number): Markup {
  const { deviations, reservation, reasons, contrary, evidence, declared } = statement;
  return html`<li><p class="sentence">${renderPhrase(sentence)}</p>
<p>${renderWord(capitaliseWord(standing), STYLES[standing])}</p>
${renderDeviations(deviations, share)}${reservation === undefined ? '' : html`<p>${renderPhrase(reservation)}</p>`}
${reasons.length === 0 ? '' : html`<p>Reason given: ${reasons.flatMap((reason, index) => [...(index === 0 ? [] : [html`; `]), renderPhrase(reason)])}.</p>`}
<p class="evidence">Evidence: ${renderPhrase(evidence)} Stated in ${gatherPlaces(declared).flatMap((place, index) => [...(index === 0 ? [] : [html`, `]), place])}.</p>${renderContrary(contrary)}</li>
`;
}

/** `a.yaml:3`, `a.yaml:5`, `b.yaml:1` as `a.yaml:3, 5`, `b.yaml:1`. */
function gatherPlaces(places: readonly string[]): Markup[] {
  const lines = Map.groupBy(places, (place) => place.slice(0, place.lastIndexOf(':') + 1));
  return [...lines].map(([file, all]) => {
    const told = all.slice(0, LINES_TOLD).map((place) => place.slice(file.length));
    const left = all.length - told.length;
    return html`<code>${file}${told.join(', ')}</code>${left > 0 ? ` and ${count(left, 'more line')} of it` : ''}`;
  });
}

function renderDeviations(deviations: readonly Phrase[], share: number): Markup | string {
  if (deviations.length === 0) return '';
  const told = deviations.slice(0, share);
  const left = deviations.length - told.length;
  return html`<ul>${told.map((deviation) => html`<li>${renderPhrase(capitalise(deviation))}.</li>`)}${left > 0 ? html`<li>And ${formatNumber(left)} more, which the matrix shows.</li>` : ''}</ul>`;
}

function renderContrary(contrary: readonly Phrase[]): Markup | string {
  if (contrary.length === 0) return '';
  const left = contrary.length - CONTRARY_TOLD;
  return html`<p>Not in every attempt:</p><ul>${contrary.slice(0, CONTRARY_TOLD).map((account) => html`<li>${renderPhrase(capitalise(account))}.</li>`)}${left > 0 ? html`<li>And ${formatNumber(left)} more: <a href="#contrary=yes">show them</a>.</li>` : ''}</ul>`;
}

function renderPolicy({ key, place, sentences, text, fingerprint }: AuditedPolicy): Markup {
  return html`<li><b>${key}</b> (<code>${place}</code>): ${sentences.map((sentence) => html`${renderPhrase(sentence)} `)}<br>SHA-256 <code>${fingerprint}</code><pre>${text.join('\n')}</pre></li>
`;
}

function renderEntries(entries: readonly AuditEntry[]): Markup {
  return html`<dl class="facts">${entries.map(({ label, text }) => html`<dt>${label}</dt><dd>${renderPhrase(text)}</dd>`)}</dl>`;
}

function bullets(phrases: readonly Phrase[]): Markup {
  return html`<ul>${phrases.map((phrase) => html`<li>${renderPhrase(phrase)}</li>`)}</ul>`;
}

/** Names are set off from what is said about them. */
function renderPhrase(phrase: Phrase): Markup {
  return html`${phrase.map((part) => (typeof part === 'string' ? html`${part}` : renderName(part.name)))}`;
}

function renderName(name: string): Markup {
  return html`<em>${name}</em>`;
}

function capitaliseWord(word: string): string {
  return word.charAt(0).toUpperCase() + word.slice(1);
}
