/** Revisions as the command line names them, read as `git diff` reads them. */

export interface RevisionRange {
  readonly old: string;
  /** Absent: the working tree. */
  readonly new?: string;
  /** What was in force where the two parted, in place of `old` (`main...HEAD`). */
  readonly fromMergeBase: boolean;
}

/** A name that is missing at either end is HEAD. Dots between slashes are a way through folders. */
const RANGE = /^(?<old>|.*[^/.])(?<dots>\.{2,3})(?<new>|[^/.].*)$/;

/** `main..HEAD` or `main...HEAD`; undefined for what is no range. */
export function readRange(word: string): RevisionRange | undefined {
  const groups = RANGE.exec(word)?.groups;
  if (groups === undefined) return undefined;
  const { old = '', dots, new: other = '' } = groups;
  if (old === '' && other === '') return undefined;
  return { old: old || 'HEAD', new: other || 'HEAD', fromMergeBase: dots === '...' };
}

/** What stands before `--`: a range, a revision to be held against the working tree, or two revisions; nothing stands for HEAD. */
export function readRevisions(old = 'HEAD', other?: string): RevisionRange {
  const range = other === undefined ? readRange(old) : undefined;
  return range ?? { old, ...(other === undefined ? {} : { new: other }), fromMergeBase: false };
}
