/** What a report is rendered from, and for. */
import type { RunRecord } from '../record/schema.ts';

/** The address of a file as the record names it. */
export type LinkTo = (file: string) => string;

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
export type Report<Subject = RunRecord> = (subject: Subject, options: RenderOptions) => string;
