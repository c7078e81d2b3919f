/** Reports by name. Each is a pure function of the run record. */
import type { RunRecord } from '../record/schema.ts';
import { renderAudit } from './formats/audit/markdown.ts';
import { renderGithub } from './formats/github.ts';
import { renderHtml } from './formats/html/html.ts';
import { renderJson } from './formats/json.ts';
import { renderJunit } from './formats/junit.ts';
import { renderMarkdown } from './formats/markdown.ts';
import { renderOpenMetrics } from './formats/openmetrics/openmetrics.ts';
import { renderTap } from './formats/tap.ts';
import { renderTerminal } from './formats/terminal/terminal.ts';
import type { ReportFormat } from './formats.ts';
import type { RenderOptions, Report } from './render-options.ts';
import { viewOf } from './view/run.ts';
import type { RunView } from './view/view.ts';

export const REPORTS: Readonly<Record<ReportFormat, Report>> = {
  terminal: viewed(renderTerminal),
  json: renderJson,
  junit: viewed(renderJunit),
  markdown: viewed(renderMarkdown),
  github: viewed(renderGithub),
  html: viewed(renderHtml),
  audit: viewed(renderAudit),
  openmetrics: viewed(renderOpenMetrics),
  tap: viewed(renderTap),
};

/** A report that is read as a result. The record itself, as JSON, is handed on as it is. */
function viewed(render: (view: RunView, options: RenderOptions) => string): Report {
  return (record: RunRecord, options) => render(viewOf(record), options);
}
