import { describe, expect, test } from 'vitest';
import { DEFAULT_PROBE_IMAGE, probeNamespace, probePod, RUN_LABEL } from '../../src/probe/manifest.ts';
import { agentSource } from '../../src/probe/source.ts';

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
    expect(probePod(db, { runId: 'run-1', agent: '// agent' })).toEqual({
      apiVersion: 'v1',
      kind: 'Pod',
      metadata: { name: 'db', namespace: 'shop', labels: { app: 'db', 'podreach.dev/run': 'run-1' } },
      spec: {
        restartPolicy: 'Never',
        terminationGracePeriodSeconds: 1,
        automountServiceAccountToken: false,
        enableServiceLinks: false,
        nodeSelector: { 'kubernetes.io/os': 'linux' },
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
                  '{"runId":"run-1","pod":"shop/db","ports":[{"port":5432,"protocol":"TCP"},{"port":5353,"protocol":"UDP"}]}',
              },
              { name: 'PODREACH_AGENT', value: '// agent' },
            ],
            ports: [
              { containerPort: 5432, protocol: 'TCP' },
              { name: 'dns', containerPort: 5353, protocol: 'UDP' },
            ],
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
    expect(probePod(web, { runId: 'run-1', agent: '' })['spec']).toMatchObject({
      securityContext: { sysctls: [{ name: 'net.ipv4.ip_unprivileged_port_start', value: '0' }] },
    });
  });

  test('takes the image of a mirror', () => {
    const spec = probePod(db, { runId: 'run-1', agent: '', image: 'mirror.example/node:22' })['spec'];
    expect(spec).toMatchObject({ containers: [{ image: 'mirror.example/node:22' }] });
  });
});

test('the manifest of a namespace has the labels of the scenario and that of the run', () => {
  expect(probeNamespace({ name: 'shop', labels: { team: 'shop' } }, { runId: 'run-1' })).toEqual({
    apiVersion: 'v1',
    kind: 'Namespace',
    metadata: { name: 'shop', labels: { team: 'shop', [RUN_LABEL]: 'run-1' } },
  });
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
    expect(Buffer.byteLength(agentSource())).toBeLessThan(64 * 1024);
  });
});
