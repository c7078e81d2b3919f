/** What many checks that went wrong have in common: one cause mostly has many of them. */
import { namespaceOf, objectKey } from '../../keys.ts';
import type { CheckRecord, ScenarioRecord, Verdict } from '../../record.ts';
import { formatNumber } from '../text/text.ts';

/** Of fewer checks everything is a coincidence. */
const FEWEST = 3;
/** A pattern must be less likely than this among checks that were drawn at random. */
const COINCIDENCE = 0.05;
const PATTERNS_TOLD = 3;

type Wrong = Exclude<Verdict, 'pass'>;

const VERDICTS: readonly Wrong[] = ['leaked', 'broken', 'flapping', 'inconclusive'];
const WORDS: Readonly<Record<Wrong, { readonly many: string; readonly did: string }>> = {
  leaked: { many: 'leaks', did: 'leaked' },
  broken: { many: 'broken checks', did: 'is broken' },
  flapping: { many: 'flapping checks', did: 'is flapping' },
  inconclusive: { many: 'inconclusive checks', did: 'is inconclusive' },
};

/** Something that a check has in common with others. */
interface Feature {
  readonly key: string;
  /** Of several checks: `all 6 leaks …` */
  readonly all: string;
  /** Of one check: `every check …` */
  readonly every: string;
  /** Keys of features that follow from this one, and add nothing to it. */
  readonly implied: readonly string[];
}

interface Counted {
  readonly feature: Feature;
  readonly wrong: Set<CheckRecord>;
  tested: number;
}

/**
 * Sentences such as `all 6 leaks end on node worker-2 (6 of the 6 checks that do)` and `every check into
 * shop/db:5432/TCP leaked (4 of 4)`, the most dangerous verdict first. What all tested checks have in common is no pattern.
 */
export function findPatterns(scenario: Pick<ScenarioRecord, 'checks' | 'pods'>): string[] {
  const nodes = new Map(scenario.pods.map((pod) => [objectKey(pod), pod.node]));
  const judged = scenario.checks.filter(({ verdict }) => verdict !== undefined);
  return VERDICTS.flatMap((verdict) => {
    const wrong = judged.filter((check) => check.verdict === verdict);
    if (wrong.length < FEWEST) return [];
    const tested = judged.filter((check) => isComparable(check, verdict));
    if (wrong.length === tested.length) return [describeWhole(verdict, tested.length)];
    const counted = countFeatures(tested, verdict, nodes);
    const shared = sharedByAll(counted, wrong.length, tested.length);
    if (shared.length > 0) return shared.map((one) => describeShared(one, verdict, wrong.length));
    return describeGroups(counted, verdict, wrong.length / tested.length);
  });
}

/** A leak is one among the checks that must be unreachable, a broken check among those that must be reachable. */
function isComparable(check: CheckRecord, verdict: Wrong): boolean {
  if (verdict === 'leaked') return check.expected === 'unreachable';
  return verdict === 'broken' ? check.expected === 'reachable' : true;
}

function countFeatures(
  tested: readonly CheckRecord[],
  verdict: Wrong,
  nodes: ReadonlyMap<string, string | undefined>,
): Counted[] {
  const counted = new Map<string, Counted>();
  for (const check of tested) {
    for (const feature of featuresOf(check, nodes)) {
      const entry = counted.get(feature.key) ?? { feature, wrong: new Set(), tested: 0 };
      entry.tested += 1;
      if (check.verdict === verdict) entry.wrong.add(check);
      counted.set(feature.key, entry);
    }
  }
  return [...counted.values()];
}

