/** The form of names and labels, by Kubernetes' own rules. Patterns are texts without anchors, so that schemas can carry them as well. */

/** Begins the labels by which a run knows what it created; nobody else may give them. */
export const RESERVED_PREFIX = 'podreach.dev/';

/** The names of most objects; they have at most 253 characters. */
export const DNS_SUBDOMAIN = '[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*';
/** Every namespace carries its own name under this label (D9). */
export const NAMESPACE_NAME_LABEL = 'kubernetes.io/metadata.name';

/** Whether Kubernetes keeps a namespace for itself. */
export function isOwnNamespace(name: string): boolean {
  return name === 'default' || name.startsWith('kube-');
}

/** The names of namespaces. */
export const DNS_LABEL = '[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?';
/** The names of ports: at least one letter, and no two hyphens in a row. */
export const PORT_NAME = '(?=[-0-9]*[a-z])(?![-a-z0-9]*--)[a-z0-9]([-a-z0-9]{0,13}[a-z0-9])?';
const LABEL_WORD = '[A-Za-z0-9]([-A-Za-z0-9_.]{0,61}[A-Za-z0-9])?';

/** A name of at most 63 characters, after an optional prefix that is a DNS name of at most 253. */
export const LABEL_KEY = `((?=[^/]{1,253}/)${DNS_SUBDOMAIN}/)?${LABEL_WORD}`;
/** May be empty. */
export const LABEL_VALUE = `(|${LABEL_WORD})`;

/** Says which Pod Security Standard the pods of a namespace must meet. */
export const POD_SECURITY_LABEL = 'pod-security.kubernetes.io/enforce';
/** Of {@link POD_SECURITY_LABEL}: none. Only then pods may be on the network of their nodes. */
export const UNRESTRICTED = 'privileged';
