/**
 * Makes a few files of the hundreds that a program and its packages are compiled to: to find and load each of them is most of what
 * a start costs. What is in a bundle goes on to find the files that lie beside it.
 */
import { readdirSync, readFileSync } from 'node:fs';
import http from 'node:http';
import { dirname, relative } from 'node:path';
import { type Plugin, type RenderedModule, rolldown } from 'rolldown';

interface BundleOptions {
  /** Modules that stay files of their own, as absolute paths. */
  readonly beside?: readonly string[];
  /** Everything else in the entry's folder is taken away: nobody but the bundle uses it. */
  readonly alone?: boolean;
}

/**
 * @param entry a compiled module; becomes the bundle, and what it loads later files beside it, named for it
 * @returns the folders of the packages that are in it
 */
export async function bundle(
  entry: string,
  { beside = [], alone = false }: BundleOptions = {},
): Promise<readonly string[]> {
  const dir = dirname(entry);
  const name = relative(dir, entry).replace(/\.js$/, '');
  await using build = await rolldown({
    input: { [name]: entry },
    platform: 'node',
    external: [...beside],
    plugins: [withoutUndici, withoutWebClients, inPlace(dir)],
    treeshake: { moduleSideEffects: (id) => !id.includes('/@kubernetes/client-node/') },
    onLog: (level, { message }) => {
      if (level === 'warn') throw new Error(message);
    },
  });
  const { output } = await build.write({
    dir,
    cleanDir: alone,
    entryFileNames: '[name].js',
    chunkFileNames: `${name}.[name].js`,
  });
  return output.flatMap((file) => (file.type === 'chunk' ? packagesOf(file.modules) : []));
}

/** Only requests of the Kubernetes client's own need it, and it would be three quarters of the client's code. */
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

/**
 * Whoever imports Node's `http` as a module reads all that it has, and with that loads the `WebSocket` and the events of undici, which nobody
 * here wants: that takes twice as long as Node's own start. What is left is `http` without these.
 */
const withoutWebClients: Plugin = {
  name: 'without-web-clients',
  resolveId: (id) => (id === 'http' || id === 'node:http' ? '\0http' : null),
  load: (id) => {
    if (id !== '\0http') return null;
    const names = Object.entries(Object.getOwnPropertyDescriptors(http))
      .filter(([name, { get }]) => get === undefined && name !== 'default')
      .map(([name]) => name);
    return `const http = process.getBuiltinModule('node:http');
      export default http;
      export const { ${names.join(', ')} } = http;`;
  },
};

/** Lets a module that looks for files beside it look where it was before it became part of a file in `dir`. */
function inPlace(dir: string): Plugin {
  return {
    name: 'in-place',
    transform(code, id) {
      if (id.includes('/node_modules/') || !code.includes('import.meta.')) return null;
      const place = `new URL(${JSON.stringify(`./${relative(dir, id)}`)}, import.meta.url)`;
      return code
        .replaceAll('import.meta.url', `${place}.href`)
        .replaceAll('import.meta.filename', pathOf(place))
        .replaceAll('import.meta.dirname', pathOf(`new URL('.', ${place})`));
    },
  };
}

function pathOf(url: string): string {
  return `process.getBuiltinModule('node:url').fileURLToPath(${url})`;
}

function packagesOf(modules: Readonly<Record<string, RenderedModule>>): readonly string[] {
  return Object.entries(modules).flatMap(([id, { renderedLength }]) => {
    const folder = /^.*\/node_modules\/(?:@[^/]+\/)?[^/]+\//.exec(id)?.[0];
    return folder === undefined || renderedLength === 0 ? [] : [folder];
  });
}

/**
 * The licences of packages, one below the other.
 * @param folders may name a package more than once
 * @throws Error where a package brings none
 */
export function licencesOf(folders: readonly string[]): string {
  const texts = [...new Set(folders)].sort().map((folder) => {
    const { name, version } = JSON.parse(readFileSync(`${folder}package.json`, 'utf8'));
    const licence = readdirSync(folder).find((entry) => /^(licen[cs]e|copying)/i.test(entry));
    if (licence === undefined) throw new Error(`${name} brings no licence`);
    return `${name} ${version}\n\n${readFileSync(folder + licence, 'utf8').trim()}\n`;
  });
  return texts.join(`\n${'-'.repeat(80)}\n\n`);
}
