/** The options of writing requests, as they stand in the query. */
import { badRequest, type Invalidity, invalid } from '../status.ts';
import { forbiddenValue, notSupported, required } from '../validate/fields.ts';

export interface WriteOptions {
  /** Everything is checked and answered as if it had been done. */
  readonly isDryRun: boolean;
  /** Who owns what is written. */
  readonly manager: string;
  readonly validation: 'Strict' | 'Warn' | 'Ignore';
  /** For a server-side apply: takes fields from other managers. */
  readonly force: boolean;
}

const VALIDATIONS = ['Ignore', 'Strict', 'Warn'] as const;

/** @throws StatusError Invalid, BadRequest */
export function readWriteOptions(
  verb: 'Create' | 'Update' | 'Patch' | 'Apply',
  query: URLSearchParams,
  userAgent: string,
): WriteOptions {
  const validation = query.get('fieldValidation') ?? '';
  const manager = query.get('fieldManager') ?? '';
  const problems: Invalidity[] = [];
  if (verb === 'Apply' && manager === '')
    problems.push(required('fieldManager', 'is required for apply patch'));
  if (verb === 'Patch' && query.has('force')) {
    problems.push(forbiddenValue('force', 'may not be specified for non-apply patch'));
  }
  problems.push(...dryRunProblems(query.getAll('dryRun')));
  const chosen = VALIDATIONS.find((one) => one === validation);
  if (chosen === undefined && validation !== '') {
    problems.push(notSupported('fieldValidation', validation, ['', ...VALIDATIONS]));
  }
  if (problems.length > 0) {
    const name = `${verb === 'Apply' ? 'Patch' : verb}Options`;
    throw invalid({ group: 'meta.k8s.io', name }, '', problems);
  }
  return {
    isDryRun: query.getAll('dryRun').length > 0,
    manager: manager === '' ? (userAgent.split('/')[0] ?? '').slice(0, 128) : manager,
    validation: chosen ?? 'Warn',
    force: readBoolean(query, 'force'),
  };
}

export function dryRunProblems(values: readonly unknown[]): Invalidity[] {
  return values.every((value) => value === 'All') ? [] : [notSupported('dryRun', values, ['All'])];
}

/** A flag of the query: absent, `0` and `false` are no. */
export function readBoolean(query: URLSearchParams, name: string): boolean {
  const value = query.get(name);
  return value !== null && value !== '0' && value !== 'false';
}

/**
 * A whole number of the query that is not negative.
 * @throws StatusError BadRequest
 */
export function readCount(query: URLSearchParams, name: string): number | undefined {
  const text = query.get(name);
  if (text === null || text === '') return undefined;
  if (!/^\d{1,15}$/.test(text)) throw badRequest(`invalid value for ${name}: ${JSON.stringify(text)}`);
  return Number(text);
}
