/** By which labels of namespaces a policy goes. */

/** The label keys in the namespace selectors anywhere below a value, whatever it is. */
export function namespaceKeysOf(value: unknown): ReadonlySet<string> {
  const keys = new Set<string>();
  const walk = (node: unknown, isSelector: boolean): void => {
    if (typeof node !== 'object' || node === null) return;
    if (isSelector) {
      const { matchLabels, matchExpressions } = node as {
        matchLabels?: object | null;
        matchExpressions?: readonly { key?: unknown }[] | null;
      };
      for (const key of Object.keys(matchLabels ?? {})) keys.add(key);
      for (const { key } of matchExpressions ?? []) keys.add(String(key));
      return;
    }
    for (const [name, child] of Object.entries(node)) walk(child, name === 'namespaceSelector');
  };
  walk(value, false);
  return keys;
}
