import { describe, expect, test } from 'vitest';
import { probeNamespace, probePod, RUN_LABEL } from '../../src/probe/manifest.ts';
import { DEFAULT_PROBE_IMAGE, DEFAULT_PROBE_SETTINGS } from '../../src/probe/settings.ts';
import { agentSource } from '../../src/probe/source.ts';

const settings = DEFAULT_PROBE_SETTINGS;
const db = {
  namespace: 'shop',
  name: 'db',
  labels: { app: 'db', 'podreach.dev/run': 'mine' },
  ports: [
    { port: 5432, protocol: 'TCP' as const },
    { name: 'dns', port: 5353, protocol: 'UDP' as const },
  ],
};

describe('the manifest of a probe pod', () => {
  test('meets the restricted Pod Security Standard and carries all that the agent needs', () => {
    expect(probePod(db, { runId: 'run-1', agent: '// agent', settings })).toEqual({
      apiVersion: 'v1',
      kind: 'Pod',
      metadata: { name: 'db', namespace: 'shop', labels: { app: 'db', 'podreach.dev/run': 'run-1' } },
      spec: {
        restartPolicy: 'Never',
        terminationGracePeriodSeconds: 1,
        automountServiceAccountToken: false,
        enableServiceLinks: false,
        nodeSelector: { 'kubernetes.io/os': 'linux' },
        affinity: {
          podAntiAffinity: {
            preferredDuringSchedulingIgnoredDuringExecution: [
              {
                weight: 100,
                podAffinityTerm: {
                  topologyKey: 'kubernetes.io/hostname',
                  labelSelector: { matchLabels: { 'podreach.dev/run': 'run-1' } },
                  namespaceSelector: { matchLabels: { 'podreach.dev/run': 'run-1' } },
                },
              },
            ],
          },
        },
        securityContext: {
          runAsNonRoot: true,
          runAsUser: 1000,
          runAsGroup: 1000,
          seccompProfile: { type: 'RuntimeDefault' },
        },
        containers: [
          {
            name: 'probe',
            image: DEFAULT_PROBE_IMAGE,
            imagePullPolicy: 'IfNotPresent',
            command: [
              'node',
              '--input-type=commonjs',
              '-e',
              "const path = process.argv[1]; require('node:fs').writeFileSync(path, process.env.PODREACH_AGENT); import(path);",
              '/tmp/podreach-agent.mjs',
              'serve',
            ],
            env: [
              {
                name: 'PODREACH_CONFIG',
                value:
                  '{"runId":"run-1","pod":"shop/db","visitPort":20817,"ports":[{"port":5432,"protocol":"TCP"},{"port":5353,"protocol":"UDP"}]}',
              },
              { name: 'PODREACH_AGENT', value: '// agent' },
            ],
            ports: [
              { containerPort: 5432, protocol: 'TCP' },
              { name: 'dns', containerPort: 5353, protocol: 'UDP' },
            ],
            readinessProbe: {
              httpGet: { path: '/', port: 20_817 },
              periodSeconds: 1,
              timeoutSeconds: 1,
              failureThreshold: 3,
            },
            securityContext: {
              allowPrivilegeEscalation: false,
              readOnlyRootFilesystem: true,
              capabilities: { drop: ['ALL'] },
            },
            resources: { requests: { cpu: '10m', memory: '32Mi' }, limits: { cpu: '1', memory: '256Mi' } },
            terminationMessagePolicy: 'FallbackToLogsOnError',
            volumeMounts: [{ name: 'tmp', mountPath: '/tmp' }],
          },
        ],
        volumes: [{ name: 'tmp', emptyDir: { medium: 'Memory', sizeLimit: '4Mi' } }],
      },
    });
  });

  test('asks for low ports only where the pod listens on one', () => {
    const web = { ...db, ports: [{ port: 80, protocol: 'TCP' as const }] };
    expect(probePod(web, { runId: 'run-1', agent: '', settings })['spec']).toMatchObject({
      securityContext: { sysctls: [{ name: 'net.ipv4.ip_unprivileged_port_start', value: '0' }] },
    });
  });

  test('is on the network of its node, where the scheduler is to know all ports that it takes', () => {
    const host = { ...db, hostNetwork: true as const, ports: [{ port: 8443, protocol: 'TCP' as const }] };
    const options = { runId: 'run-1', agent: '', settings, visitPort: 21_000 };
    expect(probePod(host, options)['spec']).toMatchObject({
      hostNetwork: true,
      dnsPolicy: 'ClusterFirstWithHostNet',
      securityContext: { runAsNonRoot: true, runAsUser: 1000 },
      containers: [
        {
          ports: [
            { containerPort: 8443, protocol: 'TCP' },
            { containerPort: 21_000, protocol: 'TCP' },
          ],
          readinessProbe: { httpGet: { port: 21_000 } },
          securityContext: { capabilities: { drop: ['ALL'] } },
        },
      ],
    });
    // The kubelet refuses a sysctl for the network of a node, and the kernel takes a capability from everybody but the superuser.
    const low = { ...host, ports: [{ port: 443, protocol: 'TCP' as const }] };
    const spec = probePod(low, options)['spec'];
    expect(spec).toMatchObject({
      securityContext: { runAsUser: 0 },
      containers: [{ securityContext: { capabilities: { drop: ['ALL'], add: ['NET_BIND_SERVICE'] } } }],
    });
    expect(JSON.stringify(spec)).not.toMatch(/sysctls|runAsNonRoot/);
  });

  test('takes over what the cluster wants', () => {
    const { spec } = probePod(db, {
      runId: 'run-1',
      agent: '',
      settings: {
        ...settings,
        image: 'mirror.example/node:22',
        nodeSelector: { pool: 'probes' },
        tolerations: [{ key: 'dedicated', operator: 'Equal', value: 'probes', effect: 'NoSchedule' }],
        pullSecrets: [{ name: 'mirror' }, { name: 'other', copyFrom: 'platform' }],
      },
    });
    expect(spec).toMatchObject({
      nodeSelector: { 'kubernetes.io/os': 'linux', pool: 'probes' },
      tolerations: [{ key: 'dedicated', operator: 'Equal', value: 'probes', effect: 'NoSchedule' }],
      imagePullSecrets: [{ name: 'mirror' }, { name: 'other' }],
      containers: [{ image: 'mirror.example/node:22' }],
    });
  });
});

