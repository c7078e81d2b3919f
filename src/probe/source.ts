/** The agent's JavaScript, as it is put into a probe pod. */
import { scriptSource } from '../script-source.ts';

/** An import of one of our own files, or of Node.js: what it binds, and from where. */
const IMPORT = /^import\s+(\{[^}]*\}|\w+)\s+from\s+'([^']+)';$/gm;

/**
 * The agent as one ES module without imports beyond Node.js's own: its files one after the other, each behind those that it imports.
 * They share one scope, so a name is declared in one of them only.
 */
export function agentSource(): string {
  const imports = new Set<string>();
  const texts: string[] = [];
  const joined = new Set<string>();
  const join = (url: string): void => {
    if (joined.has(url)) return;
    joined.add(url);
    const text = scriptSource(url.replace(/\.[jt]s$/, ''), url).replace(IMPORT, (_, bound, from) => {
      if (from.startsWith('.')) join(new URL(from, url).href);
      else for (const one of bindings(bound)) imports.add(`import ${one} from '${from}';`);
      return '';
    });
    texts.push(
      text
        .replace(/^export /gm, '')
        .replace(/[ \t]+$/gm, '')
        .replace(/\n{3,}/g, '\n\n')
        .trim(),
    );
  };
  join(import.meta.url.replace(/source(?=\.[jt]s$)/, 'agent'));
  return `${[...imports].toSorted().join('\n')}\n\n${texts.join('\n\n')}\n`;
}

/** `{ a, b }` is two bindings, so that those of several files come together. */
function bindings(bound: string): readonly string[] {
  return bound.startsWith('{') ? (bound.match(/\w+/g) ?? []).map((name) => `{ ${name} }`) : [bound];
}
