/** Values without quotes that are something else to the API server than to a person (D3a). */
import { objectKey } from '../../keys.ts';
import { adviseOnRetyped, explainRetyped } from '../retyped.ts';
import type { Lint } from './finding.ts';

export const lintRetyped: Lint = (policy) =>
  (policy.written.retyped ?? []).map((value) => ({
    code: 'retyped-value',
    rule: 'D3a',
    policy: objectKey(policy),
    path: [],
    location: value.location,
    message: explainRetyped(value),
    advice: adviseOnRetyped(value),
  }));
