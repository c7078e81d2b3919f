/** Says on standard error what went wrong, where, and what to do. */
import { exitCodeOf, FAULT, INTERRUPTED, Interruption, PodreachError } from '../errors.ts';
import { renderProblem } from '../problems.ts';
import { disarmCommands, neutralise } from '../report/text/text.ts';

/**
 * What messages name, such as files, is shown and never obeyed: it begins no line of its own.
 * @returns the exit code that the error stands for
 */
export function printError(thrown: unknown, output: { write(text: string): unknown }): number {
  if (!(thrown instanceof PodreachError)) {
    const account = thrown instanceof Error ? (thrown.stack ?? thrown.message) : String(thrown);
    output.write(disarmCommands(`${FAULT}; please report this.\n${account}\n`));
    return 3;
  }
  const { location: at, problems, message } = thrown;
  for (const problem of problems) output.write(disarmCommands(`${renderProblem(problem)}\n\n`));
  const where = at === undefined || problems.length > 0 ? '' : `${at.file}:${at.line}:${at.column}: `;
  output.write(disarmCommands(`error: ${neutralise(`${where}${message}`)}\n`));
  if (thrown.hint !== undefined) output.write(disarmCommands(`hint: ${neutralise(thrown.hint)}\n`));
  if (thrown.manifest !== undefined) output.write(`\n${thrown.manifest}`);
  return thrown instanceof Interruption ? INTERRUPTED[thrown.signalName] : exitCodeOf(thrown.code);
}
