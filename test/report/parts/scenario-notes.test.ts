import { expect, test } from 'vitest';
import {
  describeForce,
  describeLateNodes,
  describeLeftOut,
} from '../../../src/report/parts/scenario-notes.ts';
import { attempts, buildScenario, type CheckParts, calmScenario, viewScenario } from '../fixture.ts';

const BOTH = [{ node: 'node-1', turnedMs: 212 }, { node: 'node-2' }];

test('nodes are told with the time that they took, or that they did not come to it', () => {
  expect(describeForce(viewScenario(calmScenario('done', { force: BOTH })))).toBe(
    'node-1 after 212 ms, node-2 not within the time',
  );
  expect(describeForce(viewScenario(calmScenario('done', { force: [] })))).toBeUndefined();
  expect(describeLateNodes({ force: BOTH })).toBe(
    'node-2 has not taken up the policies within the time: what is seen there is not about them, and its checks are inconclusive',
  );
  expect(describeLateNodes({ force: [{ node: 'node-1' }, { node: 'node-2' }] })).toMatch(
    /^node-1, node-2 have not taken up the policies/,
  );
  expect(describeLateNodes({ force: BOTH, actions: [{ kind: 'apply' }, { kind: 'label' }] })).toBe(
    'node-2 has not taken up the changes within the time: what is seen there is not about them, and its checks are inconclusive',
  );
  expect(describeLateNodes({ force: [{ node: 'node-1', turnedMs: 212 }] })).toBeUndefined();
});

test('a closing control that was left out is told where something was cut off, and nothing else cuts it', () => {
  const leftOut = (...checks: Parameters<typeof buildScenario>[1]['checks']) =>
    describeLeftOut(
      viewScenario(
        buildScenario(
          'kept',
          { pods: { 'shop/web': [], 'shop/db': [5432] }, checks },
          { closingControl: 'left-out' },
        ),
      ),
    );
  const cut: CheckParts = {
    from: 'shop/web',
    expected: 'unreachable',
    attempts: [...attempts('control', ['connected']), ...attempts('settle', ['timeout', 'timeout'])],
  };
  expect(leftOut(cut)).toBe(
    'closing control left out: the run keeps its policies (--keep). What was cut off was not tried again without them, so anything else that began to cut it during the run would not have been noticed',
  );
  expect(leftOut({ from: 'shop/web' })).toBeUndefined();
  expect(leftOut({ ...cut, cutBy: 'others', because: 'the mesh' })).toBeUndefined();
  expect(describeLeftOut(viewScenario(calmScenario('done')))).toBeUndefined();
});
