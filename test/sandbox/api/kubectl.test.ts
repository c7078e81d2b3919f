/** The real kubectl against the API, without `--validate=false`. */
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { execa } from 'execa';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { startCluster, type TestCluster } from './cluster.ts';

const KUBECTL = 'kubectl';
const SCRIPT = 'script';
const version = await execa(KUBECTL, ['version', '--client'], { reject: false });
const terminal = await execa(SCRIPT, ['--version'], { reject: false });

describe.skipIf(version.exitCode !== 0)('kubectl (skipped where kubectl is not installed)', () => {
  let cluster: TestCluster;
  let folder: string;
  beforeAll(async () => {
    cluster = await startCluster();
    folder = await mkdtemp(join(tmpdir(), 'podreach-kubectl-test-'));
  });
  afterAll(async () => {
    await cluster[Symbol.asyncDispose]();
    await rm(folder, { recursive: true });
  });

  interface Result {
    readonly exitCode: number | undefined;
    readonly stdout: string;
    readonly stderr: string;
  }

  async function kubectl(args: readonly string[], input?: string): Promise<Result> {
    const { exitCode, stdout, stderr } = await execa(KUBECTL, ['--cache-dir', folder, ...args], {
      env: { KUBECONFIG: cluster.kubeconfig, HOME: folder },
      reject: false,
      ...(input === undefined ? { stdin: 'ignore' } : { input }),
    });
    return { exitCode, stdout, stderr };
  }

  /** What a command prints that has to succeed. */
  async function run(args: readonly string[], input?: string): Promise<string> {
    const { exitCode, stdout, stderr } = await kubectl(args, input);
    expect({ exitCode, stderr }).toEqual({ exitCode: 0, stderr: '' });
    return stdout;
  }

  /** What a command complains about that has to fail. */
  async function fail(args: readonly string[], input?: string): Promise<string> {
    const { exitCode, stderr } = await kubectl(args, input);
    expect(exitCode).not.toBe(0);
    return stderr;
  }

  /** Makes a namespace and answers with its name. */
  async function newNamespace(name: string): Promise<string> {
    expect(await run(['create', 'namespace', name])).toBe(`namespace/${name} created`);
    return name;
  }

  const pod = `
apiVersion: v1
kind: Pod
metadata: { name: web, labels: { app: web } }
spec:
  containers:
  - { name: c, image: 'node:24', command: [sleep, '1000'], env: [{ name: A, value: b }], ports: [{ containerPort: 80 }] }
`;
  const policy = `
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: { name: db }
spec:
  podSelector: { matchLabels: { app: db } }
  ingress:
  - from: [{ podSelector: { matchLabels: { app: api } } }]
    ports: [{ port: 5432, protocol: TCP }]
`;

  it('learns what there is', async () => {
    expect(await run(['api-resources', '--no-headers', '-o', 'name'])).toBe(
      [
        'namespaces',
        'nodes',
        'pods',
        'services',
        'daemonsets.apps',
        'deployments.apps',
        'replicasets.apps',
        'statefulsets.apps',
        'selfsubjectaccessreviews.authorization.k8s.io',
        'selfsubjectrulesreviews.authorization.k8s.io',
        'jobs.batch',
        'endpointslices.discovery.k8s.io',
        'networkpolicies.networking.k8s.io',
      ].join('\n'),
    );
    expect(await run(['auth', 'can-i', 'create', 'pods'])).toBe('yes');
    expect(await fail(['get', 'configmaps'])).toBe(
      'error: the server doesn\'t have a resource type "configmaps"',
    );
  });

  it('explains which fields there are', async () => {
    expect(
      await run(['explain', 'netpol.spec.ingress.ports', '--recursive']),
    ).toBe(`GROUP:      networking.k8s.io
KIND:       NetworkPolicy
VERSION:    v1

FIELD: ports <[]NetworkPolicyPort>


DESCRIPTION:
    <empty>
FIELDS:
  endPort\t<integer>
  port\t<IntOrString>
  protocol\t<string>
`);
    expect(await run(['explain', 'pod.spec.containers.readinessProbe'])).toContain(
      'httpGet\t<HTTPGetAction>',
    );
    expect(await run(['explain', 'namespaces'])).toContain('KIND:       Namespace');
    expect(await run(['explain', 'nodes'])).toContain('KIND:       Node');
    expect(await fail(['explain', 'pods.spec.nope'])).toBe('error: field "nope" does not exist');
  });

  it('applies from the client side', async () => {
    const n = await newNamespace('client-side');
    expect(await run(['apply', '-n', n, '-f', '-'], policy)).toBe(
      'networkpolicy.networking.k8s.io/db created',
    );
    expect(await run(['apply', '-n', n, '-f', '-'], policy)).toBe(
      'networkpolicy.networking.k8s.io/db unchanged',
    );
    const opened = policy.replace('5432', '5433');
    expect(await run(['apply', '-n', n, '-f', '-', '--dry-run=server'], opened)).toBe(
      'networkpolicy.networking.k8s.io/db configured (server dry run)',
    );
    expect(await run(['apply', '-n', n, '-f', '-'], opened)).toBe(
      'networkpolicy.networking.k8s.io/db configured',
    );
    const { exitCode, stdout } = await kubectl(['diff', '-n', n, '-f', '-'], policy);
    expect({ exitCode, changes: stdout.match(/^[-+] .*port: .*$/gm) }).toEqual({
      exitCode: 1,
      changes: ['-    - port: 5433', '+    - port: 5432'],
    });
    expect(cluster.store.get('networkpolicies', n, 'db')?.spec.ingress?.[0]?.ports).toEqual([
      { port: 5433, protocol: 'TCP' },
    ]);
    expect(await run(['apply', '-n', n, '-f', '-'], pod)).toBe('pod/web created');
    expect(await run(['apply', '-n', n, '-f', '-'], pod)).toBe('pod/web unchanged');
  });

  it('applies on the server side, and moves over from the client side', async () => {
    const n = await newNamespace('server-side');
    const apply = ['apply', '-n', n, '--server-side', '-f', '-'];
    expect(await run(apply, policy)).toBe('networkpolicy.networking.k8s.io/db serverside-applied');
    expect(await run(apply, policy)).toBe('networkpolicy.networking.k8s.io/db serverside-applied');
    expect(await fail([...apply, '--field-manager=other'], policy.replace('5432', '5433'))).toMatch(
      /^error: Apply failed with 1 conflict: conflict with "kubectl": \.spec\.ingress\n/,
    );
    const other = policy.replace('name: db', 'name: other');
    await run(['apply', '-n', n, '-f', '-'], other);
    expect(await run(apply, other)).toBe('networkpolicy.networking.k8s.io/other serverside-applied');
  });

  it('shows the complaints of a real server', async () => {
    const n = await newNamespace('complaints');
    const misspelt = policy.replace('ingress:', 'ingres:');
    expect(await fail(['apply', '-n', n, '-f', '-'], misspelt)).toBe(
      'Error from server (BadRequest): error when creating "STDIN": NetworkPolicy in version "v1" cannot be handled as a NetworkPolicy: strict decoding error: unknown field "spec.ingres"',
    );
    expect(await fail(['apply', '-n', n, '--server-side', '-f', '-'], misspelt)).toBe(
      `Error from server: failed to create typed patch object (${n}/db; networking.k8s.io/v1, Kind=NetworkPolicy): .spec.ingres: field not declared in schema`,
    );
    expect(await fail(['create', '-n', n, '-f', '-'], policy.replace(/from: .*/, 'from: [{}]'))).toBe(
      'The NetworkPolicy "db" is invalid: spec.ingress[0].from[0]: Required value: must specify a peer',
    );
    expect(await fail(['apply', '-n', 'nowhere', '-f', '-'], policy)).toBe(
      'Error from server (NotFound): error when creating "STDIN": namespaces "nowhere" not found',
    );
    expect(await fail(['delete', 'namespace', 'default'])).toBe(
      'Error from server (Forbidden): namespaces "default" is forbidden: this namespace may not be deleted',
    );
  });

  it('warns of unknown fields where it is asked to, however deep they are', async () => {
    const n = await newNamespace('warnings');
    const misspelt = `
apiVersion: v1
kind: Pod
metadata: { name: web, labls: {} }
spec:
  securityContext: { runAsNonRot: true, seccompProfile: { typ: RuntimeDefault } }
  tolerations: [{ efect: NoSchedule }]
  containers:
  - name: c
    image: node:24
    resources: { limit: { cpu: 1 } }
    securityContext: { runAsUser: 1000, capabilities: { dorp: [ALL] } }
`;
    expect(await kubectl(['apply', '-n', n, '--validate=warn', '-f', '-'], misspelt)).toEqual({
      exitCode: 0,
      stdout: 'pod/web created',
      stderr: [
        'metadata.labls',
        'spec.containers[0].resources.limit',
        'spec.containers[0].securityContext.capabilities.dorp',
        'spec.securityContext.runAsNonRot',
        'spec.securityContext.seccompProfile.typ',
        'spec.tolerations[0].efect',
      ]
        .map((field) => `Warning: unknown field "${field}"`)
        .join('\n'),
    });
  });

  it('has no kinds but its own, and says so', async () => {
    const n = await newNamespace('others');
    const config = `
apiVersion: v1
kind: ConfigMap
metadata: { name: web }
data: { key: value }
`;
    const none =
      'error: resource mapping not found for name: "web" namespace: "" from "STDIN": no matches for kind "ConfigMap" in version "v1"\nensure CRDs are installed first';
    for (const verb of ['apply', 'apply --server-side', 'create', 'replace', 'delete', 'diff']) {
      expect(await fail([...verb.split(' '), '-n', n, '-f', '-'], config)).toBe(none);
    }
    const list = JSON.stringify({ apiVersion: 'v1', kind: 'List', items: [parse(policy)] });
    expect(await run(['apply', '-n', n, '-f', '-'], list)).toBe('networkpolicy.networking.k8s.io/db created');
  });

  const deployment = `
apiVersion: apps/v1
kind: Deployment
metadata: { name: web }
spec:
  replicas: 2
  selector: { matchLabels: { app: web } }
  template:
    metadata: { labels: { app: web } }
    spec: { containers: [{ name: c, image: 'node:24', command: [sleep, '1000'] }] }
`;

  it('applies, scales, restarts and undoes Deployments, and waits for them', async () => {
    const n = await newNamespace('deployments');
    const inNamespace = ['-n', n];
    expect(await run(['apply', ...inNamespace, '-f', '-'], deployment)).toBe('deployment.apps/web created');
    expect(await run(['rollout', 'status', 'deployment/web', ...inNamespace])).toBe(
      'deployment "web" successfully rolled out',
    );
    expect(await run(['get', 'deploy', ...inNamespace, '--no-headers', '-o', 'wide'])).toMatch(
      /^web +2\/2 +2 +2 +\ds +c +node:24 +app=web$/,
    );
    expect(await run(['scale', 'deployment/web', '--replicas=3', ...inNamespace])).toBe(
      'deployment.apps/web scaled',
    );
    expect(await run(['get', 'rs', ...inNamespace, '--no-headers'])).toMatch(/^web-\w+ +3 +3 +3 +\ds$/);
    await run(['set', 'image', 'deployment/web', 'c=node:25', ...inNamespace]);
    const images = ['get', 'pods', ...inNamespace, '-o', 'jsonpath={.items[*].spec.containers[0].image}'];
    expect(await run(images)).toBe('node:25 node:25 node:25');
    await run(['rollout', 'undo', 'deployment/web', ...inNamespace]);
    expect(await run(images)).toBe('node:24 node:24 node:24');
    expect(await run(['rollout', 'restart', 'deployment/web', ...inNamespace])).toBe(
      'deployment.apps/web restarted',
    );
    expect(await run(['describe', 'deployment', 'web', ...inNamespace])).toMatch(
      /^Replicas: +3 desired \| 3 updated \| 3 total \| 3 available \| 0 unavailable$/m,
    );
    expect(await run(['delete', 'deployment', 'web', ...inNamespace, '--cascade=foreground'])).toMatch(
      /^deployment.apps "web" deleted/,
    );
    expect(await run(['get', 'pods,rs', ...inNamespace, '-o', 'name'])).toBe('');
  });

  it('waits for StatefulSets, DaemonSets and Jobs', async () => {
    const n = await newNamespace('others-that-make-pods');
    const other = deployment.replace('replicas: 2', '');
    await run(['apply', '-n', n, '-f', '-'], other.replace('Deployment', 'StatefulSet'));
    expect(await run(['rollout', 'status', 'sts/web', '-n', n])).toContain('1 new pods have been updated');
    expect(await run(['get', 'sts', '-n', n, '--no-headers'])).toMatch(/^web +1\/1 +\ds$/);
    await run(['apply', '-n', n, '-f', '-'], other.replace('Deployment', 'DaemonSet'));
    expect(await run(['rollout', 'status', 'ds/web', '-n', n])).toBe(
      'daemon set "web" successfully rolled out',
    );
    expect(await run(['get', 'ds', '-n', n, '--no-headers'])).toMatch(/^web +1 +1 +1 +1 +1 +<none> +\ds$/);
    const job = JSON.stringify({
      apiVersion: 'batch/v1',
      kind: 'Job',
      metadata: { name: 'once' },
      spec: {
        template: {
          spec: { restartPolicy: 'Never', containers: [{ name: 'c', image: 'x', command: ['true'] }] },
        },
      },
    });
    await run(['apply', '-n', n, '-f', '-'], job);
    const pod = await run(['get', 'pod', '-n', n, '-l', 'job-name=once', '-o', 'name']);
    cluster.store.update('pods', n, pod.replace('pod/', ''), (live) => ({
      ...live,
      status: { phase: 'Succeeded' },
    }));
    expect(await run(['wait', '--for=condition=Complete', 'job/once', '-n', n])).toBe(
      'job.batch/once condition met',
    );
    expect(await run(['get', 'job', '-n', n, '--no-headers'])).toMatch(/^once +Complete +1\/1 +\ds +\ds$/);
  });

  it('gets, describes, labels, annotates, patches and edits', async () => {
    const n = await newNamespace('changes');
    await run(['apply', '-n', n, '-f', '-'], pod);
    expect(await run(['get', 'pods', '-n', n, '--no-headers', '-o', 'wide'])).toMatch(
      /^web +1\/1 +Running +0 +\ds +10\.244\.0\.\d+ +node-a +<none> +<none>$/,
    );
    expect(await run(['get', 'ns', n, '--no-headers', '--show-labels'])).toMatch(
      /^changes +Active +\ds +kubernetes\.io\/metadata\.name=changes$/,
    );
    expect(await run(['describe', 'pod', 'web', '-n', n])).toMatch(/^Name: +web$[\s\S]*^Events: +<none>$/m);
    expect(await run(['label', 'pod', 'web', '-n', n, 'tier=a'])).toBe('pod/web labeled');
    expect(await run(['label', 'namespace', n, 'team=a'])).toBe(`namespace/${n} labeled`);
    expect(await run(['label', 'node', 'node-a', 'zone=a'])).toBe('node/node-a labeled');
    expect(await run(['annotate', 'pod', 'web', '-n', n, 'note=x'])).toBe('pod/web annotated');
    const patch = (type: string, text: string): Promise<string> =>
      run(['patch', 'pod', 'web', '-n', n, `--type=${type}`, '-p', text]);
    expect(await patch('strategic', '{"spec":{"containers":[{"name":"c","image":"node:25"}]}}')).toBe(
      'pod/web patched',
    );
    expect(await patch('merge', '{"metadata":{"labels":{"tier":"b"}}}')).toBe('pod/web patched');
    expect(await patch('json', '[{"op":"add","path":"/metadata/labels/x","value":"y"}]')).toBe(
      'pod/web patched',
    );
    expect(
      await run([
        'get',
        'pod',
        'web',
        '-n',
        n,
        '-o',
        'jsonpath={.metadata.labels} {.spec.containers[0].image}',
      ]),
    ).toBe('{"app":"web","tier":"b","x":"y"} node:25');
    expect(await run(['get', 'pods', '-n', n, '-l', 'tier in (b,c),!canary', '-o', 'name'])).toBe('pod/web');
    expect(
      await run([
        'get',
        'pods',
        '-A',
        '--field-selector',
        `metadata.namespace=${n},status.phase=Running`,
        '--no-headers',
      ]),
    ).toMatch(/^changes +web/);
    expect(await fail(['patch', 'pod', 'web', '-n', n, '-p', '{"spec":{"nodeName":"b"}}'])).toMatch(
      /^The Pod "web" is invalid: spec: Forbidden: pod updates may not change/,
    );
  });

  it('runs commands and shows logs', async () => {
    const n = await newNamespace('commands');
    await run(['run', 'web', '-n', n, '--image=node:24']);
    expect(
      await kubectl(['exec', '-n', n, 'web', '--', 'sh', '-c', 'echo out; echo err >&2; exit 3']),
    ).toEqual({
      exitCode: 3,
      stdout: 'out',
      stderr: 'err\ncommand terminated with exit code 3',
    });
    expect(await run(['exec', '-i', '-n', n, 'web', '--', 'cat'], 'hello')).toBe('hello');
    expect(await fail(['exec', '-n', n, 'nope', '--', 'true'])).toBe(
      'Error from server (NotFound): pods "nope" not found',
    );
    expect(await kubectl(['exec', '-n', n, 'web', '--', 'no-such-program'])).toEqual({
      exitCode: 1,
      stdout: '',
      stderr:
        // What it ends with depends on the folders of the PATH that may be looked into.
        expect.stringMatching(
          /^error: Internal error occurred: error executing command in container: spawn no-such-program E[A-Z]+$/,
        ),
    });
    expect(await fail(['exec', '-n', n, 'web', '-c', 'x', '--', 'true'])).toBe(
      'Error from server (BadRequest): container x is not valid for pod web',
    );
    const podUid = cluster.store.get('pods', n, 'web')?.metadata.uid ?? '';
    const address = { podUid, container: 'web' };
    cluster.runtime.print(address, 'one\ntwo\n');
    expect(await run(['logs', '-n', n, 'web'])).toBe('one\ntwo');
    const followed = run(['logs', '-f', '--tail=1', '-n', n, 'web']);
    await expect.poll(() => cluster.runtime.followers(address), { timeout: 60_000 }).toBe(1);
    cluster.runtime.print(address, 'three\n');
    cluster.runtime.end(address);
    expect(await followed).toBe('two\nthree');
  });

  it('waits and watches', async () => {
    const n = await newNamespace('patience');
    await run(['run', 'web', '-n', n, '--image=node:24']);
    expect(await run(['wait', '-n', n, '--for=condition=Ready', 'pod/web', '--timeout=10s'])).toBe(
      'pod/web condition met',
    );
    const watching = execa(KUBECTL, ['--cache-dir', folder, 'get', 'pods', '-n', n, '-w', '--no-headers'], {
      env: { KUBECONFIG: cluster.kubeconfig, HOME: folder },
      reject: false,
      buffer: false,
    });
    let seen = '';
    watching.stdout.on('data', (chunk) => {
      seen += chunk;
    });
    await expect.poll(() => seen, { timeout: 60_000 }).toMatch(/^web +1\/1 +Running/);
    expect(await run(['delete', 'pod', 'web', '-n', n, '--wait'])).toMatch(/^pod "web" deleted/);
    await expect.poll(() => seen, { timeout: 60_000 }).toMatch(/^web +1\/1 +Terminating/m);
    watching.kill();
    await watching;
  });

  it('exposes pods, applies Services, and shows them', async () => {
    const n = await newNamespace('services');
    await run(['apply', '-n', n, '-f', '-'], pod);
    expect(await run(['expose', 'pod', 'web', '-n', n, '--port=80', '--target-port=8080'])).toBe(
      'service/web exposed',
    );
    const service = (type: string) => `
apiVersion: v1
kind: Service
metadata: { name: api }
spec:
  type: ${type}
  clusterIP: 10.96.0.99
  selector: { app: web }
  ports: [{ port: 443, targetPort: http }]
`;
    expect(await run(['apply', '-n', n, '-f', '-'], service('ClusterIP'))).toBe('service/api created');
    expect(await run(['apply', '-n', n, '-f', '-'], service('NodePort'))).toBe('service/api configured');
    const [heading = '', first = ''] = (await run(['get', 'svc', '-n', n, '-o', 'wide'])).split('\n');
    expect(heading.split(/ +/)).toEqual([
      'NAME',
      'TYPE',
      'CLUSTER-IP',
      'EXTERNAL-IP',
      'PORT(S)',
      'AGE',
      'SELECTOR',
    ]);
    expect(first).toMatch(/^api +NodePort +10\.96\.0\.99 +<none> +443:3\d{4}\/TCP +\d+s +app=web$/);
    expect(await fail(['apply', '-n', n, '-f', '-'], service('Loud'))).toContain(
      'The Service "api" is invalid: spec.type: Unsupported value: "Loud": supported values: "ClusterIP", "ExternalName", "LoadBalancer", "NodePort"',
    );
    expect(await run(['delete', 'namespace', n, '--wait'])).toBe(`namespace "${n}" deleted`);
    expect(cluster.store.list('services', n)).toEqual([]);
  });

  it('deletes by name, by selector, and namespaces with all that is in them', async () => {
    const n = await newNamespace('deletions');
    for (const name of ['a', 'b', 'c'])
      await run(['run', name, '-n', n, '--image=x', `--labels=name=${name}`]);
    await run(['apply', '-n', n, '-f', '-'], policy);
    expect(await run(['delete', 'pod', 'a', '-n', n])).toMatch(/^pod "a" deleted/);
    expect(await run(['delete', 'pods', '-n', n, '-l', 'name=b'])).toMatch(/^pod "b" deleted/);
    expect(await run(['delete', 'networkpolicies', '-n', n, '--all'])).toMatch(
      /^networkpolicy\.networking\.k8s\.io "db" deleted/,
    );
    expect(await run(['delete', 'pod', 'nope', '-n', n, '--ignore-not-found'])).toBe('');
    expect(await run(['delete', 'namespace', n, '--wait'])).toBe(`namespace "${n}" deleted`);
    expect(cluster.store.list('pods', n)).toEqual([]);
  });

  it.skipIf(terminal.exitCode !== 0)(
    'says why there are no terminals (skipped without the program script)',
    async () => {
      const n = await newNamespace('terminals');
      await run(['run', 'web', '-n', n, '--image=node:24']);
      const script = join(folder, 'terminal.sh');
      await writeFile(script, `kubectl --cache-dir ${folder} exec -it -n ${n} web -- sh`);
      const { stdout } = await execa(SCRIPT, ['-qec', `sh ${script}`, '/dev/null'], {
        env: { KUBECONFIG: cluster.kubeconfig, HOME: folder },
        reject: false,
        timeout: 60_000,
      });
      expect(stdout).toContain(
        'the sandbox has no terminals: run the command without one (kubectl exec without -t)',
      );
    },
  );
});
