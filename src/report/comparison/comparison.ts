/** What two records say differently, by format. Each but JSON is a function of the harmless comparison. */
import type { RecordComparison } from '../../compare/compare.ts';
import { dataText } from '../../record/text.ts';
import type { ComparisonFormat } from '../formats.ts';
import type { RenderOptions, Report } from '../render-options.ts';
import { harmless } from '../view/harmless.ts';
import { renderComparisonHtml } from './html.ts';
import { renderComparisonMarkdown } from './markdown.ts';
import { renderComparisonTerminal } from './terminal.ts';
import type { ComparisonView } from './words.ts';

/** A difference takes one line. */
const DEPTH_OF_DIFFERENCES = 2;

export const COMPARISON_REPORTS: Readonly<Record<ComparisonFormat, Report<RecordComparison>>> = {
  terminal: viewed(renderComparisonTerminal),
  json: (comparison) => dataText(comparison, DEPTH_OF_DIFFERENCES),
  markdown: viewed(renderComparisonMarkdown),
  html: viewed(renderComparisonHtml),
};

function viewed(render: (view: ComparisonView, options: RenderOptions) => string): Report<RecordComparison> {
  return (comparison, options) => render(harmless(comparison), options);
}
