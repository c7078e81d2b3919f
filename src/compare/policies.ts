/** Policies that were not the same texts in two records. */
import { fingerprintOf } from '../fingerprint.ts';
import { objectKey } from '../keys.ts';
import type { ScenarioRecord } from '../record/schema.ts';
import { type PlacedStep, pairUp, type ScenarioPlace, type Sides } from './sides.ts';

export interface PolicyDifference {
  /** Where it begins: a step that goes on with it does not say it again. */
  readonly place: ScenarioPlace;
  /** `namespace/name` */
  readonly policy: string;
  readonly change: 'new' | 'gone' | 'changed';
  readonly before?: PolicySide;
  readonly after?: PolicySide;
}

export interface PolicySide {
  /** SHA-256 of the text as it was applied. */
  readonly fingerprint: string;
  readonly location: ScenarioRecord['policies'][number]['location'];
}

/** Of steps that both records have. */
export function comparePolicies(steps: readonly Sides<PlacedStep>[]): PolicyDifference[] {
  /** What the step before said, by scenario. */
  const told = new Map<string, ReadonlySet<string>>();
  return steps.flatMap(({ before, after }) => {
    if (before === undefined || after === undefined) return [];
    const { place } = after;
    const differences = comparePolicyTexts(before.policies, after.policies).map(
      (difference): PolicyDifference => ({ place, ...difference }),
    );
    const known = told.get(place.scenario);
    told.set(place.scenario, new Set(differences.map(contentOf)));
    return differences.filter((difference) => known?.has(contentOf(difference)) !== true);
  });
}

type AppliedPolicyText = ScenarioRecord['policies'][number];

/** Policies that are not the same texts in two lists. */
export function comparePolicyTexts(
  before: readonly AppliedPolicyText[],
  after: readonly AppliedPolicyText[],
): Omit<PolicyDifference, 'place'>[] {
  return pairUp(before, after, objectKey).flatMap(differenceOf);
}

function differenceOf({ before, after }: Sides<AppliedPolicyText>): Omit<PolicyDifference, 'place'>[] {
  if (before?.text === after?.text) return [];
  return [
    {
      policy: objectKey(after ?? before),
      change: before === undefined ? 'new' : after === undefined ? 'gone' : 'changed',
      ...(before === undefined ? {} : { before: sideOf(before) }),
      ...(after === undefined ? {} : { after: sideOf(after) }),
    },
  ];
}

function sideOf({ text, location }: AppliedPolicyText): PolicySide {
  return { fingerprint: fingerprintOf(text), location };
}

function contentOf({ policy, before, after }: PolicyDifference): string {
  return JSON.stringify([policy, before?.fingerprint, after?.fingerprint]);
}
