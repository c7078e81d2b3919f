/** Lists of peers or ports that are there and empty: they restrict nothing, as if they were left out (D7). */
import type { ManifestPath } from '../model.ts';
import { peersField } from '../policy.ts';
import { findingAt, type Lint, type LintFinding, placedRules } from './finding.ts';

export const lintEmptyLists: Lint = (policy) =>
  placedRules(policy).flatMap(({ direction, path }) => {
    const whom = direction === 'ingress' ? 'lets everybody in' : 'leads everywhere';
    return [
      { field: peersField(direction), effect: whom, nothing: 'nobody', all: 'everybody' },
      { field: 'ports', effect: 'allows every port', nothing: 'no port', all: 'every port' },
    ]
      .filter(({ field }) => isEmptyAt(policy.written.object, [...path, field]))
      .map(
        ({ field, effect, nothing, all }): LintFinding =>
          findingAt(policy, [...path, field], {
            code: 'empty-list',
            rule: 'D7',
            message: `"${field}" is there and names nothing: so the rule ${effect}, as if "${field}" were left out`,
            advice: `To allow ${nothing}, take the whole rule out; to allow ${all}, leave "${field}" out.`,
          }),
      );
  });

/** Whether a list is there, as `[]` or with nothing behind its colon. */
function isEmptyAt(object: unknown, path: ManifestPath): boolean {
  const value = path.reduce<unknown>(
    (inner, step) =>
      typeof inner === 'object' && inner !== null && Object.hasOwn(inner, step)
        ? Reflect.get(inner, step)
        : undefined,
    object,
  );
  return value === null || (Array.isArray(value) && value.length === 0);
}