test('the manifest of a namespace has the labels of the scenario, of the cluster and of the run', () => {
  const wanted = { ...settings, namespaceLabels: { 'istio-injection': 'disabled' } };
  expect(
    probeNamespace({ name: 'shop', labels: { team: 'shop' } }, false, { runId: 'run-1', settings: wanted }),
  ).toEqual({
    apiVersion: 'v1',
    kind: 'Namespace',
    metadata: {
      name: 'shop',
      labels: { 'istio-injection': 'disabled', team: 'shop', [RUN_LABEL]: 'run-1' },
    },
  });
});

test('a namespace for pods on the network of their nodes lets them in', () => {
  const namespace = (labels: Readonly<Record<string, string>>) =>
    probeNamespace({ name: 'shop', labels }, true, { runId: 'run-1', settings }).metadata.labels ?? {};
  const level = 'pod-security.kubernetes.io/enforce';
  expect(namespace({ team: 'shop' })).toEqual({ [level]: 'privileged', team: 'shop', [RUN_LABEL]: 'run-1' });
  expect(namespace({ [level]: 'baseline' })[level]).toBe('baseline');
});

describe("the agent's source", () => {
  test('survives the expansion of $(NAME) and $$ that the kubelet does in the environment', () => {
    expect(agentSource()).not.toMatch(/\$[$(]/);
  });

  test("imports nothing but Node.js's own modules", () => {
    const imported = [...agentSource().matchAll(/^\s*import .* from '(.*)';$/gm)].map(([, name]) => name);
    expect(imported.length).toBeGreaterThan(0);
    expect(imported.filter((name) => !name?.startsWith('node:'))).toEqual([]);
  });

  test('fits into one environment variable, which Linux bounds at 128 KiB', () => {
    expect(Buffer.byteLength(agentSource())).toBeLessThan(120_000);
  });
});
