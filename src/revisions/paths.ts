/** Which of the paths that are named there are in a revision. */
import { isAbsolute, join } from 'node:path';
import { PodreachError } from '../errors.ts';
import { leadsSomewhere } from '../scenario/files.ts';
import { isInput, splitArgument } from '../scenario/manifests/added.ts';
import type { Checkouts } from './checkout.ts';

export interface PathsOfRevision {
  /** As they were given. */
  readonly there: readonly string[];
  readonly missing: readonly string[];
}

/**
 * @param args each perhaps with the namespace of what names none, as `--manifests` takes them
 * @throws PodreachError `usage` for what is in neither, or in no repository
 */
export async function findPaths(
  args: readonly string[],
  checkouts: Pick<Checkouts, 'old' | 'new' | 'prefix'>,
): Promise<{ readonly old: PathsOfRevision; readonly new: PathsOfRevision }> {
  for (const argument of args) refuseOutside(argument, checkouts.prefix);
  const [old, other] = await Promise.all(
    [checkouts.old, checkouts.new].map(async ({ folder }) => {
      const found = await Promise.all(
        args.map((argument) => leadsSomewhere(splitArgument(argument).path, folder)),
      );
      return {
        there: args.filter((_, index) => found[index] === true),
        missing: args.filter((_, index) => found[index] !== true),
      };
    }),
  );
  if (old === undefined || other === undefined) throw new RangeError('there are two revisions');
  const nowhere = old.missing.find((argument) => other.missing.includes(argument));
  if (nowhere === undefined) return { old, new: other };
  const [name, otherName] = [checkouts.old.name, checkouts.new.name];
  throw new PodreachError(
    'usage',
    `${splitArgument(nowhere).path} is neither in ${name} nor in ${otherName}`,
    { hint: 'Paths are relative to the working directory.' },
  );
}

function refuseOutside(argument: string, prefix: string): void {
  const { path } = splitArgument(argument);
  const refuse = (why: string): never => {
    throw new PodreachError('usage', `${path} is in no revision: ${why}`, {
      hint: 'Name paths within the repository, relative to the working directory.',
    });
  };
  if (isInput(argument)) refuse('it stands for standard input');
  if (isAbsolute(path)) refuse('it is absolute');
  if (/^\.\.(\/|$)/.test(join(prefix, path))) refuse('it leads out of the repository');
}
