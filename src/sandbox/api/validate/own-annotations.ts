/** Validation of the annotations that are the sandbox's own: one that is mistyped would be one that does nothing. */
import { OWN_PREFIX } from '../../annotations.ts';
import type { ObjectMeta } from '../../objects.ts';
import type { Invalidity } from '../status.ts';
import { notSupported } from './fields.ts';

/** What is wrong with the value of an annotation. */
export type AnnotationCheck = (field: string, value: string) => Invalidity[];

/** @param checks those that there are for this kind, by their keys */
export function ownAnnotationProblems(
  { annotations = {} }: ObjectMeta,
  checks: Readonly<Record<string, AnnotationCheck>>,
): Invalidity[] {
  return Object.entries(annotations).flatMap(([key, value]) => {
    if (!key.startsWith(OWN_PREFIX)) return [];
    const check = Object.hasOwn(checks, key) ? checks[key] : undefined;
    return (
      check?.(`metadata.annotations[${key}]`, value) ?? [
        notSupported('metadata.annotations', key, Object.keys(checks)),
      ]
    );
  });
}

/** The value is one of a few. */
export function oneOf(values: readonly string[]): AnnotationCheck {
  return (field, value) => (values.includes(value) ? [] : [notSupported(field, value, values)]);
}
