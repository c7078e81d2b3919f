/** What a run wanted to create and a cluster does not take: quotas, limits and admission, in their own words. */
import { PodreachError } from '../errors.ts';
import type { ApiStatusError } from '../kube/errors.ts';

/** What to do, by the words of who refuses. The first that fits counts. */
const ADVICE: readonly (readonly [words: RegExp, hint: string])[] = [
  [
    /exceeded quota/,
    'A ResourceQuota bounds this namespace: raise it, or run fewer scenarios side by side with --parallel.',
  ],
  [
    /failed quota/,
    'A ResourceQuota asks for more than the probe pods state: relax it, or have a LimitRange fill it in.',
  ],
  [
    /(minimum|maximum) .* usage per|limit to request ratio/,
    'A LimitRange bounds this namespace: let it allow what docs/probe.md says that a probe pod asks for.',
  ],
  [
    /violates PodSecurity/,
    'Give the namespaces a level that lets the pods in: --namespace-label pod-security.kubernetes.io/enforce=LEVEL.',
  ],
  [
    /security context constraint/,
    'Let the user of this run use the SCC nonroot-v2: docs/clusters.md says how.',
  ],
  [
    /failed calling webhook/,
    'An admission webhook does not answer: mend it, or exempt the namespaces of podreach with --namespace-label KEY=VALUE.',
  ],
  [
    /admission webhook|ValidatingAdmissionPolicy/,
    'Exempt the namespaces of podreach from this policy, for instance by a label: --namespace-label KEY=VALUE.',
  ],
];

/**
 * A namespace that is new lacks the service account that each of its pods needs (kubernetes/kubernetes#66689), or what its quota has
 * seen so far, until controllers have come by.
 */
export function isTooEarly({ words }: ApiStatusError): boolean {
  return /service ?account .*not found|status unknown for quota/.test(words);
}

/** @param what such as `pod shop/db` */
export function refusalError(what: string, cause: ApiStatusError): PodreachError {
  const hint =
    ADVICE.find(([words]) => words.test(cause.words))?.[1] ??
    'A quota, a limit or an admission policy of the cluster may stand in the way.';
  return new PodreachError('provision-failed', `${what} was not accepted: ${cause.words}`, { hint, cause });
}
