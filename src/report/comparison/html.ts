/** The comparison as a page that is read without a script. */
import { CHANGES, type CheckChange } from '../../compare/checks.ts';
import { html, type Markup, only } from '../formats/html/markup.ts';
import { renderPage } from '../formats/html/page.ts';
import { renderFactList, renderTable, renderWord } from '../formats/html/parts.ts';
import { describeLocation } from '../parts/describe.ts';
import type { ResultWord } from '../parts/summary.ts';
import { count, formatNumber } from '../text/text.ts';
import {
  CHANGE_WORDS,
  type CheckDifferenceView,
  type ComparisonView,
  type DifferenceRow,
  describeCheck,
  describeOutcome,
  describePair,
  describePlace,
  outcomeWord,
  runFacts,
  surroundingRows,
  timeRows,
  warningsOf,
  windowRows,
} from './words.ts';

/** Longer lists are opened by whoever wants them. */
const LONG = 100;

export function renderComparisonHtml(view: ComparisonView): string {
  const { word, style } = outcomeWord(view);
  const outcome = describeOutcome(view);
  const changes = changesIn(view);
  return renderPage({
    title: `podreach diff: ${word}, ${outcome}`,
    body: html`<a class="skip" href="#content">Skip to the differences</a>
<header>
<p class="brand">podreach diff</p>
<h1>${renderWord(word, style)} <span>${outcome}</span></h1>
<ul class="cards">${changes.map(({ change, word: name, style: colour, checks }) => html`<li><a class="card is-${colour}" href="#${change}"><b>${formatNumber(checks.length)}</b> ${name}</a></li>`)}</ul>
</header>
<main id="content">
<section id="runs" aria-labelledby="runs-title">
<h2 id="runs-title">The two runs</h2>
${warningsOf(view).map((text) => html`<p class="callout is-inconclusive">${text}</p>`)}
${renderFactList(runFacts(view))}
</section>
${renderDifferences(view)}
</main>`,
  });
}

/** The checks of each change, the most dangerous first. */
function changesIn(view: ComparisonView): readonly ChangedChecks[] {
  const groups = Map.groupBy(view.checks, ({ change }) => change);
  return CHANGES.flatMap((change) => {
    const checks = groups.get(change);
    return checks === undefined ? [] : [{ ...CHANGE_WORDS[change], change, checks }];
  });
}

interface ChangedChecks extends ResultWord {
  readonly change: CheckChange;
  readonly checks: readonly CheckDifferenceView[];
}

/** A section for each kind of difference. */
export function renderDifferences(view: ComparisonView): Markup {
  return html`${changesIn(view).map(renderChecks)}
${renderRows('windows', 'Windows', windowRows(view))}
${renderRows('times', 'Times', timeRows(view))}
${renderRows('surroundings', 'What else differs', surroundingRows(view))}`;
}

function renderChecks({ change: id, word, style, checks }: ChangedChecks): Markup {
  const rows = checks.map(
    (check) =>
      html`<tr><th scope="row" class="pair">${describePair(check)}</th><td>${describePlace(check.place)}</td><td>${describeCheck(check)}</td><td>${check.after?.reason ?? ''}</td><td>${declaredAt(check)}</td></tr>
`,
  );
  const list = renderTable(word, ['check', 'where', 'what', 'reason', 'declared'], rows);
  return html`<section id="${id}" aria-labelledby="${id}-title">
<h2 id="${id}-title">${renderWord(word, style)} ${count(checks.length, 'check')}</h2>
${checks.length > LONG ? html`<details><summary>Show them</summary>${list}</details>` : list}
</section>
`;
}

function declaredAt({ before, after = before }: CheckDifferenceView): string {
  return after === undefined ? '' : describeLocation(after.declared);
}

function renderRows(id: string, title: string, rows: readonly DifferenceRow[]): Markup | readonly Markup[] {
  const cells = rows.map(
    ({ what, where, before, after }) =>
      html`<tr><th scope="row">${what}</th><td>${where}</td><td>${before}</td><td>${after}</td></tr>
`,
  );
  return only(
    rows.length > 0,
    () => html`<section id="${id}" aria-labelledby="${id}-title">
<h2 id="${id}-title">${title}</h2>
${renderTable(title, ['what', 'where', 'before', 'after'], cells)}
</section>
`,
  );
}
