/** A record with each thing that can become of a known issue. */
import type { RunRecord, ScenarioRecord } from '../../src/record/schema.ts';
import { attempts, buildRecord, buildScenario, type CheckParts } from './fixture.ts';

const LEAK: CheckParts = {
  expected: 'unreachable',
  verdict: 'leaked',
  predicted: { verdict: 'denied', grounds: 0 },
  disagreement: 'cluster',
  reason: 'it got through although it must not: connected 3 of 3',
  attempts: [
    ...attempts('control', ['connected']),
    ...attempts('settle', ['connected', 'connected', 'connected']),
  ],
  isolatedBy: { egress: [], ingress: ['shop/deny-all'] },
};

const ISSUE = {
  is: 'leaked',
  reason: 'the plugin forgets this policy when its node restarts',
  owner: 'network-team',
  expires: '2027-01-31',
} as const;

/** @param expired whether the second has; otherwise it is known as well, and nothing fails the run */
export function knownIssues({ expired }: { readonly expired: boolean }): RunRecord {
  const at = (line: number): ScenarioRecord['location'] => ({
    file: 'known-issues.yaml',
    line,
    column: 5,
  });
  const scenario = buildScenario(
    'shop',
    {
      pods: { 'shop/web': [], 'shop/api': [8080], 'shop/db': [5432] },
      policies: { 'shop/deny-all': 1 },
      checks: [
        { ...LEAK, knownIssues: [0] },
        { from: 'shop/api', expected: 'unreachable', knownIssues: [0] },
        {
          from: 'shop/db',
          to: 'shop/api',
          port: 8080,
          verdict: 'broken',
          knownIssues: [1],
          predicted: { verdict: 'allowed', grounds: 1 },
          disagreement: 'cluster',
          reason: 'it could not connect: timeout 3 of 3',
          attempts: [
            ...attempts('control', ['connected']),
            ...attempts('settle', ['timeout', 'timeout', 'timeout']),
            ...attempts('closing', ['connected']),
          ],
          isolatedBy: { egress: [], ingress: ['shop/deny-all'] },
        },
        { from: 'shop/web', to: 'shop/api', port: 8080, knownIssues: [2] },
      ],
    },
    {
      grounds: [[{ direction: 'ingress', policy: 'shop/deny-all' }], []],
      knownIssues: [
        { ...ISSUE, link: 'https://issues.example.org/NET-412', location: at(5), checks: 2 },
        {
          ...ISSUE,
          is: 'broken',
          reason: 'the old firewall is still in the way',
          owner: 'data-centre',
          ...(expired ? { expires: '2026-11-19', expired: true } : {}),
          location: at(12),
          checks: 1,
        },
        { ...ISSUE, is: 'flapping', reason: 'the API restarts', location: at(18), checks: 1 },
      ],
    },
  );
  return buildRecord([scenario], { exitCode: expired ? 1 : 0 });
}
