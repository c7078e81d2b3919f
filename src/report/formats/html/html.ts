/**
 * The report to look into: one file without anything beside it, for people who want to know more than a line. It can be read
 * without its script, loads nothing, and runs nothing but that script, whatever a record says.
 */

import type { Counts } from '../../../judge/counts.ts';
import { scriptSource } from '../../../script-source.ts';
import { problemsOf } from '../../parts/cases.ts';
import { circumstanceFacts } from '../../parts/circumstances.ts';
import { passedContrary, summariseContrary } from '../../parts/contrary.ts';
import { summariseHeldConnections } from '../../parts/held-connections.ts';
import { warningsOf } from '../../parts/opinion.ts';
import { resultOf } from '../../parts/result-line.ts';
import { describeOverdue } from '../../parts/review.ts';
import { describeLeftOut } from '../../parts/scenario-notes.ts';
import { describeRun, isCalm, runWord, scenarioWord } from '../../parts/summary.ts';
import { summariseWithoutControl } from '../../parts/without-control.ts';
import { duration, formatNumber, shortenMiddle } from '../../text/text.ts';
import type { RunView } from '../../view/view.ts';
import { renderAuditPart } from './audit-part.ts';
import { html, Markup, only } from './markup.ts';
import { packChecks } from './pack.ts';
import { renderPage } from './page.ts';
import { renderFactList, renderProblem, renderTable, renderWord } from './parts.ts';
import { renderScenario, scenarioId } from './scenario.ts';
import { timelineScript, timelineStyle } from './timeline/assets.ts';
import { renderWatch } from './timeline/timeline.ts';
import { renderUnexpected } from './unexpected.ts';

/** Verdicts with the words and the colours of the page, the most dangerous first. */
const VERDICTS: readonly (readonly [kind: keyof Counts, word: string, style: string])[] = [
  ['leaked', 'leaked', 'leaked'],
  ['broken', 'broken', 'broken'],
  ['flapping', 'flapping', 'flapping'],
  ['late', 'late', 'late'],
  ['inconclusive', 'inconclusive', 'inconclusive'],
  ['unjudged', 'not judged', 'inconclusive'],
  ['known', 'known', 'known'],
  ['pass', 'passed', 'passed'],
];

/** Of a scenario's name in the list of the page's parts. */
const LONGEST_ENTRY = 40;

export function renderHtml(view: RunView): string {
  const { word } = runWord(view);
  const isWatched = view.watch !== undefined;
  return renderPage({
    title: `podreach: ${word}, ${describeRun(view)}`,
    ...(isWatched ? { style: timelineStyle() } : {}),
    body: html`<a class="skip" href="#content">Skip to the results</a>
${renderHeader(view)}
${renderNavigation(view)}
${renderFilter(view)}
<main id="content">
${renderSummary(view)}
${renderUnexpected(view)}
${renderWatch(view)}${view.scenarios.map((scenario, index) => renderScenario(scenario, index))}
${renderAuditPart(view)}
</main>
<footer><p>podreach ${view.podreach.version}, run ${view.run.id}</p></footer>
<script type="application/octet-stream" id="checks">${new Markup(packChecks(view))}</script>`,
    scripts: [
      new Markup(scriptSource('./browser/page', import.meta.url)),
      ...(isWatched ? [timelineScript()] : []),
    ],
  });
}

function renderHeader(view: RunView): Markup {
  const { word, style } = runWord(view);
  const { counts } = view;
  const cards = VERDICTS.filter(([kind]) => counts[kind] > 0).map(
    ([kind, name, colour]) =>
      html`<li><a class="card is-${colour}" href="#verdict=${kind}"><b>${formatNumber(counts[kind])}</b> ${name}</a></li>`,
  );
  return html`<header>
<p class="brand">podreach</p>
<h1>${renderWord(word, style)} <span>${describeRun(view)}</span></h1>
<ul class="cards">${cards}</ul>
</header>`;
}

function renderNavigation({ scenarios, mismatches, counts, watch }: RunView): Markup {
  const entries: readonly (readonly [place: string, text: string])[] = [
    ['summary', 'Summary'],
    ...(mismatches.length > 0 ? [['unexpected', 'Not as expected'] as const] : []),
    ...(counts.known > 0 ? [['known', 'Known issues'] as const] : []),
    ...(counts.inconclusive > 0 ? [['unproven', 'Not proven'] as const] : []),
    ...(watch === undefined ? [] : [['watch', 'While it was watched'] as const]),
    ...scenarios.map(({ name }, index) => [scenarioId(index), name] as const),
    ['audit', 'For audits'],
  ];
  return html`<nav aria-label="Parts of this page"><ul>${entries.map(([place, text]) => html`<li><a href="#${place}">${shortenMiddle(text, LONGEST_ENTRY)}</a></li>`)}</ul></nav>`;
}

