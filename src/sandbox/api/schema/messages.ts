/** What a real API server says about findings: each of its decoders has words of its own. */
import { isJsonObject } from '../json.ts';
import type { Misfit } from './decode.ts';
import { goFieldPath, strictPath, typedPath } from './path.ts';
import { goTypeOf, type Schema } from './schema.ts';

/** As strict decoding says it: `unknown field "spec.ingres"`. */
export function unknownFields(findings: readonly Misfit[]): string[] {
  return findings.flatMap((one) =>
    one.kind === 'unknown' ? [`unknown field "${strictPath(one.path)}"`] : [],
  );
}

/** What Go's JSON decoder says about the first value of a wrong type; undefined where all types fit. */
export function firstMismatch(findings: readonly Misfit[]): string | undefined {
  for (const one of findings) {
    if (one.kind !== 'mismatch') continue;
    const type = goTypeOf(one.schema);
    if (one.path.length === 0) return `json: cannot unmarshal ${jsonKind(one)} into Go value of type ${type}`;
    return `json: cannot unmarshal ${jsonKind(one)} into Go struct field ${one.struct}.${goFieldPath(one.path)} of type ${type}`;
  }
  return undefined;
}

function jsonKind({ schema, value }: { readonly schema: Schema; readonly value: unknown }): string {
  if (Array.isArray(value)) return 'array';
  if (isJsonObject(value)) return 'object';
  if (typeof value === 'boolean') return 'bool';
  if (typeof value !== 'number') return 'string';
  const wantsNumber = schema.kind === 'scalar' && schema.type !== 'string' && schema.type !== 'bool';
  return wantsNumber ? `number ${value}` : 'number';
}

/** What typed merging says about the findings: `.spec.ingres: field not declared in schema`. */
export function typedErrors(findings: readonly Misfit[]): string[] {
  return findings.map((one) =>
    one.kind === 'unknown'
      ? `${typedPath(one.path)}: field not declared in schema`
      : `${typedPath(one.path)}: ${expectation(one.schema, one.value)}`,
  );
}

function expectation(schema: Schema, value: unknown): string {
  if (schema.kind === 'list') return `expected list, got &{${goText(value)}}`;
  if (schema.kind !== 'scalar') return `expected map, got &{${goText(value)}}`;
  switch (schema.type) {
    case 'string':
      return `expected string, got &value.valueUnstructured{Value:${goSyntax(value)}}`;
    case 'bool':
      return `expected boolean, got &{${goText(value)}}`;
    case 'int-or-string':
      return `expected any scalar, got &{${goText(value)}}`;
    case 'int32':
    case 'int64':
      return `expected numeric (int or float), got ${typeof value === 'number' ? 'float64' : goKind(value)}`;
  }
}

/** Go's `%v`. */
function goText(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(goText).join(' ')}]`;
  if (isJsonObject(value)) {
    return `map[${Object.entries(value)
      .map(([name, child]) => `${name}:${goText(child)}`)
      .join(' ')}]`;
  }
  return value === null ? '<nil>' : String(value);
}

/** Go's `%#v`. */
function goSyntax(value: unknown): string {
  if (Array.isArray(value)) return `[]interface {}{${value.map(goSyntax).join(', ')}}`;
  if (!isJsonObject(value)) return value === null ? 'interface {}(nil)' : JSON.stringify(value);
  const entries = Object.entries(value).map(([name, child]) => `${JSON.stringify(name)}:${goSyntax(child)}`);
  return `map[string]interface {}{${entries.join(', ')}}`;
}

/** Go's `%T`. */
function goKind(value: unknown): string {
  if (Array.isArray(value)) return '[]interface {}';
  if (isJsonObject(value)) return 'map[string]interface {}';
  return typeof value === 'boolean' ? 'bool' : 'string';
}
