/** How objects of namespaces are named where one text must do: `namespace/name`. */

/** `namespace/name` of a pod, a policy or anything else that a namespace holds. */
export function objectKey({
  namespace,
  name,
}: {
  readonly namespace: string;
  readonly name: string;
}): string {
  return `${namespace}/${name}`;
}

/** The namespace in a key, also in one that begins with what it names: `service/shop/api`. */
export function namespaceOf(key: string): string {
  const [first = '', second = '', third] = key.split('/');
  return third === undefined ? first : second;
}
