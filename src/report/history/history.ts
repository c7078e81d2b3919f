/** What many records show one after the other, by format. Each but JSON is a function of the harmless history. */
import type { History } from '../../compare/history.ts';
import { dataText } from '../../record/text.ts';
import type { HistoryFormat } from '../formats.ts';
import type { RenderOptions, Report } from '../render-options.ts';
import { harmless } from '../view/harmless.ts';
import { renderHistoryHtml } from './html.ts';
import { renderHistoryTerminal } from './terminal.ts';
import type { HistoryView } from './words.ts';

/** A history, and what was found beside its records. */
export interface ReadHistory extends History {
  /** Files that hold no record, each with why; and files that hold a run once more. */
  readonly leftOut: readonly { readonly file: string; readonly why: string }[];
}

/** A run or a check takes one line. */
const DEPTH_OF_ITEMS = 2;

export const HISTORY_REPORTS: Readonly<Record<HistoryFormat, Report<ReadHistory>>> = {
  terminal: viewed(renderHistoryTerminal),
  json: (history) => dataText(history, DEPTH_OF_ITEMS),
  html: viewed(renderHistoryHtml),
};

function viewed(render: (view: HistoryView, options: RenderOptions) => string): Report<ReadHistory> {
  return (history, options) => render(harmless(history), options);
}
