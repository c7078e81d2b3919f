/**
 * NetworkPolicies among manifests. Whether a policy's `spec` is valid is for the API server to say; here only those questions are asked
 * without which a run could not start.
 */
import type { Location, Problem } from '../../errors.ts';
import { problemAt } from '../mark.ts';
import type { NetworkPolicyObject, PlannedPolicy } from '../scenario.ts';
import { quote } from '../suggest.ts';
import type { DocumentPath } from '../walk.ts';
import type { ManifestDocument } from './document.ts';
import { groupOf, listAt } from './fields.ts';
import { type Belonging, nameOf, namespaceFor } from './place.ts';

const POLICY_VERSION = 'networking.k8s.io/v1';

/** Where NetworkPolicies are or were at home. */
const OWN_GROUPS: ReadonlySet<string> = new Set(['', 'extensions', 'networking.k8s.io']);

/** What kind of policy an object is, if it is one. What policies of other kinds mean is not for podreach to say. */
export function policyKindOf({ apiVersion, kind }: ManifestDocument): 'own' | 'foreign' | undefined {
  if (!kind.endsWith('NetworkPolicy')) return undefined;
  // Of any version: a policy that no API server takes must not be passed over without a word.
  return kind === 'NetworkPolicy' && OWN_GROUPS.has(groupOf(apiVersion)) ? 'own' : 'foreign';
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
  const finalizers = listAt(value, ['metadata', 'finalizers']);
  if (finalizers.length > 0) {
    wrong.push(
      problemAt(
        at(['metadata', 'finalizers']),
        `this policy could not be deleted after the run: it has the finalizer ${finalizers.map((one) => quote(String(one))).join(', ')}, and waits for whoever takes that away`,
        { hint: 'Leave metadata.finalizers out: a controller that needs a finalizer adds it by itself.' },
      ),
    );
  }
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

/** Kind, version and name are checked; all else is for the API server to judge and for readers to doubt. */
function asNetworkPolicy(value: Readonly<Record<string, unknown>>): NetworkPolicyObject {
  return value as unknown as NetworkPolicyObject;
}
