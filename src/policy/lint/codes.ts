/** The names of the lints, by which a scenario may accept a finding. Loads nothing: the scenario language lists them. */
export const LINT_CODES = [
  'selects-no-pod',
  'peer-matches-no-pod',
  'untested-policy',
  'untested-rule',
  'egress-cuts-dns',
  'ignored-rules',
  'empty-egress',
  'or-instead-of-and',
  'broad-selector',
  'broad-peer',
  'block-of-pods',
  'block-of-services',
  'overlapping-except',
  'unknown-port-name',
  'unused-port',
  'empty-list',
  'retyped-value',
  'lax-cidr',
  'block-of-nobody',
  'workload-without-policy',
  'left-out-port',
  'foreign-policy',
  'service-selects-none',
  'unknown-target-port',
] as const;

export type LintCode = (typeof LINT_CODES)[number];
