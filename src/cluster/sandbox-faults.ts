/** How a sandbox is told to fail: what is written on which of its objects, and how it shows that it is so. */
import {
  ENFORCEMENT,
  ENFORCEMENT_MODES,
  ENFORCEMENT_REASONS,
  type EnforcementMode,
  ESTABLISHED,
  ESTABLISHED_FATES,
  type EstablishedFate,
  OWN_PREFIX,
  PROGRAMMING_DELAY,
  RESTARTED_AT,
  STALLED,
} from '../sandbox/annotations.ts';
import { VERSION_SUFFIX } from '../sandbox/version.ts';

export { ENFORCEMENT_MODES, type EnforcementMode, ESTABLISHED_FATES, type EstablishedFate };

/** Something that a sandbox can be told to do wrong. */
export interface SandboxFault {
  readonly object:
    | { readonly resource: 'nodes'; readonly name: string }
    | { readonly resource: 'pods'; readonly namespace: string; readonly name: string };
  readonly annotation: string;
  /** Null: it is to be so no more. */
  readonly value: string | null;
  /** What is so from then on, for people. */
  describe(value: string | null): string;
}

export function enforcementFault(node: string, mode: EnforcementMode): SandboxFault {
  return {
    object: { resource: 'nodes', name: node },
    annotation: ENFORCEMENT,
    value: mode === 'on' ? null : mode,
    describe: (value) => `enforcement is ${value ?? 'on'}`,
  };
}

/** @param delayMs null: changes are taken up at once */
export function delayFault(node: string, delayMs: number | null): SandboxFault {
  return {
    object: { resource: 'nodes', name: node },
    annotation: PROGRAMMING_DELAY,
    value: delayMs === null ? null : `${delayMs}ms`,
    describe: (value) => `changes are taken up ${value === null ? 'at once' : `${value} later`}`,
  };
}

export function establishedFault(node: string, fate: EstablishedFate): SandboxFault {
  return {
    object: { resource: 'nodes', name: node },
    annotation: ESTABLISHED,
    value: fate === 'kept' ? null : fate,
    describe: (value) => `connections that are open when a policy closes are ${value ?? 'kept'}`,
  };
}

export function restartFault(node: string, now: Date): SandboxFault {
  return {
    object: { resource: 'nodes', name: node },
    annotation: RESTARTED_AT,
    value: now.toISOString(),
    describe: () => 'enforcement is restarted',
  };
}

export function stallFault(namespace: string, name: string, isStalled: boolean): SandboxFault {
  return {
    object: { resource: 'pods', namespace, name },
    annotation: STALLED,
    value: isStalled ? 'true' : null,
    describe: (value) => (value === 'true' ? 'its processes are stopped' : 'its processes go on'),
  };
}

/** `enforcement`, `established`, `programming-delay`, `restarted-at` or `stalled`. */
export function faultName({ annotation }: SandboxFault): string {
  return annotation.slice(OWN_PREFIX.length);
}

/** By the version that its API server tells: no other cluster is to be annotated. */
export function isSandboxVersion(version: string): boolean {
  return version.endsWith(VERSION_SUFFIX);
}

/** As much of an object as shows how it is. */
export interface AnnotatedObject {
  readonly metadata: { readonly annotations?: Readonly<Record<string, string>> };
  readonly status?: {
    readonly conditions?: readonly { readonly type: string; readonly reason?: string }[];
  };
}

/** A node of a sandbox that was started without enforcement has none that could fail. */
export function hasEnforcement({ status }: AnnotatedObject): boolean {
  return status?.conditions?.some(({ type }) => type === 'PoliciesInForce') ?? false;
}

/** Whether an object shows that it is as a fault has it. What shows nowhere is so as soon as it is written. */
export function isInForce(
  { annotation }: SandboxFault,
  value: string | null,
  object: AnnotatedObject,
): boolean {
  if (annotation !== ENFORCEMENT) return true;
  const reason = object.status?.conditions?.find(({ type }) => type === 'NetworkUnavailable')?.reason;
  const mode = ENFORCEMENT_MODES.find((one) => one === value) ?? 'on';
  return (reason ?? ENFORCEMENT_REASONS.on) === ENFORCEMENT_REASONS[mode];
}
