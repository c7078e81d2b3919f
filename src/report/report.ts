/** Reports by name. Each is a pure function of the run record. */
import { normalize } from 'node:path';
import { PodreachError } from '../errors.ts';
import type { RunRecord } from '../record.ts';
import { renderAudit } from './audit/markdown.ts';
import { renderGithub } from './github.ts';
import { renderHtml } from './html/html.ts';
import type { LinkTo } from './hyperlinks.ts';
import { renderJson } from './json.ts';
import { renderJunit } from './junit.ts';
import { renderMarkdown } from './markdown.ts';
import { renderOpenMetrics } from './openmetrics.ts';
import { renderTap } from './tap.ts';
import { renderTerminal } from './terminal.ts';

export interface RenderOptions {
  /** Columns of the terminal. */
  readonly width: number;
  readonly colour: boolean;
  /** Everything, also where all is well. */
  readonly verbose: boolean;
  /** Only what is not as expected, and no matrix. Goes before `verbose` where a scenario passed. */
  readonly quiet: boolean;
  /** Makes places in files links, where the terminal can follow them. */
  readonly linkTo?: LinkTo;
}

/** The whole text of a report, ending with a line break where there is anything to say. */
export type Report = (record: RunRecord, options: RenderOptions) => string;

export type ReportFormat =
  | 'terminal'
  | 'json'
  | 'junit'
  | 'markdown'
  | 'github'
  | 'html'
  | 'audit'
  | 'openmetrics'
  | 'tap';

export const REPORTS: Readonly<Record<ReportFormat, Report>> = {
  terminal: renderTerminal,
  json: renderJson,
  junit: renderJunit,
  markdown: renderMarkdown,
  github: renderGithub,
  html: renderHtml,
  audit: renderAudit,
  openmetrics: renderOpenMetrics,
  tap: renderTap,
};

/** One `--report`. Without a file it goes to standard output. */
export interface ReportRequest {
  readonly format: ReportFormat;
  readonly file?: string;
  /** The file belongs to others too: what it holds stays. */
  readonly append?: boolean;
  /** Nobody asked for it, so a run does not fail for it. */
  readonly unasked?: boolean;
}

/**
 * Reads `FORMAT` or `FORMAT=FILE`, the value of one `--report`.
 * @throws PodreachError `usage`: an unknown format, or an equals sign without a file
 */
export function parseReportOption(text: string): ReportRequest {
  const end = text.indexOf('=');
  const format = end === -1 ? text : text.slice(0, end);
  if (!isReportFormat(format)) {
    throw new PodreachError('usage', `unknown report format ${JSON.stringify(format)}`, {
      hint: `${didYouMean(format)}Write --report FORMAT or --report FORMAT=FILE; the formats are: ${Object.keys(REPORTS).join(', ')}.`,
    });
  }
  if (end === -1) return { format };
  const file = text.slice(end + 1);
  if (file.trim() === '') {
    throw new PodreachError('usage', `--report ${text} names no file`, {
      hint: `Write --report ${format}=FILE, or --report ${format} for standard output.`,
    });
  }
  return { format, file };
}

/**
 * Reads the values of all `--report` options.
 * @throws PodreachError `usage`: as {@link parseReportOption}, or two reports that would end up in the same place
 */
export function parseReportOptions(texts: readonly string[]): ReportRequest[] {
  const requests = texts.map(parseReportOption);
  const taken = new Map<string | undefined, ReportFormat>();
  for (const { format, file } of requests) {
    const target = file === undefined ? undefined : normalize(file);
    const other = taken.get(target);
    if (other !== undefined) {
      const place = file ?? 'standard output';
      throw new PodreachError('usage', `two reports, ${other} and ${format}, cannot both go to ${place}`, {
        hint: `Give each a file of its own, such as --report ${format}=FILE.`,
      });
    }
    taken.set(target, format);
  }
  return requests;
}

/** For a format that was abbreviated, extended or written in capitals. */
function didYouMean(text: string): string {
  const word = text.toLowerCase();
  const near = Object.keys(REPORTS).find(
    (format) => word !== '' && (format.startsWith(word) || word.startsWith(format)),
  );
  return near === undefined ? '' : `Did you mean ${near}? `;
}

function isReportFormat(text: string): text is ReportFormat {
  return Object.hasOwn(REPORTS, text);
}
