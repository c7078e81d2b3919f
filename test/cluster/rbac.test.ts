/** What the manifest grants, what the page says, what the preflight asks for, and what a run does are the same. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { parseAllDocuments } from 'yaml';
import { DEFAULT_PROBE_SETTINGS } from '../../src/probe/settings.ts';
import { permissionsFor } from '../../src/run/permissions.ts';
import { loadPlans } from '../../src/scenario/load-plans.ts';
import { runWith, SCENARIO, sandbox } from '../run/run-with.ts';
import { ALL_ACTIONS, BY_ACTION } from '../run/steps/scenarios.ts';
import { throughProxy } from '../support/api-proxy.ts';
import { folderWith, ROOT } from '../support/cli.ts';
import { asContext, foreignAnswers } from '../support/real-cluster.ts';

interface Rule {
  readonly apiGroups: readonly string[];
  readonly resources: readonly string[];
  readonly resourceNames?: readonly string[];
  readonly verbs: readonly string[];
}

/** `group/resource`, or `group/resource/name` where the right is limited to one object, with its verbs. */
type Rights = Record<string, string[]>;

function rightsOf(entries: readonly (readonly [string, readonly string[]])[]): Rights {
  const rights = new Map<string, Set<string>>();
  for (const [key, verbs] of entries) rights.set(key, new Set([...(rights.get(key) ?? []), ...verbs]));
  return Object.fromEntries([...rights].map(([key, verbs]) => [key, [...verbs].sort()] as const).sort());
}

function keyOf(group: string, resource: string, name: string | undefined): string {
  return [group, resource, ...(name === undefined ? [] : [name])].join('/');
}

function granted(): Rights {
  const documents = parseAllDocuments(readFileSync(join(ROOT, 'manifests/rbac.yaml'), 'utf8'));
  const rules: readonly Rule[] = documents.flatMap((document) => document.toJS().rules ?? []);
  return rightsOf(
    rules.flatMap(({ apiGroups, resources, resourceNames = [undefined], verbs }) =>
      apiGroups.flatMap((group) =>
        resources.flatMap((resource) =>
          resourceNames.map((name) => [keyOf(group, resource, name), verbs] as const),
        ),
      ),
    ),
  );
}

const VERBS: Readonly<Record<string, string>> = { POST: 'create', PATCH: 'patch', DELETE: 'delete' };

/** The right that a request needs; undefined for what every user may. */
function rightFor(method: string, path: string): readonly [string, readonly string[]] | undefined {
  const { pathname } = new URL(path, 'https://server');
  const [, core, group, rest = ''] = /^\/(?:(api)\/v1|apis\/([^/]+)\/[^/]+)\/(.+)$/.exec(pathname) ?? [];
  if ((core === undefined && group === undefined) || /^selfsubject/.test(rest)) return undefined;
  const parts = rest.split('/');
  const [resource = '', name] = parts[0] === 'namespaces' && parts.length > 2 ? parts.slice(2) : parts;
  const verb = VERBS[method] ?? (name === undefined ? 'list' : 'get');
  const only = resource === 'configmaps' ? name : undefined;
  // Server-side apply of something new is a create as well.
  return [keyOf(group ?? '', resource, only), verb === 'patch' ? ['create', 'patch'] : [verb]];
}

const WITH_SERVICE = `apiVersion: podreach/v1
kind: Scenario
name: service
namespaces: { served: {} }
pods:
  served/web: {}
  served/api: { labels: { app: api }, ports: [8080] }
services:
  served/api: { selector: { app: api }, ports: [{ port: 80, targetPort: 8080 }] }
  default/kubernetes: existing
reachable: [{ from: served/web, to: [service/served/api, "service/default/kubernetes:443"] }]
`;

test('a run asks for nothing that manifests/rbac.yaml does not grant, and for all of it', async () => {
  const asked: (readonly [string, readonly string[]])[] = [
    // An exec begins with a GET, which takes `get`; from 1.35 on it takes `create` as well.
    ['/pods/exec', ['create', 'get']],
    // Events are asked for only where a pod does not start.
    ['/events', ['list']],
    // Only a watch looks at policies.
    ['networking.k8s.io/networkpolicies', ['list']],
    // One of Calico's two groups is looked at: they hold the same objects.
    ['crd.projectcalico.org/globalnetworkpolicies', ['list']],
  ];
  const provider = throughProxy(sandbox(), {
    see({ method, path }) {
      const right = rightFor(method, path);
      if (right !== undefined) asked.push(right);
    },
    answer: foreignAnswers({ policies: { 'globalnetworkpolicies.projectcalico.org': ['deny'] } }),
  });
  const record = await runWith(asContext(provider), undefined, {
    scenario: ALL_ACTIONS,
    second: WITH_SERVICE,
    parallel: 4,
  });
  expect(record.run.exitCode).toBe(0);
  expect(rightsOf(asked)).toEqual(granted());
});

