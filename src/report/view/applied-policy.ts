/** A policy as it was applied: to be shown, told and compared. */
import { fingerprintOf } from '../../fingerprint.ts';
import { objectKey } from '../../keys.ts';
import { parseAsServer } from '../../policy/api-yaml.ts';
import { type Policy, readPolicies } from '../../policy/policy.ts';
import type { ScenarioRecord } from '../../record/schema.ts';
import { neutraliseAll } from '../text/text.ts';
import { harmless, type View } from './harmless.ts';

type Written = ScenarioRecord['policies'][number];

/** A text that somebody wrote. */
interface AppliedText {
  /** What a terminal would obey in it is made visible. */
  readonly lines: readonly string[];
  /** SHA-256 of it, in UTF-8. */
  readonly fingerprint: string;
}

export interface PolicyView extends View<Omit<Written, 'text'>>, AppliedText {
  /** `namespace/name` */
  readonly key: string;
  /** What the text says; undefined where it cannot be read as a NetworkPolicy. */
  readonly read: () => Policy | undefined;
}

export function viewPolicy({ text, ...rest }: Written): PolicyView {
  const policy = harmless(rest);
  return {
    ...policy,
    ...viewText(text),
    key: objectKey(policy),
    read: () => readApplied(text, rest.namespace),
  };
}

type WrittenForeign = NonNullable<ScenarioRecord['foreignPolicies']>[number];

/** A policy of another kind: what it means is not for podreach to say. */
export interface ForeignPolicyView extends View<Omit<WrittenForeign, 'text'>>, AppliedText {}

export function viewForeignPolicy({ text, ...rest }: WrittenForeign): ForeignPolicyView {
  return { ...harmless(rest), ...viewText(text) };
}

function viewText(text: string): AppliedText {
  return { lines: text.trimEnd().split('\n').map(harmlessLine), fingerprint: fingerprintOf(text) };
}

/** A line keeps its indentation: it is what YAML is made of. */
function harmlessLine(line: string): string {
  const [indent = ''] = /^ */.exec(line) ?? [];
  return indent + harmless(line.slice(indent.length));
}

/**
 * @param text of one NetworkPolicy, in YAML, as it was applied
 * @param namespace that it was applied to
 */
export function readApplied(text: string, namespace: string): Policy | undefined {
  let object: unknown;
  try {
    object = parseAsServer(text);
  } catch {
    return undefined;
  }
  if (!isNetworkPolicy(object)) return undefined;
  const [policy] = readPolicies([{ namespace, name: '', object }]).policies;
  return neutraliseAll(policy);
}

function isNetworkPolicy(
  value: unknown,
): value is { readonly kind: 'NetworkPolicy'; readonly spec?: unknown } {
  return typeof value === 'object' && value !== null && 'kind' in value && value.kind === 'NetworkPolicy';
}
