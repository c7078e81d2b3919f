/** Lines of YAML as a person would write them. Whatever names and messages hold, a comment stays one. */

/** Where a line ends for a reader. */
const WIDTH = 110;

/** What YAML reads as the text that it is, also within braces. */
const PLAIN = /^(?:\.{1,2}\/)?[a-z][\w./-]*$/i;
/** What looks like text and is not, to YAML 1.1 or 1.2. */
const RETYPED = /^(?:true|false|null|yes|no|on|off|y|n)$/i;

/** A text as a scalar. */
export function scalar(text: string): string {
  return PLAIN.test(text) && !RETYPED.test(text) ? text : JSON.stringify(text);
}

/** One scalar, or a list of them. */
function oneOrMore(texts: readonly string[]): string {
  const written = texts.map(scalar);
  return written.length === 1 ? written.join() : `[${written.join(', ')}]`;
}

/** An item of a list: a mapping on one line where it fits, else a line for each key, and for each of many values. */
export function item(
  indent: string,
  entries: readonly (readonly [string, readonly string[]])[],
): readonly string[] {
  const short = `${indent}- { ${entries.map(([key, values]) => `${key}: ${oneOrMore(values)}`).join(', ')} }`;
  if (short.length <= WIDTH) return [short];
  return entries.flatMap(([key, values], index) => {
    const head = `${indent}${index === 0 ? '-' : ' '} ${key}:`;
    const line = `${head} ${oneOrMore(values)}`;
    return line.length <= WIDTH
      ? [line]
      : [head, ...values.map((value) => `${indent}    - ${scalar(value)}`)];
  });
}

/**
 * A comment, on as many lines as it needs.
 * @param first begins the first of them, and `rest` the others
 */
export function comment(indent: string, text: string, first = '', rest = first): readonly string[] {
  const lines: string[] = [];
  let line = first;
  for (const word of harmless(text).split(' ')) {
    const isEmpty = line.trim() === '' || line === first;
    if (!isEmpty && indent.length + 3 + line.length + word.length > WIDTH) {
      lines.push(line);
      line = `${rest}${word}`;
    } else line = isEmpty ? `${line}${word}` : `${line} ${word}`;
  }
  return [...lines, line].map((one) => `${indent}# ${one}`.trimEnd());
}

/** On one line, and without what a terminal or an editor would not show as it is. */
function harmless(text: string): string {
  return text.replaceAll(/[\p{C}\p{Zl}\p{Zp}]+/gu, ' ');
}
