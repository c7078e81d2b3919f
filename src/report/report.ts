/** Reports by name. Each is a pure function of the run record. */
import { renderAudit } from './audit/markdown.ts';
import { renderGithub } from './github.ts';
import { renderHtml } from './html/html.ts';
import { renderJson } from './json.ts';
import { renderJunit } from './junit.ts';
import { renderMarkdown } from './markdown.ts';
import { renderOpenMetrics } from './openmetrics.ts';
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