test('the preflight asks for what the manifest grants', () => {
  const wanted = permissionsFor(DEFAULT_PROBE_SETTINGS).map(
    ({ group, resource, name, verbs }) => [keyOf(group, resource, name), verbs] as const,
  );
  expect(rightsOf(wanted)).toEqual(granted());
});

test.each<[string, Rights]>([
  [SCENARIO, { '/namespaces': [], '/pods': ['delete'] }],
  [BY_ACTION.delete, { '/namespaces': [], '/pods': ['delete'] }],
  [BY_ACTION['label-pod'], { '/namespaces': [], '/pods': ['delete', 'patch'] }],
  [BY_ACTION['label-namespace'], { '/namespaces': ['patch'], '/pods': ['delete'] }],
  [BY_ACTION.replace, { '/namespaces': [], '/pods': ['delete', 'patch'] }],
])('the preflight asks for what the steps of a scenario do, and for no more', async (scenario, more) => {
  using folder = folderWith({ 'x.yaml': scenario });
  const plans = await loadPlans(['x.yaml'], { cwd: folder.path, only: [], tags: [] });
  const wanted = rightsOf(
    permissionsFor(DEFAULT_PROBE_SETTINGS, { plans, isWatched: false }).map(
      ({ group, resource, name, verbs }) => [keyOf(group, resource, name), verbs],
    ),
  );
  expect(wanted['/namespaces']).toEqual(['create', 'delete', 'list', ...(more['/namespaces'] ?? [])].sort());
  expect(wanted['/pods']).toEqual(['create', 'list', ...(more['/pods'] ?? [])].sort());
});

test('the preflight asks for the kinds of policies that a scenario has, and for no other', async () => {
  const other = `  - { apiVersion: cilium.io/v2, kind: CiliumNetworkPolicy, metadata: { name: l7, namespace: pair } }
  - { apiVersion: projectcalico.org/v3, kind: GlobalNetworkSet, metadata: { name: partners } }
`;
  using folder = folderWith({ 'x.yaml': SCENARIO.replace('policies:\n', `policies:\n${other}`) });
  const plans = await loadPlans(['x.yaml'], { cwd: folder.path, only: [], tags: [] });
  const required = permissionsFor(DEFAULT_PROBE_SETTINGS, { plans, isWatched: false })
    .filter(
      ({ without, group }) => without === undefined && group.includes('.') && group !== 'networking.k8s.io',
    )
    .map(({ group, resource, verbs }) => `${resource}.${group}: ${verbs.join(' ')}`);
  expect(required).toEqual([
    'ciliumnetworkpolicies.cilium.io: create list delete',
    'globalnetworksets.projectcalico.org: create list delete',
  ]);
});

test('whoever makes new pods must be allowed to delete them', async () => {
  using folder = folderWith({ 'x.yaml': SCENARIO });
  const plans = await loadPlans(['x.yaml'], { cwd: folder.path, only: [], tags: [] });
  const isRequired = (makesPods: boolean): boolean =>
    permissionsFor(DEFAULT_PROBE_SETTINGS, { plans, isWatched: true, makesPods }).some(
      ({ resource, verbs, without }) =>
        resource === 'pods' && verbs.includes('delete') && without === undefined,
    );
  expect(isRequired(true)).toBe(true);
  expect(isRequired(false)).toBe(false);
});

test('the page tells the same', () => {
  const page = readFileSync(join(ROOT, 'docs/rbac.md'), 'utf8');
  const rows = [...page.matchAll(/^\| `([a-z/]+)`([^|]*)\| ([^|]+) \|/gm)].flatMap(
    ([, resource = '', groups = '', verbs = '']): (readonly [string, readonly string[]])[] => {
      const named = [...groups.matchAll(/`([a-z0-9]+(?:\.[a-z0-9.]+)?)`/g)].map(([, group = '']) => group);
      if (resource === 'configmaps')
        return [...groups.matchAll(/`(kube-proxy[a-z-]*)`/g)].map(
          ([, name]) => [keyOf('', resource, name), ['get']] as const,
        );
      const rights = [...verbs.matchAll(/`(\w+)`/g)].map(([, verb = '']) => verb);
      return (named.length === 0 ? [''] : named).map((group) => [`${group}/${resource}`, rights] as const);
    },
  );
  expect(rightsOf(rows)).toEqual(granted());
});
