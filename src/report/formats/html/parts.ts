/** Pieces that several sections of the page share. */
import type { CaseProblem } from '../../parts/cases.ts';
import type { Fact } from '../../text/block.ts';
import type { StepView } from '../../view/view.ts';
import { html, type Markup } from './markup.ts';

/** Labels and texts, commands set apart. */
export function renderFactList(facts: readonly Fact[]): Markup {
  return html`<dl class="facts">${facts.map(({ label, text, isCommand }) => html`<dt>${label}</dt><dd>${isCommand === true ? html`<code>${text}</code>` : text}</dd>`)}</dl>`;
}

/** What kept podreach from going on, and where it is known what would mend it. */
export function renderProblem({
  message,
  facts,
  manifest,
}: Pick<CaseProblem, 'message' | 'facts' | 'manifest'>): Markup {
  return html`<div class="callout is-error" role="note"><p><strong>${message}</strong></p>${renderFactList(facts)}${renderManifest(manifest)}</div>`;
}

/** Lines as they are, to be copied. */
export function renderManifest(manifest: readonly string[] | undefined): Markup | readonly Markup[] {
  return manifest === undefined ? [] : html`<pre>${manifest.join('\n')}</pre>`;
}

/** A table of rows that are marked up already. On a small screen it is moved by itself, with the keys too. */
export function renderTable(label: string, head: readonly string[], rows: readonly Markup[]): Markup {
  return html`<div class="scroll" role="group" aria-label="${label}" tabindex="0"><table class="list"><thead><tr>${head.map((text) => html`<th scope="col">${text}</th>`)}</tr></thead><tbody>
${rows}</tbody></table></div>`;
}

/** Of a part of a scenario; where the scenario goes on in steps, of a part of one of them. */
export function renderHeading(step: StepView, id: string, text: string): Markup {
  return step.scenario.hasSteps ? html`<h4 id="${id}">${text}</h4>` : html`<h3 id="${id}">${text}</h3>`;
}

/** A word for a result, in its colour. */
export function renderWord(word: string, style: string): Markup {
  return html`<strong class="word is-${style}">${word}</strong>`;
}

/** A link where the text is an address in the web, the text itself otherwise. */
export function renderAddress(text: string): Markup {
  return URL.canParse(text) && /^https?:$/.test(new URL(text).protocol)
    ? html`<a href="${text}" rel="noreferrer">${text}</a>`
    : html`${text}`;
}

/** Where checks are told in the page, so that the script can hide it unless one of them is chosen: `data-entry`. */
export function entryOf(scenario: number, check: number): string {
  return `${scenario}.${check}`;
}
