/** Runs with many pods in which nothing is as even as in a fixture: times differ, and every check has a history of its own. */
import type { Attempt } from '../../../../src/model/attempt.ts';
import type { RunRecord } from '../../../../src/record/schema.ts';
import { buildRecord, buildScenario, type CheckParts } from '../../fixture.ts';

const FILE = 'security/network-policies/scenarios/production/payments-platform-connectivity.yaml';

export interface Size {
  readonly pods: number;
  readonly ports: number;
  /** Whether a check of this number leaked. */
  readonly leaked: (check: number) => boolean;
}

/** Names as long as a platform makes them, three policies for each pod, a rule for each pair and a reason for each destination. */
export function largeRun({ pods, ports, leaked }: Size): RunRecord {
  const random = randomNumbers();
  const numbers = Array.from({ length: pods }, (_, number) => number);
  const key = (number: number): string =>
    `payments-platform-production-${number % 10}/card-settlement-worker-${number}-7d9f8b6c5d-x${number.toString(36)}`;
  const policiesOf = (number: number): string[] =>
    ['default-deny-everything', `allow-ingress-of-service-${number}`, 'allow-cluster-monitoring'].map(
      (name, index) =>
        `payments-platform-production-${number % 10}/${name}${index === 1 ? '' : `-${number}`}`,
    );
  const allPorts = Array.from({ length: ports }, (_, index) => 8080 + index);
  const policies = numbers.flatMap(policiesOf);
  const line = (policy: string): number => 1 + policies.indexOf(policy) * 17;
  let check = 0;
  const checks = numbers.flatMap((from) =>
    numbers
      .filter((to) => to !== from)
      .flatMap((to) =>
        allPorts.map((port): CheckParts => {
          const index = check++;
          const isLeak = leaked(index);
          const isReachable = !isLeak && (from * 7 + to * 3) % 5 === 0;
          const own = policiesOf(to);
          return {
            id: index,
            from: key(from),
            to: key(to),
            port,
            expected: isReachable ? 'reachable' : 'unreachable',
            declared: { file: FILE, line: 40 + 9 * from * pods + 9 * to, column: 7 },
            because: `worker ${to} settles cards, and only the services of its own team may talk to it (PCI-DSS 4.0.1, 1.3.1)`,
            predicted: { verdict: isReachable ? 'allowed' : 'denied', grounds: 2 * to + Number(isReachable) },
            attempts: history({ isLeak, isReachable, random }),
            settledMs: random() * 4000,
            ...(isLeak
              ? {
                  verdict: 'leaked' as const,
                  reason: 'it connected although it must not',
                  disagreement: 'cluster' as const,
                  isolatedBy: { egress: policiesOf(from), ingress: own },
                }
              : { verdict: 'pass' as const }),
          };
        }),
      ),
  );
  const scenario = buildScenario(
    'payments-platform-connectivity',
    {
      pods: Object.fromEntries(numbers.map((number) => [key(number), allPorts])),
      checks,
    },
    {
      policies: policies.map((policy, index) => {
        const [namespace = '', name = ''] = policy.split('/');
        return {
          namespace,
          name,
          location: { file: FILE, line: line(policy), column: 1 },
          text: manifest(name, Math.floor(index / 3)),
        };
      }),
      owner: 'payments-platform-security@example.org',
      purpose: 'PCI-DSS 4.0.1, requirements 1.3.1 and 1.4.4',
      runbook: 'https://wiki.example.org/display/SEC/Runbooks/Network+Policies#connectivity',
      grounds: numbers.flatMap((number) =>
        [undefined, 1].map((rule) =>
          policiesOf(number)
            .slice(0, rule === undefined ? 3 : 1)
            .map((policy) => ({
              direction: 'ingress' as const,
              policy,
              ...(rule === undefined ? {} : { rule }),
              location: { file: FILE, line: line(policy), column: 1 },
            })),
        ),
      ),
    },
  );
  return buildRecord([scenario], { exitCode: 1 });
}

/** A policy with as many rules as most have. */
function manifest(name: string, pod: number): string {
  return [
    'apiVersion: networking.k8s.io/v1',
    'kind: NetworkPolicy',
    `metadata: { name: ${name} }`,
    'spec:',
    `  podSelector: { matchLabels: { app.kubernetes.io/name: card-settlement-worker-${pod} } }`,
    '  policyTypes: [Ingress]',
    ...(name.startsWith('default-deny')
      ? []
      : [
          '  ingress:',
          '    - from:',
          `        - namespaceSelector: { matchLabels: { team.example.org/name: payments-${pod % 10} } }`,
          '          podSelector: { matchLabels: { app.kubernetes.io/part-of: card-settlement } }',
          '        - namespaceSelector: { matchLabels: { kubernetes.io/metadata.name: monitoring } }',
          '      ports: [{ port: 8080 }, { port: 8081 }]',
          '    - from:',
          '        - ipBlock: { cidr: 10.0.0.0/8, except: [10.64.0.0/16] }',
          '      ports: [{ protocol: TCP, port: 8443 }]',
        ]),
    '',
  ].join('\n');
}

/** What a run records of a pair: one attempt before the policies, rounds until it is sure, and one more when they are gone if they cut it. */
function history({
  isLeak,
  isReachable,
  random,
}: {
  readonly isLeak: boolean;
  readonly isReachable: boolean;
  readonly random: () => number;
}): Attempt[] {
  const attempt = (phase: Attempt['phase'], round: number): Attempt => {
    const isConnected = phase === 'control' || phase === 'closing' || isLeak || isReachable;
    const atMs = 600 * round + random() * 400;
    return {
      phase,
      round,
      atMs,
      outcome: isConnected ? 'connected' : 'timeout',
      // Most connections are made within a few milliseconds, some take long.
      durationMs: isConnected ? 0.3 + random() ** 6 * 60 : 1000 + random() * 3,
      listenerAlive: true,
      ...(isConnected
        ? {}
        : {
            dials: 3,
            seen: {
              source: atMs + random() * 800,
              destination: atMs + random() * 800,
              between: atMs + random() * 50,
            },
          }),
    };
  };
  return [
    attempt('control', 1),
    ...Array.from({ length: isLeak ? 12 : 4 }, (_, round) => attempt('settle', round + 1)),
    ...(isLeak || isReachable ? [] : [attempt('closing', 1)]),
  ];
}

/** Evenly distributed, and the same in every run (mulberry32). */
function randomNumbers(): () => number {
  let state = 20_261_120;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let bits = Math.imul(state ^ (state >>> 15), 1 | state);
    bits = (bits + Math.imul(bits ^ (bits >>> 7), 61 | bits)) ^ bits;
    return ((bits ^ (bits >>> 14)) >>> 0) / 2 ** 32;
  };
}
