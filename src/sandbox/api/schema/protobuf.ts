/** The form of objects in protobuf, for the few that a client sends in no other. */

/** Field numbers with the names and types of the JSON form. */
export type Message = Readonly<Record<number, { readonly name: string; readonly type: FieldType }>>;
type FieldType = 'string' | 'strings' | 'string-map' | Message;

const METADATA: Message = {
  1: { name: 'name', type: 'string' },
  2: { name: 'generateName', type: 'string' },
  3: { name: 'namespace', type: 'string' },
  11: { name: 'labels', type: 'string-map' },
  12: { name: 'annotations', type: 'string-map' },
  14: { name: 'finalizers', type: 'strings' },
};

/** An object with metadata and a spec. */
export function withSpec(spec: Message): Message {
  return { 1: { name: 'metadata', type: METADATA }, 2: { name: 'spec', type: spec } };
}

/** Texts only, numbered in their order. */
export function stringFields(names: readonly string[]): Message {
  return Object.fromEntries(names.map((name, index) => [index + 1, { name, type: 'string' as const }]));
}
