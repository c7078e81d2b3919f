/** What is not as expected, and what was not proven, over all scenarios. */
import type { CheckRecord, RunRecord, ScenarioRecord } from '../../../record.ts';
import { describeAttempts, underPolicies } from '../../parts/attempts.ts';
import { describePair } from '../../parts/describe.ts';
import { describeExpected } from '../../parts/expectation.ts';
import { groupInconclusive } from '../../parts/inconclusive.ts';
import { factsOf, mismatchesOf } from '../../parts/mismatch.ts';
import { findPatterns, findRunPatterns } from '../../parts/patterns.ts';
import { count, formatNumber } from '../../text/text.ts';
import { html, type Markup } from './markup.ts';
import { entryOf, renderFactList, renderWord } from './parts.ts';

/** Nobody reads more one by one: the matrices show all of them. */
const MISMATCHES_TOLD = 50;
/** So many are open from the beginning. */
const OPEN = 3;
const PAIRS_NAMED = 20;

/** Where checks are found: their scenarios, and their names in the page. */
type Places = ReadonlyMap<CheckRecord, { readonly scenario: ScenarioRecord; readonly entry: string }>;

export function renderUnexpected(record: RunRecord): readonly Markup[] {
  const places: Places = new Map(
    record.scenarios.flatMap((scenario, index) =>
      scenario.checks.map(
        (check, position) => [check, { scenario, entry: entryOf(index, position) }] as const,
      ),
    ),
  );
  return [...renderMismatches(record, places), ...renderInconclusives(places)];
}

function renderMismatches(record: RunRecord, places: Places): readonly Markup[] {
  const mismatches = mismatchesOf([...places.keys()]);
  if (mismatches.length === 0) return [];
  const patterns = [
    ...findRunPatterns(record.scenarios).map((text) => html`<li>${text}</li>`),
    ...record.scenarios.flatMap((scenario) =>
      findPatterns(scenario).map((text) => html`<li><b>${scenario.name}</b>: ${text}</li>`),
    ),
  ];
  const blocks = mismatches.slice(0, MISMATCHES_TOLD).flatMap((check, index) => {
    const place = places.get(check);
    if (place === undefined) return [];
    const { scenario, entry } = place;
    const seen = describeAttempts(underPolicies(check));
    return [
      html`<details class="mismatch" data-entry="${entry}"${index < OPEN ? html` open` : ''}><summary>${renderWord(check.verdict, check.verdict)} <span class="pair">${describePair(check)}</span> <span class="seen">expected ${describeExpected(check)}, seen ${seen}</span></summary>${renderFactList(factsOf(check, { scenario, record }))}</details>
`,
    ];
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

/** Shown in the place of what a choice leaves out. */
function renderNothing(what: string): Markup {
  return html`<p class="nothing" hidden>None of ${what} matches the filter.</p>`;
}

function renderInconclusives(places: Places): readonly Markup[] {
  const groups = groupInconclusive([...places.keys()]);
  if (groups.length === 0) return [];
  const items = groups.map(({ reason, checks }) => {
    const left = checks.length - PAIRS_NAMED;
    const entries = checks.map((check) => places.get(check)?.entry ?? '');
    const pairs = checks
      .slice(0, PAIRS_NAMED)
      .map((check, index) => html`<li data-entry="${entries[index] ?? ''}">${describePair(check)}</li>`);
    return html`<li data-entry="${entries.join(' ')}">${count(checks.length, 'check')}: ${reason}<ul class="pairs">${pairs}${left > 0 ? html`<li data-whole>and ${formatNumber(left)} more</li>` : ''}</ul></li>
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
