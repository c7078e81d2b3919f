/** What follows `--`: a command of the user, which is run while podreach watches, or paths. */
import { PodreachError } from '../errors.ts';

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

/** @throws PodreachError `usage` for dashes that no command follows */
export function refuseNothing(beside: readonly string[] | undefined): void {
  if (beside?.length !== 0) return;
  throw new PodreachError('usage', 'no command follows --', {
    hint: 'Write the command that is to be run meanwhile after it, or leave it out.',
  });
}
