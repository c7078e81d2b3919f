/** The text of our own scripts that run elsewhere: in a probe pod, or in a browser. */
import { readFileSync } from 'node:fs';
import { stripTypeScriptTypes } from 'node:module';

/**
 * A script as one ES module. Built, it is the file of that name; run from the sources, it is its TypeScript without the types.
 * @param name without its extension, relative to `base`
 * @param base the `import.meta.url` of the caller
 */
export function scriptSource(name: string, base: string): string {
  return base.endsWith('.ts')
    ? stripTypeScriptTypes(readFileSync(new URL(`${name}.ts`, base), 'utf8'))
    : readFileSync(new URL(`${name}.js`, base), 'utf8');
}
