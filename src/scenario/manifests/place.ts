/** The name of an object and the namespace that it belongs to, as `kubectl apply` finds them. */
import type { Problem } from '../../errors.ts';
import { isOwnNamespace } from '../../labels.ts';
import { type KnownNamespaces, refusePlacing } from '../existing-namespaces.ts';
import { problemAt } from '../mark.ts';
import { nearest, quote } from '../suggest.ts';
import type { ManifestDocument } from './document.ts';
import { problemWithin, valueAt } from './fields.ts';

/** Where objects belong. */
export interface Belonging {
  /** The namespace of those that name none; absent: the only one that there is. */
  readonly given?: string;
  /** `kubectl apply -n` refuses an object that names another; helm does not. */
  readonly refusesOthers: boolean;
  /** All that there are; undefined where that is not known well enough to hold objects against. */
  readonly known: KnownNamespaces | undefined;
  /** How the same is named with a namespace; undefined where only the object itself can name it. */
  readonly inNamespace: ((namespace: string) => string) | undefined;
}

/** The name of an object, or what is wrong with it. */
export function nameOf(document: ManifestDocument): string | Problem {
  const path = ['metadata', 'name'];
  const name = valueAt(document.value, path);
  if (typeof name === 'string' && name !== '') return name;
  if (isMissing(name) && typeof valueAt(document.value, ['metadata', 'generateName']) === 'string') {
    return problemAt(
      document.at(path),
      `this ${wordFor(document)} has generateName and no name: kubectl apply refuses that`,
      { hint: 'Write metadata.name.' },
    );
  }
  return problemWithin(
    document,
    path,
    `a ${wordFor(document)} needs a name, as text`,
    ['number', 'boolean'].includes(typeof name) ? 'Put it in quotes.' : 'Write metadata.name.',
  );
}

/** The namespace of an object, or what is wrong with it. */
export function namespaceFor(document: ManifestDocument, belonging: Belonging): string | Problem {
  const { given, refusesOthers, known } = belonging;
  const path = ['metadata', 'namespace'];
  const written = valueAt(document.value, path);
  if (isMissing(written)) {
    if (given !== undefined) return given;
    const [only, ...others] = known?.made ?? [''];
    if (only !== undefined && others.length === 0) return only;
    return problemAt(
      document.at(['metadata']),
      `this ${wordFor(document)} does not say which namespace it belongs to`,
      { hint: hintForMissing(belonging) },
    );
  }
  if (typeof written !== 'string') return problemWithin(document, path, 'metadata.namespace must be text');
  if (given !== undefined && refusesOthers && written !== given) {
    return problemAt(
      document.at(path),
      `this ${wordFor(document)} is in the namespace ${quote(written)}, and is to be applied to ${quote(given)}: kubectl refuses that`,
      { hint: 'Leave metadata.namespace out here, or name the file without a namespace.' },
    );
  }
  if (known === undefined || known.made.includes(written)) return written;
  if (known.existing?.includes(written) === true)
    return refusePlacing(`this ${wordFor(document)}`, written, document.at(path));
  return problemAt(document.at(path), `the scenario does not declare the namespace ${quote(written)}`, {
    hint: adviseOnUnknown(written, known),
  });
}

function isMissing(value: unknown): value is undefined | null | '' {
  return value === undefined || value === null || value === '';
}

/** What to do about a namespace that exists nowhere. */
export function adviseOnUnknown(namespace: string, known: KnownNamespaces): string {
  if (isOwnNamespace(namespace))
    return `${quote(namespace)} is a namespace of Kubernetes itself: give what is deployed there another one.`;
  const near = nearest(namespace, known.made);
  return near === undefined
    ? `Declare it: under "namespaces", write ${namespace}: {}.`
    : `Did you mean ${quote(near)}?`;
}

function hintForMissing({ known, inNamespace }: Belonging): string {
  const [first = 'shop'] = known?.made ?? [];
  const orGiven =
    inNamespace === undefined
      ? ': there'
      : `, or give it as kubectl apply -n does: ${inNamespace(first)}. There`;
  return `Write metadata.namespace${orGiven} are ${known?.made.length ?? 0} namespaces.`;
}

/** `policy` for a NetworkPolicy; else its kind. */
function wordFor({ kind }: ManifestDocument): string {
  return kind === 'NetworkPolicy' ? 'policy' : kind;
}
