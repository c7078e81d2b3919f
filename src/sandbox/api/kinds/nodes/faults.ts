/** How a node's network plugin is told to fail: read from the annotations of its Node. */
import {
  ENFORCEMENT,
  ENFORCEMENT_MODES,
  type EnforcementMode,
  ESTABLISHED,
  ESTABLISHED_FATES,
  type EstablishedFate,
  PROGRAMMING_DELAY,
  RESTARTED_AT,
  SERVICE_DELAY,
} from '../../../annotations.ts';
import type { ObjectMeta } from '../../../objects.ts';
import type { Invalidity } from '../../status.ts';
import { invalidValue } from '../../validate/fields.ts';
import { type AnnotationCheck, oneOf, ownAnnotationProblems } from '../../validate/own-annotations.ts';

export interface NodeFaults {
  readonly enforcement: EnforcementMode;
  /** How much later changes are taken up. */
  readonly delayMs: number;
  /** How much later changes of Services and of their endpoints are. */
  readonly serviceDelayMs: number;
  /** What becomes of open connections that its rules deny. */
  readonly established: EstablishedFate;
  /** Another text than before is a restart. */
  readonly restartedAt: string | undefined;
}

export const NO_FAULTS: NodeFaults = {
  enforcement: 'on',
  delayMs: 0,
  serviceDelayMs: 0,
  established: 'kept',
  restartedAt: undefined,
};

/** Of metadata in which {@link faultProblems} finds nothing. */
export function faultsOf({ annotations = {} }: ObjectMeta): NodeFaults {
  return {
    enforcement: ENFORCEMENT_MODES.find((mode) => mode === annotations[ENFORCEMENT]) ?? NO_FAULTS.enforcement,
    delayMs: millisecondsOf(annotations[PROGRAMMING_DELAY] ?? '0s') ?? NO_FAULTS.delayMs,
    serviceDelayMs: millisecondsOf(annotations[SERVICE_DELAY] ?? '0s') ?? NO_FAULTS.serviceDelayMs,
    established: ESTABLISHED_FATES.find((fate) => fate === annotations[ESTABLISHED]) ?? NO_FAULTS.established,
    restartedAt: annotations[RESTARTED_AT],
  };
}

export function faultProblems(metadata: ObjectMeta): Invalidity[] {
  return ownAnnotationProblems(metadata, CHECKS);
}

const LONGEST_DELAY_MS = 3_600_000;

const delay: AnnotationCheck = (field, value) =>
  millisecondsOf(value) === undefined
    ? [invalidValue(field, value, 'must be a duration of at most an hour, such as 500ms, 3s or 1m')]
    : [];

const CHECKS: Readonly<Record<string, AnnotationCheck>> = {
  [ENFORCEMENT]: oneOf(ENFORCEMENT_MODES),
  [ESTABLISHED]: oneOf(ESTABLISHED_FATES),
  [PROGRAMMING_DELAY]: delay,
  [RESTARTED_AT]: () => [],
  [SERVICE_DELAY]: delay,
};

const UNITS_MS: Readonly<Record<string, number>> = { ms: 1, s: 1000, m: 60_000 };

function millisecondsOf(text: string): number | undefined {
  const [, count, unit = ''] = /^(\d+(?:\.\d+)?)(ms|s|m)$/.exec(text) ?? [];
  const ms = Number(count) * (UNITS_MS[unit] ?? Number.NaN);
  return ms <= LONGEST_DELAY_MS ? ms : undefined;
}
