/** Policies of other kinds that a run has applied, in every format that tells of policies. */
import { expect, test } from 'vitest';
import { compareRecords } from '../../src/compare/compare.ts';
import { type RunRecord, runRecordSchema } from '../../src/record/schema.ts';
import { buildRecord, calmScenario } from './fixture.ts';
import { render } from './render.ts';

const L7 = 'apiVersion: cilium.io/v2\nkind: CiliumNetworkPolicy\nmetadata: { name: l7 }\nspec: {}\n';

function applying(...texts: readonly string[]): RunRecord {
  const foreignPolicies = texts.map((text, index) => ({
    apiVersion: 'cilium.io/v2',
    kind: 'CiliumNetworkPolicy',
    namespace: 'shop',
    name: `l${index + 7}`,
    title: `CiliumNetworkPolicy shop/l${index + 7}`,
    location: { file: 'policies/l7.yaml', line: 3, column: 1 },
    text,
  }));
  return runRecordSchema.parse(
    buildRecord([calmScenario('shop', texts.length === 0 ? {} : { foreignPolicies })]),
  );
}

test.each([
  ['terminal', 'CiliumNetworkPolicy shop/l7'],
  ['json', '"title":"CiliumNetworkPolicy shop/l7"'],
  ['junit', 'name="scenario.foreignPolicies" value="CiliumNetworkPolicy shop/l7"'],
  ['audit', '**`CiliumNetworkPolicy shop/l7`** (`policies/l7.yaml:3`)'],
  ['html', '<th scope="row">CiliumNetworkPolicy shop/l7</th><td><code>policies/l7.yaml:3</code></td>'],
] as const)('%s', (format, expected) => {
  const report = render(format, applying(L7), { verbose: true });
  expect(report).toContain(expected);
  expect(render(format, applying(), { verbose: true })).not.toContain('oreignPolic');
});

test('what two runs have applied of them is a circumstance', () => {
  const [none, one, other] = [applying(), applying(L7), applying(`${L7}# more\n`)];
  const said = (before: RunRecord, after: RunRecord) =>
    compareRecords(before, after).circumstances.filter(({ what }) => what === 'policies of other kinds');
  expect(said(one, one)).toEqual([]);
  expect(said(none, one)).toMatchObject([
    { of: ['shop'], after: expect.stringMatching(/^CiliumNetworkPolicy shop\/l7 \([0-9a-f]{12}\)$/) },
  ]);
  expect(said(one, other)).toHaveLength(1);
});
