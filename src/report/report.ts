/** Reports by name. Each is a pure function of the run record. */

import { renderAudit } from './formats/audit/markdown.ts';
import { renderGithub } from './formats/github.ts';
import { renderHtml } from './formats/html/html.ts';
import { renderJson } from './formats/json.ts';
import { renderJunit } from './formats/junit.ts';
import { renderMarkdown } from './formats/markdown.ts';
import { renderOpenMetrics } from './formats/openmetrics.ts';
import { renderTap } from './formats/tap.ts';
import { renderTerminal } from './formats/terminal/terminal.ts';
import type { ReportFormat } from './formats.ts';
import { withoutEmptyPasses } from './parts/unproven.ts';
import type { Report } from './render-options.ts';

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
