/** kustomize, kubectl and helm are programs here that write what the real ones do; `programs.test.ts` has the real ones. */
import { existsSync, mkdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { type CommandRunner, systemRunner } from '../../src/cluster/command-runner.ts';
import { PodreachError } from '../../src/errors.ts';
import { createRenderer, type RendererOptions } from '../../src/render/render.ts';
import type { RenderRequest } from '../../src/scenario/manifests/renderer.ts';
import { type Folder, folderWith } from '../support/cli.ts';
import { writePrograms } from '../support/programs.ts';

type Asked = { tool: 'kustomize'; folder?: string } | ({ tool: 'helm' } & Partial<Chart>);
type Chart = Extract<RenderRequest, { tool: 'helm' }>;

interface Desk extends Disposable {
  readonly folder: Folder;
  render(request: Asked, options?: Partial<RendererOptions>): ReturnType<typeof ask>;
  /** The error of rendering, as the command line prints it. */
  failure(request: Asked, options?: Partial<RendererOptions>): Promise<string>;
}

/** A folder with programs, which are all that there are beside those of the system. */
function deskWith(programs: Readonly<Record<string, string>>): Desk {
  const folder = folderWith({});
  const bin = join(folder.path, 'bin');
  mkdirSync(bin);
  writePrograms({ ...folder, path: bin }, programs);
  const runner = inPath(`${bin}:${SYSTEM}`);
  const render: Desk['render'] = (request, options = {}) =>
    ask(fill(request, folder.path), { cwd: folder.path, runner, ...options });
  return {
    folder,
    render,
    async failure(request, options) {
      const thrown: unknown = await render(request, options).then(
        () => new Error('it was rendered'),
        (reason: unknown) => reason,
      );
      if (!(thrown instanceof PodreachError)) throw thrown;
      const { code, message, hint } = thrown;
      return `${code}: ${message}\nhint: ${hint}`.replaceAll(folder.path, '/work');
    },
    [Symbol.dispose]: folder[Symbol.dispose],
  };
}

/** Without kubectl, helm and kustomize, wherever they are installed. */
const system = folderWith({});
const SYSTEM = writePrograms(
  system,
  Object.fromEntries(['cat', 'sh', 'sleep', 'yes'].map((name) => [name, `exec /bin/${name} "$@"`])),
);
afterAll(() => system[Symbol.dispose]());

function inPath(path: string): CommandRunner {
  return {
    run: (command, args, options = {}) =>
      systemRunner.run(command, args, { ...options, env: { ...options.env, PATH: path } }),
  };
}

function ask(request: RenderRequest, options: RendererOptions) {
  return createRenderer(options).render(request);
}

function fill(request: Asked, folder: string): RenderRequest {
  if (request.tool === 'helm') {
    const defaults = { release: 'shop', namespace: 'shop', values: [], set: {}, shown: 'charts/shop' };
    return { chart: join(folder, 'charts/shop'), ...defaults, ...request };
  }
  const defaults = { folder: join(folder, 'deploy/base'), shown: 'deploy/base' };
  return { ...defaults, ...request };
}

const ECHO = 'for word in "$@"; do echo "[$word]"; done';

test('kustomize builds a folder, whatever its name is', async () => {
  using desk = deskWith({ kustomize: ECHO });
  const { path } = desk.folder;
  const answer = await desk.render({ tool: 'kustomize', folder: join(path, "deploy/it's ours $HOME") });
  expect(answer).toEqual({
    text: `[build]\n[${path}/deploy/it's ours $HOME]`,
    command: "kustomize build 'deploy/it'\\''s ours $HOME'",
    warnings: [],
  });
});

test('the kustomize within kubectl does it where kustomize itself is missing', async () => {
  using desk = deskWith({ kubectl: ECHO });
  expect(await desk.render({ tool: 'kustomize' })).toMatchObject({
    text: `[kustomize]\n[${desk.folder.path}/deploy/base]`,
    command: 'kubectl kustomize deploy/base',
  });
});

test('a kustomize that fails is not covered up by kubectl', async () => {
  using desk = deskWith({ kustomize: 'echo "Error: no" >&2; exit 1', kubectl: ECHO });
  expect(await desk.failure({ tool: 'kustomize' })).toBe(
    'scenario-invalid: kustomize cannot render deploy/base: no\nhint: Try it: kustomize build deploy/base',
  );
});

test('helm renders a chart with what the scenario says, each value as it is', async () => {
  using desk = deskWith({ helm: ECHO });
  const { path } = desk.folder;
  const answer = await desk.render({
    tool: 'helm',
    namespace: 'prod',
    values: [join(path, 'values/prod.yaml'), '/etc/more values.yaml'],
    set: { 'image.tag': '1.20', replicas: 3, teams: ['a,b', 'c=d'] },
  });
  expect(answer.text.split('\n')).toEqual([
    '[template]',
    '[shop]',
    `[${path}/charts/shop]`,
    '[--namespace]',
    '[prod]',
    '[--skip-tests]',
    '[--values]',
    `[${path}/values/prod.yaml]`,
    '[--values]',
    '[/etc/more values.yaml]',
    '[--set-json]',
    '[image.tag="1.20"]',
    '[--set-json]',
    '[replicas=3]',
    '[--set-json]',
    '[teams=["a,b","c=d"]]',
  ]);
  expect(answer.command).toBe(
    "helm template shop charts/shop --namespace prod --skip-tests --values values/prod.yaml --values '/etc/more values.yaml' " +
      `--set-json 'image.tag="1.20"' --set-json replicas=3 --set-json 'teams=["a,b","c=d"]'`,
  );
});

test('what helm itself resolves is handed over as it is', async () => {
  using desk = deskWith({ helm: 'echo "$3"' });
  const chart = 'oci://registry.example.com/shop';
  expect(await desk.render({ tool: 'helm', chart })).toMatchObject({
    text: chart,
    command: `helm template shop ${chart} --namespace shop --skip-tests`,
  });
});

test.each([
  [{ chart: '--post-renderer=./x' }, 'the chart "--post-renderer=./x" would be an option to helm'],
  [{ release: '--debug' }, 'the release "--debug" would be an option to helm'],
])('a name that helm would take for an option is refused: %o', async (names, message) => {
  using desk = deskWith({ helm: ECHO });
  expect(await desk.failure({ tool: 'helm', ...names })).toBe(
    `scenario-invalid: ${message}\nhint: Write a name that does not begin with "-".`,
  );
});

test('a program has the environment of podreach, and nobody to ask', async () => {
  using desk = deskWith({
    kustomize: 'echo "$PODREACH_TEST_RENDER"; cat; read -r line < /dev/tty || echo nobody',
  });
  process.env['PODREACH_TEST_RENDER'] = 'kept';
  const { text } = await desk.render({ tool: 'kustomize' });
  delete process.env['PODREACH_TEST_RENDER'];
  expect(text).toBe('kept\nnobody');
});

test('what a program warns of is handed on, but for what rendering does not read', async () => {
  using desk = deskWith({
    helm: `cat >&2 <<'END'
WARNING: Kubernetes configuration file is group-readable. This is insecure. Location: /root/.kube/config
WARNING: Kubernetes configuration file is world-readable. This is insecure. Location: /root/.kube/config
coalesce.go:298: warning: cannot overwrite table with non table for shop.ports (map[])
coalesce.go:298: warning: cannot overwrite table with non table for shop.ports (map[])
END
echo 'kind: List'`,
    kustomize: 'i=0; while [ $i -lt 25 ]; do i=$((i+1)); echo "# Warning: $i" >&2; done',
  });
  expect((await desk.render({ tool: 'helm' })).warnings).toEqual([
    'coalesce.go:298: warning: cannot overwrite table with non table for shop.ports (map[])',
  ]);
  const { warnings } = await desk.render({ tool: 'kustomize' });
  expect(warnings).toHaveLength(21);
  expect(warnings.at(-1)).toBe('… and 5 more');
});

const FAILURES: readonly (readonly [what: string, request: Asked, stderr: string, told: string])[] = [
  [
    'a value that a chart needs',
    { tool: 'helm' },
    'Error: execution error at (shop/templates/policy.yaml:10:60): team is needed\n\nUse --debug flag to render out invalid YAML',
    `scenario-invalid: helm cannot render charts/shop: execution error at (shop/templates/policy.yaml:10:60): team is needed
hint: Try it: helm template shop charts/shop --namespace shop --skip-tests. What a chart must be told goes under "values" or "set".`,
  ],
  [
    'a template that makes no YAML',
    { tool: 'helm' },
    `WARNING: Kubernetes configuration file is group-readable. This is insecure. Location: /root/.kube/config
Error: YAML parse error on shop/templates/bad.yaml: error converting YAML to JSON: yaml: line 1: did not find expected node content

Use --debug flag to render out invalid YAML`,
    `scenario-invalid: helm cannot render charts/shop: YAML parse error on shop/templates/bad.yaml: error converting YAML to JSON: yaml: line 1: did not find expected node content
hint: Try it: helm template shop charts/shop --namespace shop --skip-tests. What a chart must be told goes under "values" or "set".`,
  ],
  [
    'charts that a chart needs and that were not fetched',
    { tool: 'helm' },
    'Error: An error occurred while checking for chart dependencies. You may need to run `helm dependency build` to fetch missing dependencies: found in Chart.yaml, but missing in charts/ directory: redis',
    `scenario-invalid: helm cannot render charts/shop: An error occurred while checking for chart dependencies. You may need to run \`helm dependency build\` to fetch missing dependencies: found in Chart.yaml, but missing in charts/ directory: redis
hint: Fetch them: helm dependency build charts/shop`,
  ],
  [
    'a registry that does not answer',
    { tool: 'helm', chart: 'oci://registry.example.com/shop', shown: 'oci://registry.example.com/shop' },
    'Error: Get "https://registry.example.com/v2/shop/tags/list": dial tcp: lookup registry.example.com on 192.0.2.1:53: no such host',
    `scenario-invalid: helm cannot render oci://registry.example.com/shop: Get "https://registry.example.com/v2/shop/tags/list": dial tcp: lookup registry.example.com on 192.0.2.1:53: no such host
hint: It takes something from the network, which does not answer here: render it elsewhere and hand over what comes out: helm template shop oci://registry.example.com/shop --namespace shop --skip-tests | podreach run --manifests - SCENARIO`,
  ],
  [
    'a helm that is too old',
    { tool: 'helm', set: { replicas: 1 } },
    'Error: unknown flag: --set-json',
    'not-supported: helm cannot render charts/shop: unknown flag: --set-json\nhint: podreach needs helm 3.10 or newer.',
  ],
  [
    'a remote base without a network',
    { tool: 'kustomize' },
    `Error: accumulating resources: accumulation err='accumulating resources from 'github.com/example/repo//deploy?ref=main': evalsymlink failure on '/x/github.com/example/repo/deploy?ref=main' : lstat /x/github.com: no such file or directory': failed to run '/usr/bin/git fetch --depth=1 https://github.com/example/repo main': fatal: unable to access 'https://github.com/example/repo/': Could not resolve host: github.com
: exit status 128`,
    `scenario-invalid: kustomize cannot render deploy/base: accumulating resources: accumulation err='accumulating resources from 'github.com/example/repo//deploy?ref=main': evalsymlink failure on '/x/github.com/example/repo/deploy?ref=main' : lstat /x/github.com: no such file or directory': failed to run '/usr/bin/git fetch --depth=1 https://github.com/example/repo main': fatal: unable to access 'https://github.com/example/repo/': Could not resolve host: github.com | : exit status 128
hint: It takes something from the network, which does not answer here: render it elsewhere and hand over what comes out: kustomize build deploy/base | podreach run --manifests - SCENARIO`,
  ],
  [
    'a kustomization that inflates a chart',
    { tool: 'kustomize' },
    `Error: trouble configuring builtin HelmChartInflationGenerator with config: \`
name: shop
\`: must specify --enable-helm`,
    `scenario-invalid: kustomize cannot render deploy/base: trouble configuring builtin HelmChartInflationGenerator with config: \` | name: shop | \`: must specify --enable-helm
hint: podreach does not let kustomize fetch charts: render it elsewhere and hand over what comes out: kustomize build --enable-helm deploy/base | podreach run --manifests - SCENARIO`,
  ],
  [
    'nothing at all',
    { tool: 'kustomize' },
    '',
    'scenario-invalid: kustomize cannot render deploy/base: it exited with 1, and said nothing\nhint: Try it: kustomize build deploy/base',
  ],
];

test.each(FAILURES)(
  "a program's own words are shown, and what to do: %s",
  async (_, request, stderr, told) => {
    const program = `cat >&2 <<'END'\n${stderr}\nEND\nexit 1`;
    using desk = deskWith({ helm: program, kustomize: program });
    expect(await desk.failure(request)).toBe(told);
  },
);

test.each([
  `E1127 15:17:33.973224    7714 run.go:72] "command failed" err="invalid Kustomization: \\"x\\": no"`,
  `E1127 15:17:33.304717    7627 run.go:72] "command failed" err=<
	invalid Kustomization: "x": no
 >`,
])('a kubectl that logs its error is read like one that prints it', async (stderr) => {
  using desk = deskWith({ kubectl: `cat >&2 <<'END'\n${stderr}\nEND\nexit 1` });
  expect(await desk.failure({ tool: 'kustomize' })).toBe(
    'scenario-invalid: kubectl cannot render deploy/base: invalid Kustomization: "x": no\nhint: Try it: kubectl kustomize deploy/base',
  );
});

test('where the programs are missing, they are named, and how to do without', async () => {
  using desk = deskWith({});
  expect(await desk.failure({ tool: 'kustomize' })).toBe(
    `tool-missing: deploy/base cannot be rendered: there is neither \`kustomize\` nor \`kubectl\` in the PATH
hint: Install kustomize (https://kubectl.docs.kubernetes.io/installation/kustomize/), or render it elsewhere and hand over what comes out: kustomize build … | podreach run --manifests - SCENARIO`,
  );
  expect(await desk.failure({ tool: 'helm' })).toBe(
    `tool-missing: charts/shop cannot be rendered: there is no \`helm\` in the PATH
hint: Install helm (https://helm.sh/docs/intro/install/), or render it elsewhere and hand over what comes out: helm template … | podreach run --manifests - SCENARIO`,
  );
});

/** However busy the machine is. */
const PATIENT = { timeout: 60_000 };

/** Starts another program, which holds the output open, and is to end with it. */
const LINGERS = 'sleep 600 & echo $! > "$dir/sleeper"; wait';

test('a program that does not end is ended, with all that it has started', async () => {
  using desk = deskWith({ kustomize: LINGERS });
  expect(await desk.failure({ tool: 'kustomize' }, { processMs: 5000 })).toBe(
    `scenario-invalid: kustomize cannot render deploy/base in time: it had not ended after 5 s
hint: See what it waits for: kustomize build deploy/base. Or render it elsewhere and hand over what comes out: kustomize build deploy/base | podreach run --manifests - SCENARIO`,
  );
  await expect.poll(() => isRunning(desk.folder), PATIENT).toBe(false);
});

test('an interruption ends it too', async () => {
  using desk = deskWith({ kustomize: LINGERS });
  const stop = new AbortController();
  const rendering = desk.render({ tool: 'kustomize' }, { signal: stop.signal });
  await expect.poll(() => sleeperIn(desk.folder), PATIENT).toMatch(/^\d+$/);
  stop.abort(new Error('stop'));
  await expect(rendering).rejects.toThrow('stop');
  await expect.poll(() => isRunning(desk.folder), PATIENT).toBe(false);
});

/** The id of the other program. */
function sleeperIn({ path }: Folder): string {
  return readFileSync(join(path, 'bin/sleeper'), 'utf8').trim();
}

function isRunning(folder: Folder): boolean {
  const stat = `/proc/${sleeperIn(folder)}/stat`;
  // What has ended may wait for its new parent to take notice of it.
  return existsSync(stat) && !/\) Z /.test(readFileSync(stat, 'utf8'));
}

test('output without end is cut off', async () => {
  using desk = deskWith({ kustomize: 'yes "kind: List"' });
  expect(await desk.failure({ tool: 'kustomize' })).toBe(
    `scenario-invalid: kustomize cannot render deploy/base: it printed more than 16,000,000 characters
hint: Name the parts that have policies and workloads by themselves.`,
  );
});
