/** In which later step the same two pods connected. */
import { expect, test } from 'vitest';
import { laterConnections } from '../../src/judge/later-connection.ts';
import type { CheckRecord, ScenarioRecord, StepRecord } from '../../src/record/schema.ts';
import { sequence } from './attempts.ts';

type Pod = ScenarioRecord['pods'][number];
type Step = Pick<StepRecord, 'actions' | 'pods'>;

const WEB: Pod = { namespace: 'shop', name: 'web', labels: {}, ports: [] };
const API: Pod = { ...WEB, name: 'api' };
const PAIR = {
  id: 0,
  from: 'shop/web',
  to: 'shop/api',
  port: 80,
  protocol: 'TCP',
  path: 'podIP',
  family: 'IPv4',
  declared: { file: 'x.yaml', line: 1, column: 1 },
} as const;

const CASES: readonly (readonly [
  title: string,
  shown: string,
  steps: readonly Step[],
  found: readonly unknown[],
])[] = [
  ['is the first of several', 'cut cut connected connected', [{}, {}, {}], [2, 2, 3, undefined]],
  ['is none where they never do', 'connected cut cut', [{}, {}], [undefined, undefined, undefined]],
  [
    'is none where one of them is replaced before',
    'cut connected',
    [{ actions: [{ kind: 'replace', object: 'shop/api' }] }],
    [undefined, undefined],
  ],
  [
    'is that of the same two, not of those that came after them',
    'cut connected connected',
    [{}, { actions: [{ kind: 'replace', object: 'shop/web' }] }],
    [1, undefined, undefined],
  ],
  [
    'is none where one of them goes and comes again',
    'cut gone connected',
    [{ pods: [WEB] }, { pods: [WEB, API] }],
    [undefined, undefined, undefined],
  ],
  [
    'does not end where another pod is replaced',
    'cut connected',
    [{ actions: [{ kind: 'replace', object: 'shop/db' }] }],
    [1, undefined],
  ],
];

test.each(CASES)('a later connection of two pods %s', (_, shown, later, found) => {
  const outcomes = shown.split(' ');
  const check = (outcome: string): CheckRecord => ({ ...PAIR, ...sequence('unreachable', outcome) });
  const steps = [{}, ...later].map((step, index) => {
    const outcome = outcomes[index] ?? 'gone';
    return { ...step, checks: outcome === 'gone' ? [] : [check(outcome)] };
  });
  const laterConnection = laterConnections({ pods: [WEB, API], steps });
  expect(steps.map((_step, index) => laterConnection(index, check('cut')))).toEqual(found);
});
