/** The real kustomize, kubectl and helm, where they are installed. `.github/setup-render.sh` builds those that CI needs. */
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { type CommandRunner, systemRunner } from '../../src/cluster/command-runner.ts';
import { PodreachError } from '../../src/errors.ts';
import { createRenderer } from '../../src/render/render.ts';
import { createProject } from '../scenario/project.ts';
import { folderWith, ROOT } from '../support/cli.ts';

const TOPOLOGY = `apiVersion: podreach/v1
kind: Scenario
name: shop
namespaces: { shop: {} }
reachable: [{ from: shop/live-web, to: shop/live-web }]
manifests:
`;

const SHOP = join(import.meta.dirname, 'shop');

function isInstalled(...line: readonly [string, ...string[]]): boolean {
  return spawnSync(line[0], line.slice(1)).status === 0;
}

/** The lines that say what there is. */
function outlineOf(text: string): readonly string[] {
  return text.split('\n').filter((line) => /^(kind: |# Source: | {2}name: | {6}path: )/.test(line));
}

async function failureOf(rendering: Promise<unknown>): Promise<PodreachError> {
  const thrown: unknown = await rendering.then(
    () => new Error('it was rendered'),
    (reason: unknown) => reason,
  );
  if (thrown instanceof PodreachError) return thrown;
  throw thrown;
}

describe.skipIf(!isInstalled('helm', 'version'))('helm (skipped where it is not installed)', () => {
  const renderer = createRenderer({ cwd: ROOT });
  const chart = {
    tool: 'helm',
    chart: join(SHOP, 'chart'),
    release: 'live',
    namespace: 'shop',
    values: [],
    set: { 'monitoring.team': 'ops' },
    shown: 'chart',
  } as const;

  test('renders what is deployed: hooks too, but no tests and no definitions', async () => {
    const { text, command } = await renderer.render(chart);
    expect(outlineOf(text)).toEqual([
      '# Source: shop/templates/policies.yaml',
      'kind: NetworkPolicy',
      '  name: live-deny',
      '# Source: shop/templates/policies.yaml',
      'kind: NetworkPolicy',
      '  name: live-monitoring',
      '# Source: shop/templates/web.yaml',
      'kind: Deployment',
      '  name: live-web',
      '# Source: shop/templates/migrate.yaml',
      'kind: Job',
      '  name: live-migrate',
    ]);
    const shown = spawnSync('sh', ['-c', command], { cwd: ROOT, encoding: 'utf8' });
    expect(shown.stdout.trimEnd()).toBe(text);
  });

  test('takes values from files, and each single value as it is', async () => {
    using folder = folderWith({ 'our values.yaml': 'monitoring: { team: ops }\nweb: { port: 9000 }\n' });
    const { text } = await renderer.render({
      ...chart,
      values: [join(folder.path, 'our values.yaml')],
      set: { 'monitoring.team': 'a,b=c', 'web.port': 8888 },
    });
    expect(text).toContain('team: "a,b=c"');
    expect(text).toContain('containerPort: 8888');
    const { text: without } = await renderer.render({ ...chart, set: { 'monitoring.enabled': false } });
    expect(outlineOf(without)).not.toContain('  name: live-monitoring');
  });

  test('says where each object is, and prints it there again', async () => {
    await using project = await createProject({
      'shop.yaml': `${TOPOLOGY}  - { helm: ${chart.chart}, release: live, namespace: shop, set: { monitoring.team: ops } }\n`,
    });
    const [plan] = await project.load(undefined, { renderer });
    const { text } = await renderer.render(chart);
    const lines = text.split('\n');
    const policies = plan?.steps[0].policies ?? [];
    expect(policies.map(({ name, location: { file, line } }) => [name, file, lines[line - 1]])).toEqual(
      ['live-deny', 'live-monitoring'].map((name) => [
        name,
        `helm template ${chart.chart} (shop/templates/policies.yaml)`,
        'apiVersion: networking.k8s.io/v1',
      ]),
    );
  });

  test("a value that the chart needs is asked for in the chart's own words", async () => {
    const error = await failureOf(renderer.render({ ...chart, set: {} }));
    expect(error).toMatchObject({
      code: 'scenario-invalid',
      message: expect.stringMatching(
        /^helm cannot render chart: execution error at \(shop\/templates\/policies\.yaml:\d+:\d+\): monitoring\.team is needed: whose monitoring may read the metrics\?$/,
      ),
    });
  });
});

const KUSTOMIZES = [
  ['kustomize', 'kustomize build', isInstalled('kustomize', 'version')],
  ['kubectl', 'kubectl kustomize', isInstalled('kubectl', 'version', '--client')],
] as const;

describe.each(KUSTOMIZES)('%s (skipped where it is not installed)', (program, command, isThere) => {
  const renderer = createRenderer({ cwd: ROOT, runner: only(program) });

  test.skipIf(!isThere)('builds an overlay', async () => {
    const folder = join(SHOP, 'overlay');
    const answer = await renderer.render({ tool: 'kustomize', folder, shown: 'overlay' });
    expect(answer).toMatchObject({ command: `${command} test/render/shop/overlay`, warnings: [] });
    expect(outlineOf(answer.text)).toEqual([
      'kind: Deployment',
      '      path: ../base/web.yaml',
      '  name: live-web',
      'kind: NetworkPolicy',
      '      path: ../base/policies.yaml',
      '  name: live-deny',
    ]);
  });

  test.skipIf(!isThere)('says what it misses', async () => {
    using folder = folderWith({ 'kustomization.yaml': 'resources: [web.yaml]\n' });
    const error = await failureOf(renderer.render({ tool: 'kustomize', folder: folder.path, shown: 'base' }));
    expect(error.message).toMatch(
      new RegExp(
        `^${program} cannot render base: accumulating resources: .*web\\.yaml: no such file or directory$`,
      ),
    );
    expect(error.hint).toBe(`Try it: ${command} ${folder.path}`);
  });
});

/** As if the other one were missing. */
function only(program: string): CommandRunner {
  return {
    run: (command, args, options = {}) =>
      systemRunner.run(command === program ? command : 'podreach-no-such-program', args, options),
  };
}
