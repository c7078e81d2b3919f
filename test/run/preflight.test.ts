/** What is asked of a cluster before anything is created there. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { parseAllDocuments } from 'yaml';
import type { ClusterProvider } from '../../src/cluster/cluster.ts';
import { connectKube } from '../../src/kube/connect.ts';
import { DEFAULT_PROBE_SETTINGS } from '../../src/probe/settings.ts';
import { failure, type Intervention, throughProxy } from '../support/api-proxy.ts';
import { ROOT } from '../support/cli.ts';
import { asContext } from '../support/real-cluster.ts';
import { oneNode, runWith } from './run-with.ts';

interface Attributes {
  readonly verb: string;
  readonly resource: string;
  readonly subresource?: string;
}

/** Lets the API server say no to some questions. It sees them before it answers, one after the other. */
function denying(isDenied: (attributes: Attributes) => boolean, user?: string): Intervention {
  let asked: Attributes | undefined;
  return {
    see({ path, body }) {
      asked = path.endsWith('/selfsubjectaccessreviews')
        ? JSON.parse(body).spec.resourceAttributes
        : undefined;
    },
    answer({ path }) {
      if (path.endsWith('/selfsubjectreviews') && user !== undefined)
        return { status: 201, body: { kind: 'SelfSubjectReview', status: { userInfo: { username: user } } } };
      if (asked === undefined) return undefined;
      return {
        status: 201,
        body: { kind: 'SelfSubjectAccessReview', status: { allowed: !isDenied(asked) } },
      };
    },
  };
}

describe.concurrent('a user who may not do what a run does', () => {
  test('is told all of it at once, with the role that would grant it', async () => {
    const created: string[] = [];
    const { see, answer } = denying(
      ({ verb, resource, subresource }) =>
        (resource === 'namespaces' && verb !== 'list') || subresource === 'exec',
      'system:serviceaccount:ci:runner',
    );
    const provider = throughProxy(oneNode(), {
      see(call) {
        see?.(call);
        if (call.method === 'POST' && !call.path.includes('selfsubject')) created.push(call.path);
      },
      ...(answer === undefined ? {} : { answer }),
    });
    const { run } = await runWith(asContext(provider));
    expect(run.exitCode).toBe(3);
    expect(run.error).toMatchObject({
      code: 'permission-denied',
      message:
        'user "system:serviceaccount:ci:runner" may not create, delete namespaces; create, get pods/exec',
      hint: expect.stringContaining('manifest below'),
    });
    expect(created).toEqual([]);
    const [role, binding] = parseAllDocuments(run.error?.manifest?.join('\n') ?? '').map((document) =>
      document.toJS(),
    );
    expect(role).toEqual({
      apiVersion: 'rbac.authorization.k8s.io/v1',
      kind: 'ClusterRole',
      metadata: { name: expect.stringMatching(/^podreach-[0-9a-f]{8}$/) },
      rules: [
        { apiGroups: [''], resources: ['namespaces'], verbs: ['create', 'delete'] },
        { apiGroups: [''], resources: ['pods/exec'], verbs: ['create', 'get'] },
      ],
    });
    expect(binding).toMatchObject({
      kind: 'ClusterRoleBinding',
      metadata: role.metadata,
      roleRef: { kind: 'ClusterRole', name: role.metadata.name },
      subjects: [{ kind: 'ServiceAccount', namespace: 'ci', name: 'runner' }],
    });
  });

  test('is told what a run can do without as well, and gets all of it with the one manifest', async () => {
    const optional = ['events', 'configmaps', 'globalnetworkpolicies', 'adminnetworkpolicies'];
    const provider = throughProxy(
      oneNode(),
      denying(({ resource }) => resource === 'nodes' || optional.includes(resource), 'jane'),
    );
    const { run } = await runWith(asContext(provider));
    expect(run.error?.message).toBe(
      'user "jane" may not list nodes. Missing too, but a run can do without: ' +
        'list events (why a pod does not start is only told by its status); ' +
        "get configmaps/kube-proxy, configmaps/kube-proxy-config in kube-system (kube-proxy's mode is not told); " +
        'list globalnetworkpolicies, adminnetworkpolicies (whether policies of the whole cluster may decide over the scenarios is not told)',
    );
    const roles = parseAllDocuments(run.error?.manifest?.join('\n') ?? '').map((document) => document.toJS());
    const granted = roles.flatMap(({ kind, metadata, rules = [] }) =>
      rules.map((rule: { resources: string[]; resourceNames?: string[] }) =>
        [kind, metadata.namespace, ...rule.resources, ...(rule.resourceNames ?? [])].join(' '),
      ),
    );
    expect(granted).toEqual([
      'ClusterRole  nodes',
      'ClusterRole  events',
      'ClusterRole  globalnetworkpolicies',
      'ClusterRole  globalnetworkpolicies',
      'ClusterRole  adminnetworkpolicies',
      'Role kube-system configmaps kube-proxy',
      'Role kube-system configmaps kube-proxy-config',
    ]);
  });

  test('to copy a Secret gets a Role where the Secret is', async () => {
    const provider = throughProxy(
      oneNode(),
      denying(({ resource, verb }) => resource === 'secrets' && verb === 'get', 'jane'),
    );
    const { run } = await runWith(asContext(provider), undefined, {
      probe: { ...DEFAULT_PROBE_SETTINGS, pullSecrets: [{ name: 'mirror', copyFrom: 'platform' }] },
    });
    expect(run.error?.message).toBe('user "jane" may not get secrets/mirror in platform');
    expect(run.error?.manifest?.join('\n')).toMatch(
      /kind: RoleBinding\nmetadata:\n {2}name: podreach-\w+\n {2}namespace: platform/,
    );
    expect(run.error?.manifest?.join('\n')).toContain('resourceNames:\n      - mirror');
  });
});

