/** What the kinds that make pods have in common: a selector, and a template of the pods that it selects. */
import { isDeepStrictEqual } from 'node:util';
import type { StoredObject } from '../../objects.ts';
import { type LabelSelector, selectorMatches } from '../../selectors.ts';
import { withPodSpecDefaults } from '../kinds/pods/defaults.ts';
import type { Pod } from '../kinds/pods/object.ts';
import { podSpec } from '../kinds/pods/schema.ts';
import { podSpecProblems } from '../kinds/pods/validation.ts';
import { objectMeta } from '../schema/meta.ts';
import { struct } from '../schema/schema.ts';
import type { Invalidity } from '../status.ts';
import { invalidValue, notSupported, required } from '../validate/fields.ts';
import { metadataProblems, selectorProblems } from '../validate/metadata.ts';

export interface PodTemplate {
  metadata?: { labels?: Record<string, string>; annotations?: Record<string, string> };
  spec: Pod['spec'];
}

/** An object that makes pods. */
export interface PodOwner extends StoredObject {
  spec: { selector?: LabelSelector; template: PodTemplate };
}

export const podTemplate = struct('PodTemplateSpec', { metadata: objectMeta, spec: podSpec });

export function withTemplateDefaults(template: Partial<PodTemplate> = {}): PodTemplate {
  return { ...template, spec: withPodSpecDefaults(template.spec) };
}

/** Of a kind whose selector users write. @param kind as messages name it: `deployment` */
export function selectorAndTemplateProblems(
  { selector, template }: PodOwner['spec'],
  kind: string,
): Invalidity[] {
  const problems = templateProblems(template, ['Always']);
  if (selector === undefined) return [required('spec.selector'), ...problems];
  const labels = template.metadata?.labels ?? {};
  if (isDeepStrictEqual(selector, {}))
    return [invalidValue('spec.selector', selector, `empty selector is invalid for ${kind}`), ...problems];
  return [
    ...selectorProblems(selector, 'spec.selector'),
    ...(selectorMatches(selector, labels)
      ? []
      : [
          invalidValue(
            'spec.template.metadata.labels',
            labels,
            '`selector` does not match template `labels`',
          ),
        ]),
    ...problems,
  ];
}

/** @param policies the restart policies that such pods may have */
export function templateProblems({ metadata, spec }: PodTemplate, policies: readonly string[]): Invalidity[] {
  const { restartPolicy = 'Always' } = spec;
  return [
    ...metadataProblems({ name: '', ...metadata }).map((problem) => ({
      ...problem,
      field: problem.field.replace(/^metadata/, 'spec.template'),
    })),
    ...podSpecProblems(spec).map((problem) => ({ ...problem, field: `spec.template.${problem.field}` })),
    ...(policies.includes(restartPolicy)
      ? []
      : [notSupported('spec.template.spec.restartPolicy', restartPolicy, policies)]),
  ];
}

/** A selector chooses the objects that are there already, so it stays. */
export function immutableProblems(field: string, value: unknown, before: unknown): Invalidity[] {
  return isDeepStrictEqual(value, before) ? [] : [invalidValue(field, value, 'field is immutable')];
}

export function countProblems(field: string, value: number | undefined): Invalidity[] {
  return value === undefined || value >= 0
    ? []
    : [invalidValue(field, value, 'must be greater than or equal to 0')];
}
