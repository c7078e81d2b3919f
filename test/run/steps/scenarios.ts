/** Small scenarios with steps, each in a namespace that is called like it. */
import type { RunRecord, StepRecord } from '../../../src/record/schema.ts';

const ends = (name: string) => `apiVersion: podreach/v1
kind: Scenario
name: ${name}
namespaces:
  ${name}: {}
pods:
  ${name}/a: { labels: { app: a } }
  ${name}/b: { ports: [80], labels: { app: b } }`;

const policy = (name: string, spec: string) => `apiVersion: networking.k8s.io/v1
      kind: NetworkPolicy
      metadata: { name: shut, namespace: ${name} }
      spec: { podSelector: { matchLabels: { app: b } }, ${spec} }`;

const CLOSED = 'policyTypes: [Ingress]';
const FOR_FRIENDS = 'ingress: [{ from: [{ podSelector: { matchLabels: { app: friend } } }] }]';
const FOR_TEAM = 'ingress: [{ from: [{ namespaceSelector: { matchLabels: { team: friends } } }] }]';

const pairOf = (name: string) => `[{ from: ${name}/a, to: ${name}/b }]`;

const shut = (name: string, spec: string) => `${ends(name)}
policies:
    - ${policy(name, spec)}
unreachable: ${pairOf(name)}`;

/** For each action, a scenario in which nothing but this action makes what is expected so. */
export const BY_ACTION = {
  apply: `${ends('apply')}
reachable: ${pairOf('apply')}
steps:
  - name: it closes
    apply:
    - ${policy('apply', CLOSED)}
    unreachable: ${pairOf('apply')}
  - name: it opens for all
    apply:
    - ${policy('apply', 'ingress: [{}]')}
    reachable: ${pairOf('apply')}
`,
  delete: `${shut('delete', CLOSED)}
steps:
  - name: it opens
    delete: [networkpolicy/delete/shut]
    reachable: ${pairOf('delete')}
`,
  'label-pod': `${shut('label-pod', FOR_FRIENDS)}
steps:
  - name: a label opens
    label: { label-pod/a: { app: friend } }
    reachable: ${pairOf('label-pod')}
  - name: a label closes
    label: { label-pod/a: { app: null } }
    unreachable: ${pairOf('label-pod')}
`,
  'label-namespace': `${shut('label-namespace', FOR_TEAM)}
steps:
  - name: a label opens
    label: { namespace/label-namespace: { team: friends } }
    reachable: ${pairOf('label-namespace')}
  - name: a label closes
    label: { namespace/label-namespace: { team: null } }
    unreachable: ${pairOf('label-namespace')}
`,
  create: `${shut('create', FOR_FRIENDS).replace('policies:', '  create/late: { labels: { app: friend }, created: later }\npolicies:')}
steps:
  - name: a friend comes
    create: [create/late]
    reachable: [{ from: create/late, to: create/b }]
`,
  remove: `${shut('remove', CLOSED).replace('policies:', '  remove/c: { ports: [80] }\npolicies:')}
reachable: [{ from: remove/a, to: remove/c }]
steps:
  - name: one goes
    remove: [remove/c]
`,
  replace: `${shut('replace', CLOSED)}
steps:
  - name: another comes
    replace: [replace/b]
  - name: it opens
    delete: [networkpolicy/replace/shut]
    otherwise: reachable
`,
} as const;

/** A namespace comes, with a pod that another policy is about, and goes. */
export const NAMESPACE_COMES = `apiVersion: podreach/v1
kind: Scenario
name: home
namespaces:
  home: {}
  guests: { labels: { team: friends }, created: later }
pods:
  home/a: { labels: { app: a } }
  home/b: { ports: [80], labels: { app: b } }
  guests/g: { created: later }
policies:
    - ${policy('home', FOR_TEAM)}
unreachable: ${pairOf('home')}
steps:
  - name: guests come
    create: [namespace/guests, guests/g]
    reachable: [{ from: guests/g, to: home/b }]
  - name: guests are no friends
    label: { namespace/guests: { team: null } }
    unreachable: [{ from: guests/g, to: home/b }]
  - name: guests go
    remove: [namespace/guests]
  - name: only what is expected changes
    reachable: ${pairOf('home')}
`;
export type ByAction = keyof typeof BY_ACTION;

export const ALL_ACTIONS = Object.values(BY_ACTION).join('---\n');

/** The steps of a scenario, in a line each: verdicts, in the order of the checks. */
export function stepsOf(record: Pick<RunRecord, 'scenarios'>, name: string): readonly string[] {
  const steps = record.scenarios.find((scenario) => scenario.name === name)?.steps ?? [];
  return steps.map(
    ({ name: step = 'first', checks }) =>
      `${step}: ${checks.map(({ verdict = 'unjudged' }) => verdict).join(', ')}`,
  );
}

export function stepOf(record: Pick<RunRecord, 'scenarios'>, name: string, step: number): StepRecord {
  const found = record.scenarios.find((scenario) => scenario.name === name)?.steps[step];
  if (found === undefined) throw new Error(`${name} has no step ${step}`);
  return found;
}
