/** Validation of metadata and label selectors. */

import type { ObjectMeta } from '../../objects.ts';
import type { LabelSelector, LabelSelectorRequirement } from '../../selectors.ts';
import type { Invalidity } from '../status.ts';
import { forbiddenValue, invalidFor, invalidValue, required, tooLong } from './fields.ts';
import { dnsLabelProblems, labelValueProblems, qualifiedNameProblems } from './names.ts';

const ANNOTATIONS_LIMIT_BYTES = 256 * 1024;

/** Everything about the metadata of a new object. */
export function newMetadataProblems(
  metadata: ObjectMeta,
  namespaced: boolean,
  nameProblems: (name: string) => string[],
): Invalidity[] {
  const { name, generateName, namespace } = metadata;
  const problems: Invalidity[] = [];
  if (generateName !== undefined && generateName !== '') {
    // What is generated ends in letters, so a dash at the end is fine.
    problems.push(
      ...invalidFor('metadata.generateName', generateName, nameProblems(generateName.replace(/-$/, 'a'))),
    );
  }
  if (name === undefined || name === '') {
    problems.push(required('metadata.name', 'name or generateName is required'));
  } else {
    problems.push(...invalidFor('metadata.name', name, nameProblems(name)));
  }
  if (namespaced && namespace !== undefined) {
    problems.push(...invalidFor('metadata.namespace', namespace, dnsLabelProblems(namespace)));
  } else if (namespace !== undefined && namespace !== '') {
    problems.push(forbiddenValue('metadata.namespace', 'not allowed on this type'));
  }
  return [...problems, ...metadataProblems(metadata)];
}

/** What can be wrong with the metadata of any object, new or changed. */
export function metadataProblems(metadata: ObjectMeta): Invalidity[] {
  return [
    ...labelsProblems(metadata.labels ?? {}, 'metadata.labels'),
    ...annotationsProblems(metadata.annotations ?? {}),
    ...(metadata.finalizers ?? []).flatMap((name) =>
      invalidFor('metadata.finalizers', name, qualifiedNameProblems(name)),
    ),
  ];
}

function annotationsProblems(annotations: Readonly<Record<string, string>>): Invalidity[] {
  const entries = Object.entries(annotations);
  const size = entries.reduce(
    (sum, [key, value]) => sum + Buffer.byteLength(key) + Buffer.byteLength(value),
    0,
  );
  return [
    ...entries.flatMap(([key]) =>
      invalidFor('metadata.annotations', key, qualifiedNameProblems(key.toLowerCase())),
    ),
    ...(size > ANNOTATIONS_LIMIT_BYTES ? [tooLong('metadata.annotations', ANNOTATIONS_LIMIT_BYTES)] : []),
  ];
}

export function labelsProblems(labels: Readonly<Record<string, string>>, field: string): Invalidity[] {
  return Object.entries(labels).flatMap(([key, value]) => [
    ...invalidFor(field, key, qualifiedNameProblems(key)),
    ...invalidFor(field, value, labelValueProblems(value)),
  ]);
}

/** The selector rules of D3. */
export function selectorProblems(selector: LabelSelector, field: string): Invalidity[] {
  return [
    ...labelsProblems(selector.matchLabels ?? {}, `${field}.matchLabels`),
    ...(selector.matchExpressions ?? []).flatMap((requirement, index) =>
      requirementProblems(requirement, `${field}.matchExpressions[${index}]`),
    ),
  ];
}

function requirementProblems(requirement: LabelSelectorRequirement, field: string): Invalidity[] {
  const { key = '', values } = requirement;
  return [
    ...operatorProblems(requirement, field),
    ...invalidFor(`${field}.key`, key, qualifiedNameProblems(key)),
    ...(values ?? []).flatMap((value, index) =>
      invalidFor(`${field}.values[${index}]`, value, labelValueProblems(value)),
    ),
  ];
}

function operatorProblems({ operator, values }: LabelSelectorRequirement, field: string): Invalidity[] {
  const count = values?.length ?? 0;
  switch (operator) {
    case 'In':
    case 'NotIn':
      return count > 0
        ? []
        : [required(`${field}.values`, "must be specified when `operator` is 'In' or 'NotIn'")];
    case 'Exists':
    case 'DoesNotExist':
      return count === 0
        ? []
        : [
            forbiddenValue(
              `${field}.values`,
              "may not be specified when `operator` is 'Exists' or 'DoesNotExist'",
            ),
          ];
    default:
      return [invalidValue(`${field}.operator`, operator ?? '', 'not a valid selector operator')];
  }
}
