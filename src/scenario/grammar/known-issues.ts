/** Known issues: mismatches that somebody answers for. */
import { z } from 'zod';
import { MISMATCHES } from '../../model/verdict.ts';
import { families } from './families.ts';
import { ends } from './rules.ts';
import { date, prose } from './text.ts';

export const knownIssue = z
  .strictObject({
    ...ends,
    families: families
      .describe('The families of addresses that it is about. Left out: all that the scenario tries.')
      .exactOptional(),
    is: z
      .enum(MISMATCHES)
      .describe(
        'What these checks come to. One that comes to anything else is not known, and fails the run.',
      ),
    step: prose
      .describe('The name of the step that it is about; "first step" is the top level. Left out: every step.')
      .exactOptional(),
    reason: prose.describe('What is wrong, and why it is left so for now.'),
    owner: prose.describe('Who answers for it.'),
    expires: date.describe(
      'The last day on which it counts, in UTC. A run that begins later fails again with it.',
    ),
    link: prose
      .describe('Where more is to be read: an address or a path.')
      .meta({ examples: ['https://issues.example.org/NET-412'] })
      .exactOptional(),
  })
  .meta({
    id: 'KnownIssue',
    description:
      'A mismatch that is known. It covers the checks between these pods that can come to it: only what is expected unreachable can be leaked, only what is expected reachable can be broken, and only in a step with "within" anything can be late.',
    examples: [
      {
        from: 'shop/web',
        to: 'shop/db:5432',
        is: 'leaked',
        reason: 'the plugin takes up exceptions of an ipBlock only after a restart',
        owner: 'network-team',
        expires: '2027-01-31',
      },
    ],
  });

export type KnownIssueText = z.infer<typeof knownIssue>;
