/** Records made from the schema of records: whatever field it grows, the texts in it are hostile. */
import { z } from 'zod';
import { type RunRecord, runRecordSchema } from '../../src/record/schema.ts';

/** What every text of such a record says: colours, a title, an end of line of every kind, a change of direction, half a character. */
export const ATTACK =
  '\u001b[31mred\u001b]0;title\u0007\u009b2J\u0000\r\nINJECTED\u0085\u2028INJECTED\u2029\tgpj.\u202eexe\u200b\ufeff\ud800';
const KEY = `${ATTACK}/${ATTACK}`;
/** No number of a record must be greater, and where one counts the items of a list, there are more. */
const NUMBER = 2;
const INSTANT = '2026-11-20T02:00:00.000Z';

/**
 * A valid record with every field that there may be.
 * @param choice which of several words each field holds that takes only a few
 */
export function hostileBySchema(choice: number): RunRecord {
  return runRecordSchema.parse(hostileFor(runRecordSchema, choice));
}

/** A value of any schema with every field that there may be, its texts hostile. */
export function hostileFor(schema: z.core.$ZodType, choice: number): unknown {
  // The union of all schemas of Zod, which tells them apart.
  const { def } = (schema as z.core.$ZodTypes)._zod;
  const inside = (inner: z.core.$ZodType): unknown => hostileFor(inner, choice);
  switch (def.type) {
    case 'string':
      return textFor(schema);
    case 'number':
      return NUMBER;
    case 'boolean':
      return choice % 2 === 1;
    case 'literal':
      return pick(def.values, choice);
    case 'enum':
      return pick(Object.values(def.entries), choice);
    case 'array':
      return Array.from({ length: NUMBER + 1 }, () => inside(def.element));
    case 'object':
      return Object.fromEntries(Object.entries(def.shape).map(([key, inner]) => [key, inside(inner)]));
    case 'record':
      return { [ATTACK]: inside(def.valueType) };
    case 'union': {
      const option = pick(def.options, choice);
      return option && inside(option);
    }
    case 'nullable':
      return choice % 2 === 1 ? null : inside(def.innerType);
    case 'optional':
    case 'default':
      return inside(def.innerType);
    default:
      throw new Error(`the schema of records has a ${def.type}, of which nothing hostile is made here yet`);
  }
}

/** What names a pod or a policy must name one of the record, so that it is looked up. */
function textFor(schema: z.core.$ZodType): string {
  if (schema instanceof z.ZodISODateTime) return INSTANT;
  const { description = '' } = z.globalRegistry.get(schema) ?? {};
  return description.startsWith('namespace/') ? KEY : ATTACK;
}

function pick<Value>(values: readonly Value[], choice: number): Value | undefined {
  return values[choice % values.length];
}
