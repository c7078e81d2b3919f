/** Text for XML and HTML: whatever it says, it stays text. */
import { escapeCharacter } from './text.ts';

/** Characters that XML 1.0 cannot hold, not even as a reference. */
const NOT_XML = /[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\u{10000}-\u{10ffff}]/gu;
const REFERENCES: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
};

/** For the value of an attribute or for text between tags. What XML cannot hold is made visible. */
export function escapeXml(text: string): string {
  return text
    .replace(NOT_XML, escapeCharacter)
    .replace(/[&<>"]/g, (character) => REFERENCES[character] ?? character);
}

/** ` name="value"` for each that has a value. */
export function xmlAttributes(attributes: Readonly<Record<string, string | number | undefined>>): string {
  return Object.entries(attributes)
    .flatMap(([name, value]) => (value === undefined ? [] : ` ${name}="${escapeXml(String(value))}"`))
    .join('');
}
