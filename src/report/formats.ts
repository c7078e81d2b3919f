/**
 * The formats of reports. The type of their names follows from this table, and what the command line says of them; the table loads no
 * renderer, so that help is there at once. `report.ts` has one for each.
 */

interface Format {
  /** Who or what reads it. */
  readonly readers: string;
}

export const FORMATS = {
  terminal: { readers: 'people' },
  json: { readers: 'programs, and the archive' },
  junit: { readers: 'CI servers' },
  markdown: { readers: 'pull requests and job summaries' },
  github: { readers: 'annotations at the lines of a scenario, on GitHub Actions' },
  html: { readers: 'people who explore a run in a browser' },
  audit: { readers: 'people who are responsible for security and do not read YAML' },
  openmetrics: { readers: 'Prometheus' },
  tap: { readers: 'pipes' },
} as const satisfies Readonly<Record<string, Format>>;

export type ReportFormat = keyof typeof FORMATS;

/** All of their names, in the order in which they are told. */
export const FORMAT_NAMES = Object.keys(FORMATS) as readonly ReportFormat[];

/** Those in which it is told what two records say differently, and what an upgrade came to. */
export const COMPARISON_FORMATS = [
  'terminal',
  'json',
  'markdown',
  'html',
] as const satisfies readonly ReportFormat[];
export type ComparisonFormat = (typeof COMPARISON_FORMATS)[number];

/** Those in which it is told what many records show one after the other. */
export const HISTORY_FORMATS = ['terminal', 'json', 'html'] as const satisfies readonly ReportFormat[];
export type HistoryFormat = (typeof HISTORY_FORMATS)[number];

/** Those in which it is told what a change of manifests opens and closes. */
export const MANIFEST_FORMATS = ['terminal', 'json', 'markdown'] as const satisfies readonly ReportFormat[];
export type ManifestFormat = (typeof MANIFEST_FORMATS)[number];
