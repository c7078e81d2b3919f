/** What an API server, which reads YAML 1.1, makes of a value without quotes (D3a), in words. */
import type { Location } from '../errors.ts';
import type { Retyped } from './model.ts';

/** `the API server reads YAML 1.1, where no is false` */
export function explainRetyped({ written, read, isKey }: Retyped): string {
  const number =
    typeof read === 'number' && /^[-+]?0\d/.test(written) ? `the octal number ${read}` : `${read}`;
  return `the API server reads YAML 1.1, where ${written} is ${number}${isKey ? `: the key is "${read}"` : ''}`;
}

/** What to write in its place. */
export function adviseOnRetyped({ written, read, isKey }: Retyped): string {
  const quoted = `Put it in quotes: "${written}".`;
  return typeof read === 'number' && !isKey ? `Write ${read}. If it is meant as text: "${written}".` : quoted;
}

/** The retyped value at a place, if there is one. */
export function findRetyped(
  retyped: readonly Retyped[] | undefined,
  place: Location | undefined,
): Retyped | undefined {
  return retyped?.find(
    ({ location: { file, line, column } }) =>
      file === place?.file && line === place.line && column === place.column,
  );
}
