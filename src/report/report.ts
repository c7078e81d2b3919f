/** Reports by name. Each is a pure function of the run record. */
import { renderAudit } from './audit/markdown.ts';
import { renderGithub } from './github.ts';
import { renderHtml } from './html/html.ts';
import { renderJson } from './json.ts';
import { renderJunit } from './junit.ts';
import { renderMarkdown } from './markdown.ts';
import { renderOpenMetrics } from './openmetrics.ts';
import { withoutEmptyPasses } from './parts/unproven.ts';
import type { Report } from './render-options.ts';
import { renderTap } from './tap.ts';
import { renderTerminal } from './terminal/terminal.ts';

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
  terminal: proven(renderTerminal),
  json: renderJson,
  junit: proven(renderJunit),
  markdown: proven(renderMarkdown),
  github: proven(renderGithub),
  html: proven(renderHtml),
  audit: proven(renderAudit),
  openmetrics: proven(renderOpenMetrics),
  tap: proven(renderTap),
};

/** A report that is read as a result: no pass of it rests on nothing. The record itself, as JSON, is handed on as it is. */
function proven(render: Report): Report {
  return (record, options) => render(withoutEmptyPasses(record), options);
}
