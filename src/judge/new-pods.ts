/** What the new pods of a watch came to: worked out of the record, never stored in it. */
import { greatest } from '../numbers.ts';
import type { RunRecord } from '../record/schema.ts';
import { type Spread, spreadOf } from './times.ts';

export type ChurnRecord = NonNullable<NonNullable<RunRecord['watch']>['churn']>;

/** Watched checks of one source that no new pod tries. */
export type LeftOutChecks = NonNullable<ChurnRecord['leftOut']>[number];

export interface NewPodTotals {
  /** How many told what they saw. */
  readonly told: number;
  /** How many there should have been besides. */
  readonly missing: number;
  /** Of those that told, how many saw nothing but what they should, all the time. */
  readonly asExpected: number;
  /** How many could reach what they must not. */
  readonly leaking: number;
  /** How many could not reach in time, or later, what they must. */
  readonly cutOff: number;
  /** Of how many nobody could tell all. */
  readonly unknown: number;
  /** For how long nobody could tell, of the one of which least is known. */
  readonly unknownMs: number;
  /** How old the last of them was when it tried its first check; absent: none did. */
  readonly triedMs?: number;
  /** How old they were when all that they must reach was reachable, the youngest first. */
  readonly allowedMs: readonly number[];
  /** Absent where of none it is known. */
  readonly allow?: Spread;
}

export function newPodTotals({ due, pods }: ChurnRecord): NewPodTotals {
  const having = (count: 'leaks' | 'gaps' | 'unknown'): number => pods.filter((pod) => pod[count] > 0).length;
  const tried = pods.flatMap(({ triedMs }) => triedMs ?? []);
  const allowedMs = pods.flatMap((pod) => pod.allowedMs ?? []).toSorted((left, right) => left - right);
  const allow = spreadOf(allowedMs);
  return {
    told: pods.length,
    missing: Math.max(0, due - pods.length),
    asExpected: pods.filter(({ leaks, gaps, unknown }) => leaks + gaps + unknown === 0).length,
    leaking: having('leaks'),
    cutOff: having('gaps'),
    unknown: having('unknown'),
    unknownMs: greatest([0, ...pods.map(({ unknownMs }) => unknownMs)]),
    ...(tried.length === 0 ? {} : { triedMs: greatest(tried) }),
    allowedMs,
    ...(allow === undefined ? {} : { allow }),
  };
}

/** Why new pods leave checks out, as a clause. */
const LEFT_OUT_WHY = {
  'behind-service': 'a copy would answer for a Service that is watched',
  'host-network': "no policy isolates what is in a node's network",
  'local-node-ports':
    'which nodes lead there depends on the node of the source (externalTrafficPolicy: Local)',
  'too-long': 'more pods and nodes may answer there than a new pod can be told of',
} as const satisfies Readonly<Record<LeftOutChecks['why'], string>>;
/** Of more sources, only how many there are. */
const SOURCES_TOLD = 3;

/** Checks that new pods leave out for one reason. */
export interface LeftOutPart {
  readonly checks: number;
  /** The sources that have them, `namespace/name`: the first, and how many there are besides. */
  readonly pods: readonly string[];
  readonly others: number;
  /** A clause. */
  readonly why: string;
}

export function leftOutByReason(leftOut: ChurnRecord['leftOut'] = []): readonly LeftOutPart[] {
  return [...Map.groupBy(leftOut, ({ why }) => why)].map(([why, group]) => {
    const pods = [...new Set(group.map(({ pod }) => pod))];
    return {
      checks: group.reduce((sum, { checks }) => sum + checks, 0),
      pods: pods.slice(0, SOURCES_TOLD),
      others: Math.max(0, pods.length - SOURCES_TOLD),
      why: LEFT_OUT_WHY[why],
    };
  });
}

/** `2 checks of shop/web, shop/api and 4 others, because a copy would answer for a Service that is watched` */
export function describeLeftOut({ checks, pods, others, why }: LeftOutPart): string {
  const and = others === 0 ? '' : ` and ${others} other${others === 1 ? '' : 's'}`;
  return `${checks} check${checks === 1 ? '' : 's'} of ${pods.join(', ')}${and}, because ${why}`;
}