/** The names of the roles that are printed for a user who may not use these resources, in the order of the manifest. */
async function rolesFor(user: string, ...resources: readonly string[]): Promise<readonly string[]> {
  const provider = throughProxy(
    oneNode(),
    denying(({ resource }) => resources.includes(resource), user),
  );
  const { run } = await runWith(asContext(provider));
  return parseAllDocuments(run.error?.manifest?.join('\n') ?? '').map((document) =>
    document.getIn(['metadata', 'name']),
  ) as string[];
}

test('a role that is printed never takes the place of another, for applying it replaces what has its name', async () => {
  const shipped = parseAllDocuments(readFileSync(join(ROOT, 'manifests/rbac.yaml'), 'utf8'));
  const [role = ''] = await rolesFor('jane', 'nodes');
  expect(shipped.map((document) => document.getIn(['metadata', 'name']))).not.toContain(role);
  expect(await rolesFor('jane', 'nodes')).toContain(role);
  expect(await rolesFor('jane', 'namespaces')).not.toContain(role);
  expect(await rolesFor('jim', 'nodes')).not.toContain(role);
});

describe.concurrent('what a run can do without', () => {
  test('is said, and ends nothing', async () => {
    const notes: string[] = [];
    const provider = throughProxy(
      oneNode(),
      denying(({ resource }) => resource === 'events' || resource === 'globalnetworkpolicies'),
    );
    const record = await runWith(asContext(provider), (event) => {
      if (event.type === 'note') notes.push(event.text);
      return undefined;
    });
    expect(record.run.exitCode).toBe(0);
    expect(notes).toContain('no right to list events: why a pod does not start is only told by its status');
    expect(notes.join()).not.toContain('globalnetworkpolicies');
  });

  test('is the preflight itself, on a server that answers no reviews', async () => {
    const notes: string[] = [];
    const provider = throughProxy(oneNode(), {
      answer: ({ path }) =>
        path.includes('selfsubjectaccess') ? failure(404, 'NotFound', 'no such thing here') : undefined,
    });
    const record = await runWith(asContext(provider), (event) => {
      if (event.type === 'note') notes.push(event.text);
      return undefined;
    });
    expect(record.run.exitCode).toBe(0);
    expect(notes).toContain('permissions cannot be checked beforehand: no such thing here (404 Not Found)');
  });
});

describe.concurrent('a namespace that is there already', () => {
  type Labels = Readonly<Record<string, string>>;
  const holding = (namespaces: Readonly<Record<string, Labels>>): ClusterProvider =>
    asContext({
      ...oneNode(),
      async start(options) {
        const cluster = await oneNode().start(options);
        const kube = await connectKube(cluster.kubeconfig);
        for (const [name, labels] of Object.entries(namespaces))
          await kube.create({ apiVersion: 'v1', kind: 'Namespace', metadata: { name, labels } });
        kube.close();
        return cluster;
      },
    });

  test.each([
    [{}, /choose other names/],
    [{ 'podreach.dev/run': 'abc' }, /podreach clean --run abc --cluster context=test removes them/],
  ])('with the labels %j is refused before anything is created, and left as it is', async (labels, hint) => {
    let left: object | undefined;
    const record = await runWith(holding({ pair: labels }), undefined, {
      atTheEnd: async (kube) => {
        left = (await kube.get({ resource: 'namespaces', name: 'pair' }))?.metadata.labels;
      },
    });
    expect(record.run).toMatchObject({
      exitCode: 3,
      error: {
        code: 'namespace-foreign',
        message: 'namespace pair exists already, and this run did not create it',
        hint: expect.stringMatching(hint),
      },
    });
    expect(left).toMatchObject(labels);
  });

  test('of several earlier runs are refused with the commands that remove them', async () => {
    const record = await runWith(
      holding({ one: { 'podreach.dev/run': 'abc' }, two: { 'podreach.dev/run': 'def' } }),
      undefined,
      {
        scenario: `apiVersion: podreach/v1
kind: Scenario
name: both
namespaces: { one: {}, two: {} }
pods: { one/a: {}, two/b: { ports: [80] } }
reachable: [{ from: one/a, to: two/b }]
`,
      },
    );
    expect(record.run.error).toMatchObject({
      code: 'namespace-foreign',
      hint: 'Earlier runs of podreach left them, or are still going: podreach clean --run abc --cluster context=test && podreach clean --run def --cluster context=test removes them.',
    });
  });
});
