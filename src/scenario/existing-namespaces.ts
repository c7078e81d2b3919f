/** Namespaces that are there already: policies may let them in, Services in them may be used, and a run puts nothing into them. */
import type { Problem } from '../errors.ts';
import { problemAt } from './mark.ts';
import type { Mark, Marked, Scenario } from './scenario.ts';
import { quote } from './suggest.ts';

/** The namespaces that a scenario knows of. */
export interface KnownNamespaces {
  /** By the run. */
  readonly made: readonly string[];
  /** Those that are there already; absent: none. */
  readonly existing?: readonly string[];
}

/** @param what is to be in it, as a clause begins: `this policy` */
export function refusePlacing(what: string, namespace: string, mark: Mark): Problem {
  return problemAt(
    mark,
    `${what} is in the namespace ${quote(namespace)}, which is there already: a run puts nothing into it`,
    { hint: 'Put it into a namespace that the run makes, with the labels that matter.' },
  );
}

/** What a scenario says of such namespaces that cannot be. */
export function* checkExistingNamespaces({
  existingNamespaces = [],
  namespaces,
  services = [],
}: Scenario): Generator<Problem> {
  const made = new Map(namespaces.map(({ value, mark }) => [value.name, mark]));
  const names = new Set(existingNamespaces.map(({ value }) => value));
  yield* existingNamespaces.flatMap((one) => contradiction(one, made));
  for (const { namespace, name, mark } of services)
    if (names.has(namespace)) yield refusePlacing(`the Service ${quote(name)}`, namespace, mark);
}

function contradiction(
  { value: name, mark }: Marked<string>,
  made: ReadonlyMap<string, Mark>,
): readonly Problem[] {
  const other = made.get(name);
  if (other === undefined) return [];
  return [
    problemAt(mark, `the namespace ${quote(name)} is there already here, and is made elsewhere`, {
      hint: 'Take one of the two out.',
      related: [{ message: 'it is made here', mark: other }],
    }),
  ];
}
