/** One error with everything that is wrong. */
import { PodreachError, type Problem } from '../errors.ts';

export function invalid(problems: readonly Problem[]): PodreachError {
  const sorted = sortProblems(problems);
  const files = [...new Set(sorted.map((problem) => problem.location.file))];
  const count = sorted.length === 1 ? '1 problem' : `${sorted.length} problems`;
  const where = files.length === 1 ? files[0] : `${files.length} files`;
  return new PodreachError('scenario-invalid', `${count} in ${where}`, {
    location: sorted[0]?.location,
    problems: sorted,
  });
}

/** By file in the order in which files turned up, then by place. What two scenarios share is said once. */
function sortProblems(problems: readonly Problem[]): readonly Problem[] {
  const files = [...new Set(problems.map((problem) => problem.location.file))];
  const different = new Map(problems.map((problem) => [JSON.stringify(problem), problem]));
  return [...different.values()].sort(
    (a, b) =>
      files.indexOf(a.location.file) - files.indexOf(b.location.file) ||
      a.location.line - b.location.line ||
      a.location.column - b.location.column,
  );
}
