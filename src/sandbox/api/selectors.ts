/** Label and field selectors as they stand in query strings: `app in (a,b),!canary`, `status.phase!=Running`. */
import { type LabelSelector, type LabelSelectorRequirement, selectorMatches } from '../selectors.ts';
import type { AnyObject, Kind } from './kinds/kinds.ts';
import { badRequest } from './status.ts';
import { invalidValue } from './validate/fields.ts';
import { labelValueProblems, qualifiedNameProblems } from './validate/names.ts';

export type Matcher = (object: AnyObject) => boolean;

/**
 * The test that an object has to pass to be listed or watched.
 * @throws StatusError BadRequest for a selector that cannot be read, or a field that the kind does not offer
 */
export function createMatcher(kind: Kind, labelSelector: string, fieldSelector: string): Matcher {
  const labels = labelSelector === '' ? undefined : parseLabelSelector(labelSelector);
  const fields = fieldSelector === '' ? [] : parseFieldSelector(kind, fieldSelector);
  return (object) =>
    (labels === undefined || selectorMatches(labels, object.metadata.labels ?? {})) &&
    fields.every(({ field, value, equal }) => (fieldOf(kind, object, field) === value) === equal);
}

/**
 * The set-based and equality-based syntax of label selectors.
 * @throws StatusError BadRequest with the real parser's complaint
 */
export function parseLabelSelector(text: string): LabelSelector {
  return { matchExpressions: new LabelSelectorParser(text).parse() };
}

const TOKEN = /\s*(==|!=|[=!(),<>]|[^\s=!(),<>]+)/y;
const SPECIAL = /^(==|!=|[=!(),<>]?)$/;
const OPERATORS = 'in, notin, =, ==, !=, gt, lt';

class LabelSelectorParser {
  readonly #tokens: string[] = [];

  constructor(text: string) {
    const trimmed = text.trimEnd();
    for (TOKEN.lastIndex = 0; TOKEN.lastIndex < trimmed.length; ) {
      this.#tokens.push(TOKEN.exec(trimmed)?.[1] ?? '');
    }
  }

  parse(): LabelSelectorRequirement[] {
    const requirements: LabelSelectorRequirement[] = [];
    while (this.#next() !== '') {
      if (isSpecial(this.#next()) && this.#next() !== '!') {
        throw badRequest(`found '${this.#next()}', expected: !, identifier, or 'end of string'`);
      }
      requirements.push(this.#requirement());
      const separator = this.#take();
      if (separator === '') break;
      if (separator !== ',') throw badRequest(`found '${separator}', expected: ',' or 'end of string'`);
      if (isSpecial(this.#next()) && this.#next() !== '!') {
        throw badRequest(`found '${this.#next()}', expected: identifier after ','`);
      }
    }
    return requirements;
  }

  /** The next token; empty at the end. */
  #next(): string {
    return this.#tokens[0] ?? '';
  }

  #take(): string {
    return this.#tokens.shift() ?? '';
  }

  #requirement(): LabelSelectorRequirement {
    const absent = this.#next() === '!';
    if (absent) this.#take();
    const key = this.#identifier('expected: identifier');
    const problems = qualifiedNameProblems(key);
    if (problems.length > 0) {
      throw unparsable(`<nil>: ${invalidValue('', key, problems.join('; ')).body}`);
    }
    if (absent) return { key, operator: 'DoesNotExist' };
    if (this.#next() === '' || this.#next() === ',') return { key, operator: 'Exists' };
    return this.#comparison(key, this.#take());
  }

  #comparison(key: string, operator: string): LabelSelectorRequirement {
    switch (operator) {
      case '=':
      case '==':
        return { key, operator: 'In', values: this.#values(key, this.#single()) };
      case '!=':
        return { key, operator: 'NotIn', values: this.#values(key, this.#single()) };
      case 'in':
        return { key, operator: 'In', values: this.#values(key, this.#set()) };
      case 'notin':
        return { key, operator: 'NotIn', values: this.#values(key, this.#set()) };
      case '<':
      case '>':
        throw badRequest(`the sandbox does not compare label values with '${operator}'`);
      default:
        throw unparsable(`found '${operator}', expected: ${OPERATORS}`);
    }
  }

  #single(): string[] {
    if (this.#next() === '' || this.#next() === ',') return [''];
    return [this.#identifier('expected: identifier')];
  }

  /** `(a,b)`; an empty place is the empty value. */
  #set(): string[] {
    if (this.#next() !== '(') throw unparsable(`found '${this.#next()}' expected: '('`);
    this.#take();
    const values: string[] = [];
    for (;;) {
      const missing = this.#next() === ',' || this.#next() === ')';
      values.push(missing ? '' : this.#identifier("expected: ',', ')' or identifier"));
      const separator = this.#take();
      if (separator === ')') return values;
      if (separator !== ',') throw unparsable(`found '${separator}', expected: ',' or ')'`);
    }
  }

  #identifier(expected: string): string {
    const token = this.#take();
    if (isSpecial(token)) throw unparsable(`found '${token}', ${expected}`);
    return token;
  }

  #values(key: string, values: string[]): string[] {
    for (const [index, value] of values.entries()) {
      const problems = labelValueProblems(value);
      if (problems.length > 0) {
        throw unparsable(`values[${index}][${key}]: ${invalidValue('', value, problems.join('; ')).body}`);
      }
    }
    return values;
  }
}

/** True also for the end of the text. */
function isSpecial(token: string): boolean {
  return SPECIAL.test(token);
}

function unparsable(why: string): Error {
  return badRequest(`unable to parse requirement: ${why}`);
}

interface FieldRequirement {
  readonly field: string;
  readonly value: string;
  readonly equal: boolean;
}

/** `field=value`, `field==value` and `field!=value`, separated by commas; `\` takes the meaning from what follows. */
function parseFieldSelector(kind: Kind, text: string): FieldRequirement[] {
  const terms = text.match(/(?:\\.|[^,\\])+/g) ?? [];
  return terms.map((term) => {
    const [, field, operator, value] = /^(.*?)(!=|==|=)(.*)$/s.exec(term) ?? [];
    if (field === undefined || value === undefined) {
      throw badRequest(`invalid selector: '${text}'; can't understand '${term}'`);
    }
    assertSelectable(kind, field);
    return { field, value: value.replaceAll(/\\(.)/g, '$1'), equal: operator !== '!=' };
  });
}

function assertSelectable(kind: Kind, field: string): void {
  if (metadataFields(kind).includes(field) || kind.selectableFields.includes(field)) return;
  if (kind.selectableFields.length > 0) throw badRequest(`field label not supported: ${field}`);
  throw badRequest(
    `${JSON.stringify(field)} is not a known field selector: only ${metadataFields(kind)
      .map((name) => JSON.stringify(name))
      .join(', ')}`,
  );
}

function metadataFields(kind: Kind): string[] {
  return kind.namespaced ? ['metadata.name', 'metadata.namespace'] : ['metadata.name'];
}

function fieldOf(kind: Kind, object: AnyObject, field: string): string {
  if (field === 'metadata.name') return object.metadata.name;
  if (field === 'metadata.namespace') return object.metadata.namespace ?? '';
  return kind.fieldOf(object, field);
}
