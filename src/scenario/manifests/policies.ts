/**
 * Policies among manifests. Whether a policy's `spec` is valid is for the API server to say; here only those questions are asked
 * without which a run could not start.
 */
import type { Location, Problem } from '../../errors.ts';
import { objectKey } from '../../keys.ts';
import { nameKind, POLICY_KINDS, type PolicyKind } from '../../model/policy-kind.ts';
import { problemAt } from '../mark.ts';
import type { NetworkPolicyObject, PlannedPolicy } from '../scenario.ts';
import { quote } from '../suggest.ts';
import type { DocumentPath } from '../walk.ts';
import type { ManifestDocument } from './document.ts';
import { groupOf, listAt, valueAt } from './fields.ts';
import type { FoundForeignPolicy, UnknownPolicy } from './inventory.ts';
import { type Belonging, nameOf, namespaceFor } from './place.ts';

const POLICY_VERSION = 'networking.k8s.io/v1';

/** Where NetworkPolicies are or were at home. */
const OWN_GROUPS: ReadonlySet<string> = new Set(['', 'extensions', 'networking.k8s.io']);

export type PolicyRole =
  | { readonly kind: 'policy' | 'unknown-policy' }
  | { readonly kind: 'foreign-policy'; readonly policyKind: PolicyKind };

/** What kind of policy an object is, if it is one. What policies of other kinds mean is not for podreach to say. */
export function policyRoleOf({ apiVersion, kind }: ManifestDocument): PolicyRole | undefined {
  const group = groupOf(apiVersion);
  // Of any version: a policy that no API server takes must not be passed over without a word.
  if (kind === 'NetworkPolicy' && OWN_GROUPS.has(group)) return { kind: 'policy' };
  const policyKind = POLICY_KINDS.find((one) => one.group === group && one.kind === kind);
  if (policyKind !== undefined) return { kind: 'foreign-policy', policyKind };
  return kind.endsWith('NetworkPolicy') ? { kind: 'unknown-policy' } : undefined;
}

/** A policy as it is applied, or everything that is wrong with it. */
export function readPolicy(
  document: ManifestDocument,
  belonging: Belonging,
): PlannedPolicy | readonly Problem[] {
  const { value, text, retyped, at, apiVersion, problems } = document;
  const mark = at([]);
  const wrong = [...problems];
  if (apiVersion !== POLICY_VERSION) {
    wrong.push(
      problemAt(mark, `this is kind NetworkPolicy of ${apiVersion}, not of ${POLICY_VERSION}`, {
        hint: `Write "apiVersion: ${POLICY_VERSION}".`,
      }),
    );
    return wrong;
  }
  const name = nameOf(document);
  if (typeof name !== 'string') return [...wrong, name];
  wrong.push(...checkFinalizers(document));
  const namespace = namespaceFor(document, belonging);
  if (typeof namespace !== 'string') return [...wrong, namespace];
  if (wrong.length > 0) return wrong;
  return {
    namespace,
    name,
    text,
    object: asNetworkPolicy(value),
    ...(retyped.length === 0 ? {} : { retyped }),
    location: mark.location,
    locate: (path: DocumentPath): Location => at(path).location,
  };
}

/** A policy of another kind as it is created, or everything that is wrong with it. */
export function readForeignPolicy(
  document: ManifestDocument,
  policyKind: PolicyKind,
  belonging: Belonging,
): FoundForeignPolicy | readonly Problem[] {
  const { apiVersion, kind, value, text, at, problems } = document;
  const name = nameOf(document);
  const namespace = policyKind.isClusterWide ? undefined : namespaceFor(document, belonging);
  const wrong = [
    ...problems,
    ...[name, namespace].filter((one) => typeof one === 'object'),
    ...checkFinalizers(document),
  ];
  if (typeof name !== 'string' || typeof namespace === 'object' || wrong.length > 0) return wrong;
  const place = namespace === undefined ? { name } : { namespace, name };
  return {
    apiVersion,
    kind,
    ...place,
    title: `${nameKind(policyKind)} ${namespace === undefined ? name : objectKey({ namespace, name })}`,
    policyKind,
    object: value,
    text,
    location: at([]).location,
  };
}

/** What looks like a policy and is not looked into: it is not applied. */
export function readUnknownPolicy({ apiVersion, kind, value, at }: ManifestDocument): UnknownPolicy {
  const [name, namespace] = ['name', 'namespace'].map((key) => valueAt(value, ['metadata', key]));
  return {
    apiVersion,
    kind,
    ...(typeof namespace === 'string' ? { namespace } : {}),
    name: typeof name === 'string' ? name : '',
    location: at([]).location,
  };
}

function* checkFinalizers({ value, at }: ManifestDocument): Generator<Problem> {
  const finalizers = listAt(value, ['metadata', 'finalizers']);
  if (finalizers.length === 0) return;
  yield problemAt(
    at(['metadata', 'finalizers']),
    `this policy could not be deleted after the run: it has the finalizer ${finalizers.map((one) => (typeof one === 'string' ? quote(one) : JSON.stringify(one))).join(', ')}, and waits for whoever takes that away`,
    { hint: 'Leave metadata.finalizers out: a controller that needs a finalizer adds it by itself.' },
  );
}

/** Kind, version and name are checked; all else is for the API server to judge and for readers to doubt. */
function asNetworkPolicy(value: Readonly<Record<string, unknown>>): NetworkPolicyObject {
  return value as unknown as NetworkPolicyObject;
}