/** The most telling first. */
function featuresOf(check: CheckRecord, nodes: ReadonlyMap<string, string | undefined>): Feature[] {
  const { from, to } = check;
  const port = `${check.port}/${check.protocol}`;
  const [fromNode, toNode] = [nodes.get(from), nodes.get(to)];
  const [fromSpace, toSpace] = [namespaceOf(from), namespaceOf(to)];
  const key = (...parts: string[]): string => JSON.stringify(parts);
  const toNodeKey = toNode === undefined ? [] : [key('to-node', toNode)];
  const fromNodeKey = fromNode === undefined ? [] : [key('from-node', fromNode)];
  const isLocal = fromNode === toNode;
  return [
    {
      key: key('to-port', to, port),
      all: `lead into ${to}:${port}`,
      every: `into ${to}:${port}`,
      implied: [key('to', to), key('to-space', toSpace), key('port', port), ...toNodeKey],
    },
    {
      key: key('to', to),
      all: `lead into ${to}`,
      every: `into ${to}`,
      implied: [key('to-space', toSpace), ...toNodeKey],
    },
    {
      key: key('from', from),
      all: `start at ${from}`,
      every: `from ${from}`,
      implied: [key('from-space', fromSpace), ...fromNodeKey],
    },
    ...toNodeKey.map((id) => ({
      key: id,
      all: `end on node ${toNode}`,
      every: `to a pod on node ${toNode}`,
      implied: [],
    })),
    ...fromNodeKey.map((id) => ({
      key: id,
      all: `start on node ${fromNode}`,
      every: `from a pod on node ${fromNode}`,
      implied: [],
    })),
    ...(fromNode === undefined || toNode === undefined
      ? []
      : [
          {
            key: key('local', String(isLocal)),
            all: isLocal ? 'stay on one node' : 'go from one node to another',
            every: isLocal ? 'that stays on one node' : 'that goes from one node to another',
            implied: [],
          },
        ]),
    { key: key('port', port), all: `are to port ${port}`, every: `to port ${port}`, implied: [] },
    {
      key: key('to-space', toSpace),
      all: `end in namespace ${toSpace}`,
      every: `into namespace ${toSpace}`,
      implied: [],
    },
    {
      key: key('from-space', fromSpace),
      all: `start in namespace ${fromSpace}`,
      every: `from namespace ${fromSpace}`,
      implied: [],
    },
  ];
}

/** What all the wrong ones have, and few of the others, without what follows from another. */
function sharedByAll(counted: readonly Counted[], wrong: number, tested: number): Counted[] {
  const shared = counted.filter(
    (one) => one.wrong.size === wrong && (one.tested / tested) ** wrong < COINCIDENCE,
  );
  const implied = new Set(shared.flatMap(({ feature }) => feature.implied));
  return shared.filter(({ feature }) => !implied.has(feature.key)).slice(0, PATTERNS_TOLD);
}

/** Features without a single exception, those with the most checks first, each with enough that the others have not told. */
function describeGroups(counted: readonly Counted[], verdict: Wrong, shareOfWrong: number): string[] {
  const told = new Set<CheckRecord>();
  const texts: string[] = [];
  const whole = counted
    .filter((one) => one.wrong.size === one.tested && shareOfWrong ** one.tested < COINCIDENCE)
    .sort((left, right) => right.tested - left.tested);
  for (const { feature, wrong, tested } of whole) {
    if (texts.length === PATTERNS_TOLD) break;
    if ([...wrong].filter((check) => !told.has(check)).length < FEWEST) continue;
    for (const check of wrong) told.add(check);
    texts.push(
      `every check ${feature.every} ${WORDS[verdict].did} (${formatNumber(tested)} of ${formatNumber(tested)})`,
    );
  }
  return texts;
}

function describeShared({ feature, tested }: Counted, verdict: Wrong, wrong: number): string {
  const share = `${formatNumber(wrong)} of the ${formatNumber(tested)} checks that do`;
  return `all ${formatNumber(wrong)} ${WORDS[verdict].many} ${feature.all} (${share})`;
}

function describeWhole(verdict: Wrong, tested: number): string {
  const which =
    verdict === 'leaked'
      ? ' that must be unreachable'
      : verdict === 'broken'
        ? ' that must be reachable'
        : '';
  const number = formatNumber(tested);
  return `every check${which} ${WORDS[verdict].did} (${number} of ${number})`;
}
