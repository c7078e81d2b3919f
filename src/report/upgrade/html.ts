/** What an upgrade came to, as one page: the answer, the timeline of the watch, and what is otherwise afterwards. It is read without a script, too. */
import { UPGRADE_PARTS } from '../../model/upgrade.ts';
import { renderDifferences } from '../comparison/html.ts';
import {
  CHANGE_WORDS,
  describeCheck,
  describeOutcome,
  describePair,
  describePlace,
  outcomeWord,
} from '../comparison/words.ts';
import { html, type Markup, only } from '../formats/html/markup.ts';
import { renderPage } from '../formats/html/page.ts';
import { renderTable, renderWord } from '../formats/html/parts.ts';
import { timelineScript, timelineStyle } from '../formats/html/timeline/assets.ts';
import { renderWatch } from '../formats/html/timeline/timeline.ts';
import { describeRun, runWord } from '../parts/summary.ts';
import { formatNumber } from '../text/text.ts';
import type { UpgradeView } from './view.ts';
import { amissIn, describeLeft, describeUpgrade, PART_TITLES, upgradeWord } from './words.ts';

const ROWS = 200;

export function renderUpgradeHtml(view: UpgradeView): string {
  const { word, style } = upgradeWord(view);
  const answer = describeUpgrade(view);
  const { during } = view.parts;
  const isWatched = during?.watch !== undefined;
  return renderPage({
    title: `podreach upgrade: ${word}: ${answer}`,
    ...(isWatched ? { style: timelineStyle(), scripts: [timelineScript()] } : {}),
    body: html`<a class="skip" href="#content">Skip to what it rests on</a>
<header>
<p class="brand">podreach upgrade</p>
<h1>${renderWord(`${word}:`, style)} <span>${answer}</span></h1>
</header>
<main id="content">
${renderParts(view)}
${renderBefore(view)}
${during === undefined ? [] : renderWatch(during)}
${renderDuring(view)}
${renderAfter(view)}
</main>`,
  });
}

function renderParts({ parts, pages }: UpgradeView): Markup {
  const rows = UPGRADE_PARTS.map((part) => {
    const run = parts[part];
    if (run === undefined)
      return html`<tr><th scope="row">${PART_TITLES[part]}</th><td>not made</td><td></td><td></td></tr>
`;
    const { word, style } = runWord(run);
    const page = pages[part];
    const name =
      page === undefined ? html`${PART_TITLES[part]}` : html`<a href="${page}">${PART_TITLES[part]}</a>`;
    return html`<tr><th scope="row">${name}</th><td>${renderWord(word, style)}</td><td>${describeRun(run)}</td><td>${run.run.id}</td></tr>
`;
  });
  return html`<section id="parts" aria-labelledby="parts-title">
<h2 id="parts-title">The parts</h2>
${renderTable('Parts', ['part', 'result', 'what', 'run'], rows)}
</section>
`;
}

function renderBefore({ parts: { before } }: UpgradeView): Markup | readonly Markup[] {
  const lines = amissIn(before);
  const shown = lines.slice(0, ROWS);
  const left = lines.length - shown.length;
  return only(
    lines.length > 0,
    () => html`<section id="before" aria-labelledby="before-title">
<h2 id="before-title">Not as expected before the upgrade</h2>
<ul>${shown.map(({ word, style, text }) => html`<li>${renderWord(word, style)} ${text}</li>`)}</ul>
${only(left > 0, () => html`<p>${describeLeft(left)}.</p>`)}
</section>
`,
  );
}

/** What the watch made of checks; the timeline above has the windows. */
function renderDuring({ shown }: UpgradeView): Markup | readonly Markup[] {
  const worse = shown?.checks.filter(({ isWorse }) => isWorse) ?? [];
  const rows = worse.slice(0, ROWS).map((check) => {
    const { word, style } = CHANGE_WORDS[check.change];
    return html`<tr><td>${renderWord(word, style)}</td><th scope="row" class="pair">${describePair(check)}</th><td>${describePlace(check.place)}</td><td>${describeCheck(check)}</td><td>${check.after?.reason ?? ''}</td></tr>
`;
  });
  const left = worse.length - rows.length;
  return only(
    rows.length > 0,
    () => html`<section id="during" aria-labelledby="during-title">
<h2 id="during-title">Not as expected during the upgrade: ${formatNumber(worse.length)}</h2>
${renderTable('Not as expected', ['verdict', 'check', 'where', 'what', 'reason'], rows)}
${only(left > 0, () => html`<p>${describeLeft(left)}.</p>`)}
</section>
`,
  );
}

function renderAfter({ changed }: UpgradeView): Markup | readonly Markup[] {
  if (changed === undefined) return [];
  const { word, style } = outcomeWord(changed);
  return html`<section id="after" aria-labelledby="after-title">
<h2 id="after-title">Before and after</h2>
<p>${renderWord(word, style)} ${describeOutcome(changed)}</p>
</section>
${renderDifferences(changed)}`;
}
