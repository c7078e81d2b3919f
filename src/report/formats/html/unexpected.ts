/** What is not as expected, and what was not proven, over all scenarios. */
import { describeLocation } from '../../parts/describe.ts';
import { describeExpected } from '../../parts/expectation.ts';
import { groupInconclusive } from '../../parts/inconclusive.ts';
import { seenIssues } from '../../parts/known-issues.ts';
import { factsOf } from '../../parts/mismatch.ts';
import { findRunPatterns, findStepPatterns } from '../../parts/patterns.ts';
import { describeShown } from '../../parts/shown.ts';
import { count, formatNumber } from '../../text/text.ts';
import type { CheckView, RunView } from '../../view/view.ts';
import { html, type Markup } from './markup.ts';
import { entryOf, renderAddress, renderFactList, renderWord } from './parts.ts';

/** Nobody reads more one by one: the matrices show all of them. */
const MISMATCHES_TOLD = 50;
/** So many are open from the beginning. */
const OPEN = 3;
const PAIRS_NAMED = 20;

export function renderUnexpected(view: RunView): readonly Markup[] {
  const entries: Entries = new Map(
    view.scenarios.flatMap(({ checks }, scenario) =>
      checks.map((check, position) => [check, entryOf(scenario, position)] as const),
    ),
  );
  return [
    ...renderMismatches(view, entries),
    ...renderKnown(view, entries),
    ...renderInconclusives(view, entries),
  ];
}

/** The names of checks in the page. */
type Entries = ReadonlyMap<CheckView, string>;

function renderMismatches(view: RunView, entries: Entries): readonly Markup[] {
  const { scenarios, mismatches } = view;
  if (mismatches.length === 0) return [];
  const patterns = [
    ...findRunPatterns(view).map((text) => html`<li>${text}</li>`),
    ...scenarios.flatMap((scenario) =>
      findStepPatterns(scenario).map((text) => html`<li><b>${scenario.name}</b>: ${text}</li>`),
    ),
  ];
  const blocks = mismatches.slice(0, MISMATCHES_TOLD).map((check, index) => {
    const entry = entries.get(check) ?? '';
    const seen = describeShown(check);
    return html`<details class="mismatch" data-entry="${entry}"${index < OPEN ? html` open` : ''}><summary>${renderWord(check.verdict, check.verdict)} <span class="pair">${check.title}</span> <span class="seen">expected ${describeExpected(check)}, seen ${seen}</span></summary>${renderFactList(factsOf(check))}</details>
`;
  });
  const left = mismatches.length - blocks.length;
  return [
    html`<section class="unexpected" id="unexpected" aria-labelledby="unexpected-title">
<h2 id="unexpected-title">Not as expected</h2>
${patterns.length === 0 ? [] : html`<ul class="patterns" data-whole>${patterns}</ul>`}
${renderNothing(left > 0 ? `the ${formatNumber(blocks.length)} that are told here` : 'these checks')}
${blocks}
${left === 0 ? [] : html`<p data-whole>… and ${formatNumber(left)} more. The matrices below show every one.</p>`}
</section>
`,
  ];
}

/** By the entries that list them. */
function renderKnown(view: RunView, entries: Entries): readonly Markup[] {
  const issues = seenIssues(view);
  if (issues.length === 0) return [];
  const items = issues.map(({ issue, scenario, checks }) => {
    const names = checks.map((check) => entries.get(check) ?? '');
    const left = checks.length - PAIRS_NAMED;
    const pairs = checks
      .slice(0, PAIRS_NAMED)
      .map((check, index) => html`<li data-entry="${names[index] ?? ''}">${check.title}</li>`);
    const link = issue.link === undefined ? '' : html`, ${renderAddress(issue.link)}`;
    return html`<li data-entry="${names.join(' ')}">${renderWord('known', 'known')} until ${issue.expires}, ${issue.is}: ${issue.reason} (owner: ${issue.owner}${link}), in ${scenario.name}: ${formatNumber(checks.length)} of ${count(issue.checks, 'check')} <code>${describeLocation(issue.location)}</code><ul class="pairs">${pairs}${left > 0 ? html`<li data-whole>and ${formatNumber(left)} more</li>` : ''}</ul></li>
`;
  });
  return [
    html`<section class="unexpected" id="known" aria-labelledby="known-title">
<h2 id="known-title">Known issues</h2>
${renderNothing('these checks')}
<ul>${items}</ul>
</section>
`,
  ];
}

/** Shown in the place of what a choice leaves out. */
function renderNothing(what: string): Markup {
  return html`<p class="nothing" hidden>None of ${what} matches the filter.</p>`;
}

function renderInconclusives(view: RunView, entries: Entries): readonly Markup[] {
  const groups = groupInconclusive(view.checks);
  if (groups.length === 0) return [];
  const items = groups.map(({ reason, checks }) => {
    const left = checks.length - PAIRS_NAMED;
    const names = checks.map((check) => entries.get(check) ?? '');
    const pairs = checks
      .slice(0, PAIRS_NAMED)
      .map((check, index) => html`<li data-entry="${names[index] ?? ''}">${check.title}</li>`);
    return html`<li data-entry="${names.join(' ')}">${count(checks.length, 'check')}: ${reason}<ul class="pairs">${pairs}${left > 0 ? html`<li data-whole>and ${formatNumber(left)} more</li>` : ''}</ul></li>
`;
  });
  return [
    html`<section class="unexpected" id="unproven" aria-labelledby="unproven-title">
<h2 id="unproven-title">Not proven</h2>
${renderNothing('these checks')}
<ul>${items}</ul>
</section>
`,
  ];
}
