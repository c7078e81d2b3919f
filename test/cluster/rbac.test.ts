/** What the manifest grants, what the page says, and what a run asks for are the same. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { parseAllDocuments } from 'yaml';
import { systemClock } from '../../src/clock.ts';
import { sandboxCluster } from '../../src/cluster/sandbox.ts';
import { run } from '../../src/run/run.ts';
import { loadPlans } from '../../src/scenario/load-plans.ts';
import { throughProxy } from '../support/api-proxy.ts';
import { ROOT } from '../support/cli.ts';

interface Rule {
  readonly resources: readonly string[];
  readonly verbs: readonly string[];
}

function granted(): Record<string, string[]> {
  const documents = parseAllDocuments(readFileSync(join(ROOT, 'manifests/rbac.yaml'), 'utf8'));
  const role = documents.map((document) => document.toJS()).find(({ kind }) => kind === 'ClusterRole');
  const rules: readonly Rule[] = role.rules;
  return Object.fromEntries(
    rules.flatMap(({ resources, verbs }) => resources.map((name) => [name, [...verbs].sort()])),
  );
}

const VERBS: Readonly<Record<string, string>> = { POST: 'create', PATCH: 'patch', DELETE: 'delete' };

test('a run asks for nothing that manifests/rbac.yaml does not grant, and for all of it', async () => {
  const asked = new Map<string, Set<string>>([['pods/exec', new Set(['create', 'get'])]]);
  const provider = throughProxy(sandboxCluster({ nodes: 1, enforcement: 'on' }), {
    answer({ method, path }) {
      const parts = new URL(path, 'https://server').pathname
        .split('/')
        .slice(path.startsWith('/api/') ? 3 : 4);
      const [resource = '', name] = parts[0] === 'namespaces' && parts.length > 2 ? parts.slice(2) : parts;
      if (resource === '') return undefined; // /version is open to everybody
      const verb = VERBS[method] ?? (name === undefined ? 'list' : 'get');
      asked.set(resource, (asked.get(resource) ?? new Set()).add(verb));
      // Server-side apply of something new is a create as well.
      if (verb === 'patch') asked.get(resource)?.add('create');
      return undefined;
    },
  });
  const plans = await loadPlans(['scenarios/three-tier.yaml'], { cwd: ROOT });
  const { record } = await run(plans, {
    provider,
    version: '0.0.0',
    clock: systemClock,
    signal: new AbortController().signal,
    confirm: 1,
    parallel: 1,
    keep: false,
    failFast: false,
    progress: () => undefined,
    save: () => undefined,
  });
  expect(record.run.exitCode).toBe(0);
  expect(Object.fromEntries([...asked].map(([resource, verbs]) => [resource, [...verbs].sort()]))).toEqual(
    granted(),
  );
});

test('the page tells the same', () => {
  const page = readFileSync(join(ROOT, 'docs/rbac.md'), 'utf8');
  const rows = [...page.matchAll(/^\| `([a-z/]+)`[^|]*\| ([^|]+) \|/gm)].map(
    ([, resource = '', verbs = '']) => [
      resource,
      [...verbs.matchAll(/`(\w+)`/g)].map(([, verb = '']) => verb).sort(),
    ],
  );
  expect(Object.fromEntries(rows)).toEqual(granted());
});
