/**
 * What an API server reads in a plain scalar. It decodes YAML with sigs.k8s.io/yaml, whose goyaml.v2 knows most of YAML 1.1 and a
 * little of Go: `no` is false, `010` is 8, `0o10` and `0X8` are 8 too, `1_000` is 1000. Base 60 and dates stay text. The rules are
 * those of `resolve` in https://github.com/kubernetes-sigs/yaml/blob/master/goyaml.v2/resolve.go, whose integers are Go's
 * `strconv.ParseInt` with base 0.
 */
import { type Node, parseDocument, visit } from 'yaml';
import type { Retyped } from './model.ts';

/** A plain scalar in which YAML 1.2, as a person would, reads something else. */
interface FoundScalar extends Omit<Retyped, 'location'> {
  /** In UTF-16 code units. */
  readonly offset: number;
}

const WORDS: ReadonlyMap<string, number | boolean | null> = new Map<string, number | boolean | null>([
  ...['y', 'yes', 'on', 'true'].flatMap((word) => spellings(word, true)),
  ...['n', 'no', 'off', 'false'].flatMap((word) => spellings(word, false)),
  ...spellings('null', null),
  ['', null],
  ['~', null],
  ...spellings('.inf', Infinity),
  ...spellings('+.inf', Infinity),
  ...spellings('-.inf', -Infinity),
  ...spellings('.nan', Number.NaN),
  ['.NaN', Number.NaN],
]);

const INTEGERS = [
  { form: /^[-+]?0b([01]+)$/i, base: 2 },
  { form: /^[-+]?0o?([0-7]+)$/i, base: 8 },
  { form: /^[-+]?0x([\da-f]+)$/i, base: 16 },
  { form: /^[-+]?(0|[1-9]\d*)$/, base: 10 },
] as const;

const FLOAT = /^[-+]?(?:\.\d+|\d+(?:\.\d*)?)(?:e[-+]?\d+)?$/i;

/** The value that an API server gives a plain scalar. */
export function resolvePlain(source: string): Retyped['read'] {
  const word = WORDS.get(source);
  if (word !== undefined) return word;
  if (!/^[-+.\d]/.test(source)) return source;
  // Behind a point Go itself looks at the underscores, and wants digits around each.
  const plain = source.replaceAll(source.startsWith('.') ? /(?<=\d)_(?=\d)/g : /_/g, '');
  for (const { form, base } of INTEGERS) {
    const digits = form.exec(plain)?.[1];
    if (digits !== undefined) return Number.parseInt(digits, base) * (plain.startsWith('-') ? -1 : 1);
  }
  const number = FLOAT.test(plain) ? Number(plain) : Number.NaN;
  return Number.isFinite(number) ? number : source;
}

/**
 * Gives the plain scalars of a node, keys included, the values that an API server reads in them. What stands in quotes, has a tag of
 * its own, or is behind an alias stays as it is.
 *
 * @returns those in which a person would read something else
 */
export function readAsServer(node: Node): readonly FoundScalar[] {
  const retyped: FoundScalar[] = [];
  visit(node, {
    Scalar(position, scalar) {
      const { source, type, tag, value: shown } = scalar;
      // The key of a merge is a symbol.
      if (type !== 'PLAIN' || tag !== undefined || source === undefined || typeof shown === 'symbol') return;
      const read = resolvePlain(source);
      scalar.value = read;
      if (!Object.is(read, shown)) {
        retyped.push({ written: source, read, isKey: position === 'key', offset: scalar.range?.[0] ?? 0 });
      }
    },
  });
  return retyped;
}

/**
 * The object that an API server reads in the text of one manifest.
 *
 * @throws Error where the text is no YAML
 */
export function parseAsServer(text: string): unknown {
  const document = parseDocument(text, { merge: true });
  const [error] = document.errors;
  if (error !== undefined) throw error;
  if (document.contents !== null) readAsServer(document.contents);
  return document.toJS();
}

/** A word in the three ways in which YAML 1.1 spells it: `no`, `No`, `NO`. */
function spellings<Value>(word: string, value: Value): readonly (readonly [string, Value])[] {
  const capital = word.replace(/[a-z]/, (letter) => letter.toUpperCase());
  return [word, capital, word.toUpperCase()].map((spelling) => [spelling, value]);
}
