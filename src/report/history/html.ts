/** The history as a page that is read without a script. */
import { readFileSync } from 'node:fs';
import { describePlace } from '../comparison/words.ts';
import { html, Markup, only } from '../formats/html/markup.ts';
import { renderPage } from '../formats/html/page.ts';
import { renderTable, renderWord } from '../formats/html/parts.ts';
import { count, duration, formatNumber } from '../text/text.ts';
import { drawRuns, drawTrend, legendOf } from './drawings.ts';
import {
  type CheckTrendView,
  describeHistory,
  describeNewest,
  describePair,
  describeSurroundings,
  type HistoryView,
  headOf,
  LEGEND,
  nameOfTrend,
  type PastRunView,
  SIGNS,
  whenOf,
  wordOf,
} from './words.ts';

/** Longer lists are opened by whoever wants them. */
const LONG = 50;

export function renderHistoryHtml(view: HistoryView): string {
  const sum = describeHistory(view);
  const newest = view.runs.at(-1);
  return renderPage({
    title: `podreach history: ${sum}`,
    style: new Markup(readFileSync(new URL('./history.css', import.meta.url), 'utf8')),
    body: html`<a class="skip" href="#content">Skip to the history</a>
<header>
<p class="brand">podreach history</p>
<h1>${newest === undefined ? '' : renderWord(wordOf(newest).word, wordOf(newest).style)} <span>${sum}</span></h1>
</header>
<main id="content">
${renderRuns(view)}
${renderChecks(view)}
${renderTimes(view)}
${renderLeftOut(view)}
</main>`,
  });
}

function renderRuns({ runs }: HistoryView): Markup {
  const rows = runs.toReversed().map((run) => {
    const { word, style } = wordOf(run);
    return html`<tr><td class="number">${whenOf(run)}</td><td>${renderWord(word, style)}</td><td>${describeNewest(run)}</td><td>${describeSurroundings(run)}</td><td>${run.id}</td><td>${run.file}</td></tr>
`;
  });
  const table = renderTable('Runs', ['started (UTC)', 'result', 'checks', 'where', 'run', 'file'], rows);
  return html`<section id="runs" aria-labelledby="runs-title">
<h2 id="runs-title">Runs</h2>
${drawRuns(runs, 'Checks that were not as expected or not proven, run by run')}
<ul class="legend">${legendOf(runs)}</ul>
<p class="note">A bar for each run: checks that were not as expected, or not proven. A flat green one: none. A dashed line: cluster, network plugin or podreach changed.</p>
${runs.length > LONG ? html`<details><summary>All ${count(runs.length, 'run')}, the newest first</summary>${table}</details>` : table}
</section>
`;
}

function renderChecks({ checks, runs, checksSeen }: HistoryView): Markup {
  if (checks.length === 0)
    return html`<section id="checks" aria-labelledby="checks-title">
<h2 id="checks-title">Checks</h2>
<p>None of ${count(checksSeen, 'check')} has failed in any run, and none is flaky.</p>
</section>
`;
  const when = (index: number | undefined): string => {
    const run: PastRunView | undefined = index === undefined ? undefined : runs[index];
    return run === undefined ? '' : whenOf(run);
  };
  const rows = checks.map((check) => {
    const { word, style } = headOf(check);
    const { failures, firstFailure, lastFailure, isFlaky, verdicts, place } = check;
    const seen = verdicts.filter((verdict) => verdict !== null).length;
    return html`<tr><td>${renderWord(word, style)}</td><th scope="row" class="pair">${describePair(check)}</th><td>${describePlace(place)}</td><td class="number">${formatNumber(failures)} of ${formatNumber(seen)}</td><td class="number">${when(firstFailure)}</td><td class="number">${when(lastFailure)}</td><td>${isFlaky ? 'yes' : ''}</td><td>${renderSigns(check)}</td></tr>
`;
  });
  return html`<section id="checks" aria-labelledby="checks-title">
<h2 id="checks-title">Checks that failed in any run, or are flaky</h2>
${renderTable('Checks', ['now', 'check', 'where', 'failed', 'first', 'last', 'flaky', 'run by run'], rows)}
<p class="note">Run by run, the oldest first: ${LEGEND}. Flaky: it was flapping, or its verdict changed at least twice with the same policies, network plugin and cluster.</p>
</section>
`;
}

/** Runs that showed the same one after the other are one piece. */
function renderSigns({ verdicts }: CheckTrendView): Markup {
  const pieces: { readonly verdict: CheckTrendView['verdicts'][number]; length: number }[] = [];
  for (const verdict of verdicts) {
    const last = pieces.at(-1);
    if (last?.verdict === verdict) last.length += 1;
    else pieces.push({ verdict, length: 1 });
  }
  return html`<code class="signs">${pieces.map(({ verdict, length }) =>
    verdict === null
      ? html`${' '.repeat(length)}`
      : html`<span class="is-${SIGNS[verdict].style}">${SIGNS[verdict].sign.repeat(length)}</span>`,
  )}</code>`;
}

function renderTimes({ times, runs }: HistoryView): Markup | readonly Markup[] {
  const rows = times.map((trend) => {
    const medians = trend.points.map(({ medianMs }) => medianMs);
    const sorted = medians.toSorted((left, right) => left - right);
    const cells = [medians[0], medians.at(-1), sorted[0], sorted.at(-1)].map(
      (ms) => html`<td class="number">${ms === undefined ? '' : duration(ms)}</td>`,
    );
    return html`<tr><th scope="row">${nameOfTrend(trend)}</th><td class="number">${count(trend.points.length, 'run')}</td>${cells}<td>${drawTrend(trend, runs.length)}</td></tr>
`;
  });
  return only(
    rows.length > 0,
    () => html`<section id="times" aria-labelledby="times-title">
<h2 id="times-title">Time to enforce, time to allow</h2>
${renderTable('Times', ['step', 'in', 'median at first', 'at last', 'least', 'most', 'run by run'], rows)}
<p class="note">Drawn: the median of each run; dashed, what 95 of 100 pairs did not exceed.</p>
</section>
`,
  );
}

function renderLeftOut({ leftOut }: HistoryView): Markup | readonly Markup[] {
  return only(
    leftOut.length > 0,
    () => html`<section id="left-out" aria-labelledby="left-out-title">
<h2 id="left-out-title">Left out: ${count(leftOut.length, 'file')}</h2>
<ul>${leftOut.map(({ file, why }) => html`<li>${file} ${why}</li>`)}</ul>
</section>
`,
  );
}