/** Hidden until the script is there that makes it work. */
function renderFilter({ counts, scenarios, checks }: RunView): Markup {
  const namespaces = new Set(scenarios.flatMap((scenario) => scenario.namespaces.map(({ name }) => name)));
  const policies = new Set(scenarios.flatMap((scenario) => scenario.policies.map(({ key }) => key)));
  const boxes = VERDICTS.filter(([kind]) => counts[kind] > 0).map(
    ([kind, word, style]) =>
      html`<label class="is-${style}"><input type="checkbox" name="verdict" value="${kind}"> ${word} (${formatNumber(counts[kind])})</label>`,
  );
  const contrary = passedContrary(checks).length;
  return html`<form id="filter" role="search" aria-label="Choose checks" hidden>
<fieldset><legend>Verdict</legend>${boxes}${only(contrary > 0, () => html`<label class="is-inconclusive"><input type="checkbox" name="contrary" value="yes"> passed, but not in every attempt (${formatNumber(contrary)})</label>`)}</fieldset>
${renderSelect('namespace', 'Namespace', namespaces)}
${renderSelect('policy', 'Policy', policies)}
<label>Text <input type="search" name="text" placeholder="pod, port, reason, file" autocomplete="off" spellcheck="false"></label>
<button type="reset">Show all</button>
<output id="shown"></output>
</form>
<p class="note" id="without-script">Without JavaScript this page has no filters and no details of checks but those below, and prints wide matrices cut off.</p>`;
}

function renderSelect(name: string, label: string, values: ReadonlySet<string>): Markup {
  return html`<label>${label} <select name="${name}"><option value="">all</option>${[...values].map((value) => html`<option value="${value}">${value}</option>`)}</select></label>`;
}

function renderSummary(view: RunView): Markup {
  const { counts } = view;
  const verdicts = VERDICTS.filter(([kind]) => counts[kind] > 0);
  const rows = view.scenarios.map((scenario, index) => {
    const result = resultOf(scenario);
    const outcome = scenarioWord(result);
    // Policies that left a way open have not settled, whatever the other ways took.
    const settledMs = isCalm(outcome) ? result.settledMs : undefined;
    const cells = verdicts.map(
      ([kind]) =>
        html`<td class="number">${result.counts[kind] === 0 ? '' : formatNumber(result.counts[kind])}</td>`,
    );
    return html`<tr><td>${renderWord(outcome.word, outcome.style)}</td><th scope="row"><a href="#${scenarioId(index)}">${scenario.name}</a></th>${cells}<td class="number">${settledMs === undefined ? '' : duration(settledMs)}</td><td class="number">${result.durationMs === undefined ? '' : duration(result.durationMs)}</td></tr>
`;
  });
  const notes = view.scenarios.flatMap((scenario) =>
    [
      describeOverdue(scenario),
      describeLeftOut(scenario),
      summariseWithoutControl(scenario.checks),
      summariseHeldConnections(scenario.checks),
    ].flatMap((text) =>
      text === undefined ? [] : [html`<p class="callout is-inconclusive">${scenario.name}: ${text}</p>`],
    ),
  );
  const contrary = view.scenarios.flatMap(({ name, checks }) => {
    const text = summariseContrary(checks);
    return text === undefined
      ? []
      : [html`<p class="note">${name}: ${text} (<a href="#contrary=yes">show</a>)</p>`];
  });
  return html`<section id="summary" aria-labelledby="summary-title">
<h2 id="summary-title">Summary</h2>
${problemsOf(view).map(renderProblem)}
${warningsOf(view).map(({ text }) => html`<p class="callout is-inconclusive">${text}</p>`)}
${notes}
${contrary}
${only(rows.length > 0, () =>
  renderTable(
    'Scenarios',
    ['result', 'scenario', ...verdicts.map(([, word]) => word), 'settled in', 'took'],
    rows,
  ),
)}
<details><summary>Circumstances of the run</summary>${renderFactList(circumstanceFacts(view))}</details>
</section>
`;
}
