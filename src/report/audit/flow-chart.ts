/** Who may talk to whom, as a chart in the language of Mermaid. */
import { namespaceOf, objectKey } from '../../keys.ts';
import type { ScenarioRecord } from '../../record.ts';
import { type Flow, type FlowStyle, flowsOf } from '../parts/flows.ts';
import { groupBy } from '../parts/group.ts';
import { neutralise, shortenMiddle } from '../text/text.ts';

/** More arrows than this are a thicket; then whole namespaces are drawn. Mermaid itself gives up at 500. */
const ARROWS = 60;
const LONGEST_LABEL = 60;
/** Everything else is written as a reference: the language has quotes, brackets, entities and Markdown of its own. */
const UNPLAIN = /[^\p{L}\p{N} /.:,_-]/gu;

const ARROW_OF: Readonly<Record<FlowStyle, string>> = { open: '-->', leaked: '==>', shut: '-.->' };

interface Arrow {
  readonly from: string;
  readonly to: string;
  readonly style: FlowStyle;
  readonly label: string;
}

/**
 * Lines of a flow chart: an arrow for each way that is open, a thick one where it must not be, a dotted one where a way that
 * must be open was not, or not always. None where nothing was found open and nothing is amiss.
 */
export function drawFlows(scenario: ScenarioRecord): string[] {
  const flows = flowsOf(scenario);
  const arrows = groupBy(flows, ({ from, to, style }) => JSON.stringify([from, to, style])).map(toArrow);
  if (arrows.length === 0) return [];
  if (arrows.length <= ARROWS) return drawPods(arrows, scenario.pods.map(objectKey));
  const spaces = groupBy(flows, ({ from, to, style }) =>
    JSON.stringify([namespaceOf(from), namespaceOf(to), style]),
  );
  return spaces.length <= ARROWS ? drawNamespaces(spaces) : [];
}

function toArrow(flows: readonly Flow[]): Arrow {
  const [first] = flows;
  const ports = [...new Set(flows.map(({ port, protocol }) => `${protocol} ${port}`))].join(', ');
  const verdicts = [...new Set(flows.map(({ verdict }) => verdict))].filter((verdict) => verdict !== 'pass');
  return {
    from: first?.from ?? '',
    to: first?.to ?? '',
    style: first?.style ?? 'open',
    label: [...verdicts, ports].join(': '),
  };
}

/** Pods in the frames of their namespaces. Pods without any arrow are shown too: they are cut off. */
function drawPods(arrows: readonly Arrow[], pods: readonly string[]): string[] {
  const keys = [...new Set([...pods, ...arrows.flatMap(({ from, to }) => [from, to])])];
  const ids = new Map(keys.map((key, index) => [key, `pod${index}`]));
  return [
    'flowchart LR',
    ...groupBy(keys, namespaceOf).flatMap((group, index) => [
      `  subgraph namespace${index}["${quote(namespaceOf(group[0] ?? ''))}"]`,
      ...group.map((key) => `    ${ids.get(key)}["${quote(key.slice(key.indexOf('/') + 1))}"]`),
      '  end',
    ]),
    ...arrows.map((arrow) => drawArrow(arrow, ids)),
  ];
}

function drawNamespaces(groups: readonly (readonly Flow[])[]): string[] {
  const arrows = groups.map((flows) => {
    const [first] = flows;
    const what = { open: 'open', leaked: 'leaked', shut: 'not reached' }[first?.style ?? 'open'];
    return {
      from: namespaceOf(first?.from ?? ''),
      to: namespaceOf(first?.to ?? ''),
      style: first?.style ?? 'open',
      label: `${flows.length} ${what}`,
    };
  });
  const names = [...new Set(arrows.flatMap(({ from, to }) => [from, to]))];
  const ids = new Map(names.map((key, index) => [key, `namespace${index}`]));
  return [
    'flowchart LR',
    ...names.map((key) => `  ${ids.get(key)}["${quote(key)}"]`),
    ...arrows.map((arrow) => drawArrow(arrow, ids)),
  ];
}

function drawArrow({ from, to, style, label }: Arrow, ids: ReadonlyMap<string, string>): string {
  return `  ${ids.get(from)} ${ARROW_OF[style]}|"${quote(label)}"| ${ids.get(to)}`;
}

/** A text between quotes, as itself. */
function quote(text: string): string {
  if (text.trim() === '') return '(unnamed)';
  return shortenMiddle(neutralise(text), LONGEST_LABEL).replace(
    UNPLAIN,
    (character) => `#${character.codePointAt(0)};`,
  );
}
