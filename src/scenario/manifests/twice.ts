/** An object that manifests bring a second time. */
import type { Problem } from '../../errors.ts';
import { problemAt } from '../mark.ts';
import type { Mark } from '../scenario.ts';

/** @param what the object, as messages name it */
export function thereTwice(what: string, again: Mark, first: Mark): Problem {
  const message = `${what} is there twice`;
  return isSamePlace(again, first)
    ? problemAt(again, message, { hint: 'Two entries bring this file: take it out of one of them.' })
    : problemAt(again, message, {
        hint: 'Take one of them out, or give it another name: name only manifests that are deployed together.',
        related: [{ message: 'first here', mark: first }],
      });
}

function isSamePlace({ location: one }: Mark, { location: other }: Mark): boolean {
  return one.file === other.file && one.line === other.line && one.column === other.column;
}
