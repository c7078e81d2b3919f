/** What an upgrade came to, by format. Each but JSON is a function of the harmless view. */
import { compareUpgrade } from '../../compare/upgrade.ts';
import { dataText } from '../../record/text.ts';
import type { ComparisonFormat } from '../formats.ts';
import type { RenderOptions, Report } from '../render-options.ts';
import { renderUpgradeHtml } from './html.ts';
import { renderUpgradeMarkdown } from './markdown.ts';
import { renderUpgradeTerminal } from './terminal.ts';
import { type ToldUpgrade, type UpgradeView, viewOfUpgrade } from './view.ts';

/** A difference takes one line. */
const DEPTH_OF_DIFFERENCES = 3;

export const UPGRADE_REPORTS: Readonly<Record<ComparisonFormat, Report<ToldUpgrade>>> = {
  terminal: viewed(renderUpgradeTerminal),
  json: ({ pages: _, ...records }) => dataText(compareUpgrade(records), DEPTH_OF_DIFFERENCES),
  markdown: viewed(renderUpgradeMarkdown),
  html: viewed(renderUpgradeHtml),
};

function viewed(render: (view: UpgradeView, options: RenderOptions) => string): Report<ToldUpgrade> {
  return (told, options) => render(viewOfUpgrade(told), options);
}
