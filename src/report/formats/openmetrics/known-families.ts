/** The metrics of known issues, by the entries that list them. */
import { goneIssues } from '../../../judge/known-issues.ts';
import { describeLocation } from '../../parts/describe.ts';
import type { RunView } from '../../view/view.ts';
import type { MetricFamily, Sample } from './family.ts';

const DAY_SECONDS = 24 * 60 * 60;

/** None where no scenario has any. */
export function knownFamilies({ scenarios }: RunView): MetricFamily[] {
  const issues = scenarios.flatMap((scenario) => {
    const gone = goneIssues(scenario);
    return (scenario.knownIssues ?? []).map((issue) => ({
      labels: {
        scenario: scenario.name,
        listed: describeLocation(issue.location),
        is: issue.is,
        owner: issue.owner,
      },
      seen: scenario.checks.filter(({ known }) => known === issue).length,
      isGone: gone.includes(issue),
      endSeconds: Date.parse(issue.expires) / 1000 + DAY_SECONDS,
    }));
  });
  const each = (numberOf: (issue: (typeof issues)[number]) => number): Sample[] =>
    issues.map((issue) => ({ labels: issue.labels, value: numberOf(issue) }));
  return [
    {
      name: 'podreach_known_issue_checks',
      type: 'gauge',
      help: 'Checks that came to what a known issue says, and so did not fail the run.',
      samples: each(({ seen }) => seen),
    },
    {
      name: 'podreach_known_issue_gone',
      type: 'gauge',
      help: '1 if every check of a known issue passed: its entry can be taken out.',
      samples: each(({ isGone }) => (isGone ? 1 : 0)),
    },
    {
      name: 'podreach_known_issue_expiry_timestamp_seconds',
      type: 'gauge',
      help: 'When a known issue ceases to count: then its checks fail a run again.',
      samples: each(({ endSeconds }) => endSeconds),
    },
  ];
}
