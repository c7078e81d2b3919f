/** The kinds of complaint that validation has about a field, worded as a real API server words them. */
import type { Invalidity } from '../status.ts';

export function required(field: string, detail = ''): Invalidity {
  return { type: 'FieldValueRequired', field, body: withDetail('Required value', detail) };
}

export function invalidValue(field: string, value: unknown, detail: string): Invalidity {
  return { type: 'FieldValueInvalid', field, body: withDetail(`Invalid value: ${shown(value)}`, detail) };
}

export function forbiddenValue(field: string, detail: string): Invalidity {
  return { type: 'FieldValueForbidden', field, body: withDetail('Forbidden', detail) };
}

export function duplicate(field: string, value: unknown): Invalidity {
  return { type: 'FieldValueDuplicate', field, body: `Duplicate value: ${shown(value)}` };
}

export function missingReference(field: string, value: unknown): Invalidity {
  return { type: 'FieldValueNotFound', field, body: `Not found: ${shown(value)}` };
}

export function notSupported(field: string, value: unknown, supported: readonly string[]): Invalidity {
  const values = supported.map((one) => JSON.stringify(one)).join(', ');
  return {
    type: 'FieldValueNotSupported',
    field,
    body: `Unsupported value: ${shown(value)}: supported values: ${values}`,
  };
}

export function tooLong(field: string, limitBytes: number): Invalidity {
  return { type: 'FieldValueTooLong', field, body: `Too long: may not be more than ${limitBytes} bytes` };
}

/** `invalidValue` for each complaint about one value. */
export function invalidFor(field: string, value: unknown, complaints: readonly string[]): Invalidity[] {
  return complaints.map((complaint) => invalidValue(field, value, complaint));
}

function withDetail(text: string, detail: string): string {
  return detail === '' ? text : `${text}: ${detail}`;
}

function shown(value: unknown): string {
  return JSON.stringify(value) ?? 'null';
}
