/** The values of `--report`: which reports are to be made, and where they go. */
import { normalize } from 'node:path';
import { PodreachError } from '../errors.ts';
import type { ReportFormat } from '../report/formats.ts';

/** One `--report`. Without a file it goes to standard output. */
export interface ReportRequest<Format extends string = ReportFormat> {
  readonly format: Format;
  readonly file?: string;
  /** The file belongs to others too: what it holds stays. */
  readonly append?: boolean;
  /** Nobody asked for it, so a run does not fail for it. */
  readonly unasked?: boolean;
}

/**
 * Reads `FORMAT` or `FORMAT=FILE`, the value of one `--report`.
 * @param formats those that the command has
 * @throws PodreachError `usage`: an unknown format, or an equals sign without a file
 */
export function parseReportOption<Format extends string>(
  text: string,
  formats: readonly Format[],
): ReportRequest<Format> {
  const end = text.indexOf('=');
  const name = end === -1 ? text : text.slice(0, end);
  const format = formats.find((one) => one === name);
  if (format === undefined) {
    throw new PodreachError('usage', `unknown report format ${JSON.stringify(name)}`, {
      hint: `${didYouMean(name, formats)}Write --report FORMAT or --report FORMAT=FILE; the formats are: ${formats.join(', ')}.`,
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
export function parseReportOptions<Format extends string>(
  texts: readonly string[],
  formats: readonly Format[],
): ReportRequest<Format>[] {
  const requests = texts.map((text) => parseReportOption(text, formats));
  const taken = new Map<string | undefined, Format>();
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
function didYouMean(text: string, formats: readonly string[]): string {
  const word = text.toLowerCase();
  const near = formats.find((format) => word !== '' && (format.startsWith(word) || word.startsWith(format)));
  return near === undefined ? '' : `Did you mean ${near}? `;
}
