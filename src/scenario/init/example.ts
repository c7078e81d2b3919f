/** The example with which a newcomer begins: a scenario of podreach's own, in one piece. */

/**
 * @param scenario that names one file of policies, each of which is a document there
 * @param policies the text of that file
 * @returns the scenario with its policies in it
 */
export function inOnePiece(scenario: string, policies: string): string {
  const items = policies
    .split(/^---\n/m)
    .map(asItem)
    .join('');
  return scenario.replace(/^# yaml-language-server:.*\n/, '').replace(/^ {2}- .*\.yaml\n/m, () => items);
}

/** A document as an item of a list, with the comments that stand above it. */
function asItem(document: string): string {
  const lines = document.trimEnd().split('\n');
  const begin = lines.findIndex((line) => !line.startsWith('#'));
  return lines
    .map((line, index) => {
      if (line === '') return '\n';
      if (index < begin) return `  ${line}\n`;
      return `${index === begin ? '  - ' : '    '}${line}\n`;
    })
    .join('');
}
