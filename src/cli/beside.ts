/** What follows `--`: a command of the user, which is run while podreach watches, or paths. */
import { PodreachError } from '../errors.ts';
import { isThere } from '../search-path.ts';

/** The commands to which the dashes say something. */
const TAKING = new Set(['monitor', 'upgrade', 'diff']);

/**
 * Takes apart what is podreach's and what follows `--`.
 * @returns of any other command all as its own
 */
export function splitCommand(argv: readonly string[]): {
  readonly own: readonly string[];
  readonly beside: readonly string[] | undefined;
} {
  const dashes = argv.indexOf('--');
  const [name = ''] = argv;
  if (!TAKING.has(name) || dashes === -1) return { own: argv, beside: undefined };
  return { own: argv.slice(0, dashes), beside: argv.slice(dashes + 1) };
}

/** @throws PodreachError `usage` for dashes that no command follows, or none that there is: better now than when everything stands */
export function refuseNothing(beside: readonly string[] | undefined): void {
  if (beside === undefined) return;
  const [program] = beside;
  if (program === undefined)
    throw new PodreachError('usage', 'no command follows --', {
      hint: 'Write the command that is to be run meanwhile after it, or leave it out.',
    });
  if (isThere(program)) return;
  throw new PodreachError('usage', `there is no program ${program}`, {
    hint: "It is run without a shell. For what a shell is to read, write: -- sh -c '…'",
  });
}
