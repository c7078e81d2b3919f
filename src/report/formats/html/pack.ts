/** The facts of all checks for the page's script, in little room. */
import { gzipSync } from 'node:zlib';
import { namespaceOf } from '../../../keys.ts';
import { describeTarget } from '../../../pair.ts';
import { isPassedContrary } from '../../parts/contrary.ts';
import { buildMatrix, cellOf, meaningsIn } from '../../parts/matrix.ts';
import { factsOf } from '../../parts/mismatch.ts';
import type { RunView, ScenarioView, StepView } from '../../view/view.ts';
import { policiesOf } from './exercise.ts';
import type { FactHead, Items, Lists, PackedChecks, PageData } from './page-data.ts';

/** As base64, which needs no escaping. */
export function packChecks({ scenarios }: RunView): string {
  const data: PageData = { scenarios: scenarios.map(packScenario) };
  return gzipSync(JSON.stringify(data), { level: 9 }).toString('base64');
}

function packScenario(scenario: ScenarioView): PackedChecks {
  const { checks } = scenario;
  const places = scenario.steps.flatMap(placesIn);
  const facts = checks.map(factsOf);
  const heads = facts.map((all) =>
    JSON.stringify(all.map(({ label, isCommand }): FactHead => ({ label, ...(isCommand && { isCommand }) }))),
  );
  const { values: shapes, index: shapeOf } = intern(heads);
  const texts = Map.groupBy(facts.flat(), ({ label }) => label);
  return {
    rows: places.map(({ row }) => row),
    columns: places.map(({ column }) => column),
    pairs: packTexts(checks.map(({ pair }) => pair)),
    verdicts: packTexts(checks.map(({ countsAs }) => countsAs ?? 'unjudged')),
    meanings: packTexts(checks.map((check) => meaningsIn([check])[cellOf(check)])),
    namespaces: packLists(checks.map(({ from, to }) => [...new Set([namespaceOf(from), namespaceOf(to)])])),
    policies: packLists(checks.map(policiesOf)),
    contrary: checks.flatMap((check, index) => (isPassedContrary(check) ? [index] : [])),
    shapes: shapes.map((shape) => JSON.parse(shape)),
    shapeOf,
    facts: Object.fromEntries(
      [...texts].map(([label, all]) => [label, packTexts(all.map(({ text }) => text))]),
    ),
  };
}

/** Where each check stands in the matrix of its step. */
function placesIn(step: StepView): { readonly row: number; readonly column: number }[] {
  const matrix = buildMatrix(step);
  const rowOf = new Map(matrix.rows.map((key, row) => [key, row]));
  const columnOf = new Map(matrix.columns.map((column, position) => [describeTarget(column), position]));
  return step.checks.map((check) => ({
    row: rowOf.get(check.from) ?? 0,
    column: columnOf.get(describeTarget(check)) ?? 0,
  }));
}

function packTexts(texts: readonly string[]): Lists {
  return packLists(texts.map((text) => text.split(' ')));
}

function packLists(lists: readonly (readonly string[])[]): Lists {
  const places: string[][] = [];
  for (const list of lists) {
    for (const [place, item] of list.entries()) {
      const items = places[place];
      if (items === undefined) places.push([item]);
      else items.push(item);
    }
  }
  return {
    lengths: lists.map(({ length }) => length),
    places: places.map((items) => {
      const { values, index } = intern(items);
      return { values, index: values.length === 1 ? [] : index };
    }),
  };
}

function intern(items: readonly string[]): Items {
  const known = new Map<string, number>();
  const index = items.map((item) => {
    const number = known.get(item) ?? known.size;
    known.set(item, number);
    return number;
  });
  return { values: [...known.keys()], index };
}
