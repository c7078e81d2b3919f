/** HTML in which everything that comes in through a template's values stays text. */
import { escapeXml } from '../../text/xml.ts';

/** A piece of HTML that is complete and safe. */
export class Markup {
  readonly text: string;

  /** For what is markup by intent: the page's own style sheet and scripts. Everything else comes from {@link html}. */
  constructor(text: string) {
    this.text = text;
  }
}

type Value = Markup | readonly Markup[] | string | number;

/** A template whose texts are escaped, for between tags and for attributes between double quotes. Markup and lists of it go in as they are. */
export function html(words: TemplateStringsArray, ...values: readonly Value[]): Markup {
  return new Markup(
    words.reduce((text, word, index) => {
      const value = values[index - 1];
      return `${text}${value === undefined ? '' : render(value)}${word}`;
    }),
  );
}

function render(value: Value): string {
  if (value instanceof Markup) return value.text;
  if (typeof value === 'object') return value.map(({ text }) => text).join('');
  return escapeXml(String(value));
}

/** `when` holds: the markup; otherwise nothing. */
export function only(when: boolean, markup: () => Markup): Markup | readonly Markup[] {
  return when ? markup() : [];
}
