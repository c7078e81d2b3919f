/** Who may talk to whom, as a chart in the language of Mermaid. */
import { namespaceOf } from '../../../keys.ts';
import { isHost } from '../../../model/endpoint.ts';
import { type FlowStyle, flowsOf, type ShownFlow } from '../../parts/flows.ts';
import { groupBy } from '../../parts/group.ts';
import { count, shortenMiddle } from '../../text/text.ts';
import type { StepView } from '../../view/view.ts';

/** More arrows than this are a thicket. Mermaid itself gives up at 500. */
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

export interface FlowChart {
  /** Of Mermaid; none where nothing was found open and nothing is amiss, or where it could not be read. */
  readonly lines: readonly string[];
  /** What was left out of the chart, or why there is none. */
  readonly note?: string;
}

/**
 * An arrow for each way that is open, a thick one where it must not be, a dotted one where a way that must be open was not, or
 * not always. Where that would be too many: between namespaces, then without what is as it must be, then no chart.
 */
export function drawFlows(step: Pick<StepView, 'pods' | 'checks'>): FlowChart {
  const flows = flowsOf(step);
  const arrows = betweenPods(flows);
  if (arrows.length === 0) return { lines: [] };
  const pods = step.pods.map(({ key }) => key);
  if (arrows.length <= ARROWS) return { lines: drawPods(arrows, pods) };
  const spaces = betweenNamespaces(flows);
  const limit = `A chart with more than ${ARROWS} arrows cannot be read`;
  if (spaces.length <= ARROWS) {
    return {
      lines: drawNamespaces(spaces),
      note: `Whole namespaces are drawn, without ports: between pods there would be ${count(arrows.length, 'arrow')}. ${limit}.`,
    };
  }
  const amiss = flows.filter(({ style }) => style !== 'open');
  const left = `There are ${count(flows.length, 'way')}, which would take ${count(spaces.length, 'arrow')} even between namespaces.`;
  const elsewhere = 'The statements above tell all of them, and the matrix of the HTML report shows each.';
  const only = `${limit}, so only what is not as it must be is drawn`;
  const pairs = betweenPods(amiss);
  if (pairs.length > 0 && pairs.length <= ARROWS)
    return { lines: drawPods(pairs, []), note: `${left} ${only}. ${elsewhere}` };
  const wrong = betweenNamespaces(amiss);
  if (wrong.length > 0 && wrong.length <= ARROWS)
    return {
      lines: drawNamespaces(wrong),
      note: `${left} ${only}, between whole namespaces and without ports. ${elsewhere}`,
    };
  return { lines: [], note: `No chart is drawn. ${left} ${limit}. ${elsewhere}` };
}

function betweenPods(flows: readonly ShownFlow[]): Arrow[] {
  return groupBy(flows, ({ check, style }) => JSON.stringify([check.from, check.to, style])).map(toArrow);
}

function betweenNamespaces(flows: readonly ShownFlow[]): ShownFlow[][] {
  return groupBy(flows, ({ check, style }) =>
    JSON.stringify([namespaceOf(check.from), namespaceOf(check.to), style]),
  );
}

function toArrow(flows: readonly ShownFlow[]): Arrow {
  const [first] = flows;
  const ports = [...new Set(flows.map(({ check: { port, protocol } }) => `${protocol} ${port}`))].join(', ');
  const verdicts = [...new Set(flows.map(({ check }) => check.verdict))].filter(
    (verdict) => verdict !== 'pass',
  );
  return {
    from: first?.check.from ?? '',
    to: first?.check.to ?? '',
    style: first?.style ?? 'open',
    label: [...verdicts, ports].join(': '),
  };
}

/**
 * Pods in the frames of their namespaces.
 * @param pods those to show also without any arrow: they are cut off
 */
function drawPods(arrows: readonly Arrow[], pods: readonly string[]): string[] {
  const keys = [...new Set([...pods, ...arrows.flatMap(({ from, to }) => [from, to])])];
  const ids = new Map(keys.map((key, index) => [key, `pod${index}`]));
  return [
    'flowchart LR',
    ...groupBy(keys, namespaceOf).flatMap((group, index) => [
      `  subgraph namespace${index}["${quote(frameOf(group[0] ?? ''))}"]`,
      ...group.map((key) => `    ${ids.get(key)}["${quote(key.slice(key.indexOf('/') + 1))}"]`),
      '  end',
    ]),
    ...arrows.map((arrow) => drawArrow(arrow, ids)),
  ];
}

function drawNamespaces(groups: readonly (readonly ShownFlow[])[]): string[] {
  const arrows = groups.map((flows) => {
    const [first] = flows;
    const what = { open: 'open', leaked: 'leaked', shut: 'not reached' }[first?.style ?? 'open'];
    return {
      from: namespaceOf(first?.check.from ?? ''),
      to: namespaceOf(first?.check.to ?? ''),
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
  return shortenMiddle(text, LONGEST_LABEL).replace(UNPLAIN, (character) => `#${character.codePointAt(0)};`);
}

/** What stands over the frame in which an end is drawn. */
function frameOf(key: string): string {
  return isHost(key) ? 'outside the cluster' : namespaceOf(key);
}
