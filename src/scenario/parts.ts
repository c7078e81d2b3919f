/** The documents of a text: those of YAML, or JSON objects one after another. kubectl takes both. */
import { type Document, type LineCounter, type ParseOptions, parseAllDocuments } from 'yaml';

/** One document, as the parser left it. */
export interface DocumentPart {
  readonly yaml: Document.Parsed;
  /** Its text, with the comments before it. */
  readonly text: string;
  /** Where in the whole text its offsets begin to count. */
  readonly base: number;
}

/** @param lines learns where lines begin */
export function parseParts(text: string, lines: LineCounter): readonly DocumentPart[] {
  const whole = parseYaml(text, 0, { lineCounter: lines });
  if (whole.every(({ yaml }) => yaml.errors.length === 0)) return whole;
  const starts = startsOfObjects(text);
  if (starts.length < 2) return whole;
  return starts.flatMap((start, index) => {
    const from = index === 0 ? 0 : start;
    return parseYaml(text.slice(from, starts[index + 1]), from);
  });
}

function parseYaml(text: string, base: number, options: ParseOptions = {}): readonly DocumentPart[] {
  const parsed = parseAllDocuments(text, {
    ...options,
    prettyErrors: false,
    merge: true,
    logLevel: 'silent',
  });
  let end = 0;
  return Array.from(parsed, (yaml, index) => {
    const start = end;
    end = index === parsed.length - 1 ? text.length : yaml.range[2];
    return { yaml, text: text.slice(start, end), base };
  });
}

/** Where the objects begin of which a text consists, with nothing between them; none where it consists of anything else. */
function startsOfObjects(text: string): readonly number[] {
  const starts: number[] = [];
  let depth = 0;
  for (const { 0: token, index } of text.matchAll(JSON_TOKEN)) {
    if (depth === 0) {
      if (token !== '{') return [];
      starts.push(index);
    }
    if (token === '{' || token === '[') depth += 1;
    else if (token === '}' || token === ']') depth -= 1;
  }
  return starts;
}

/** A bracket, a text, or anything else that is no space. */
const JSON_TOKEN = /[{}[\]]|"(?:[^"\\]|\\.)*"?|[^\s{}[\]"]+/gs;
