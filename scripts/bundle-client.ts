/**
 * Makes one file of what podreach takes of the Kubernetes client. The package itself loads 860 generated files for requests that
 * podreach makes in its own way, which takes longer than all the rest of a start.
 */
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { type Plugin, type RenderedModule, rolldown } from 'rolldown';

/** Only requests of the client's own need it, and it is three quarters of the code. */
const withoutUndici: Plugin = {
  name: 'without-undici',
  resolveId: (id) => (id === 'undici' ? '\0undici' : null),
  load: (id) =>
    id === '\0undici'
      ? `export function fetch() { throw new Error('the Kubernetes client was built without its requests'); }
         export class Agent { constructor() { fetch(); } }
         export class ProxyAgent extends Agent {}`
      : null,
};

/** @param file the compiled module; becomes the bundle, with the licences of what is in it beside it: `….LICENSES.txt` */
export async function bundleClient(file: string): Promise<void> {
  await using bundle = await rolldown({
    input: file,
    platform: 'node',
    plugins: [withoutUndici],
    treeshake: { moduleSideEffects: (id) => !id.includes('/@kubernetes/client-node/') },
    onLog: (level, { message }) => {
      if (level === 'warn') throw new Error(message);
    },
  });
  const {
    output: [chunk, ...others],
  } = await bundle.write({ file, codeSplitting: false });
  if (others.length > 0) throw new Error(`the bundle is more than one file: ${others[0]?.fileName}`);
  writeFileSync(file.replace(/\.js$/, '.LICENSES.txt'), licences(chunk.modules));
}

/** @throws Error where a package brings no licence */
function licences(modules: Readonly<Record<string, RenderedModule>>): string {
  const folders = Object.entries(modules).flatMap(([id, { renderedLength }]) => {
    const folder = /^.*\/node_modules\/(?:@[^/]+\/)?[^/]+\//.exec(id)?.[0];
    return folder === undefined || renderedLength === 0 ? [] : [folder];
  });
  const texts = [...new Set(folders)].sort().map((folder) => {
    const { name, version } = JSON.parse(readFileSync(`${folder}package.json`, 'utf8'));
    const licence = readdirSync(folder).find((entry) => /^licen[cs]e/i.test(entry));
    if (licence === undefined) throw new Error(`${name} brings no licence`);
    return `${name} ${version}\n\n${readFileSync(folder + licence, 'utf8').trim()}\n`;
  });
  return texts.join(`\n${'-'.repeat(80)}\n\n`);
}
