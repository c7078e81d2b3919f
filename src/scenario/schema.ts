/**
 * The scenario language's grammar: one document, before its names are looked up. The published JSON Schema
 * (`schema/scenario.schema.json`) is generated from here, so every description is written for the person who edits a
 * scenario. `form.ts` turns what does not fit into problems; `read.ts` turns what fits into a `Scenario`.
 */
import { z } from 'zod';
import { DURATION } from '../duration.ts';
import { DNS_LABEL, LABEL_KEY, LABEL_VALUE, NAMESPACE_NAME_LABEL, PORT_NAME } from '../labels.ts';
import { LINT_CODES } from '../policy/lint/codes.ts';
import { NETWORK_POLICY_SCHEMA } from './network-policy-schema.ts';
import { quote } from './suggest.ts';

export const API_VERSION = 'podreach/v1';
export const KIND = 'Scenario';
export const HEAD_HINT = `A scenario begins with "apiVersion: ${API_VERSION}" and "kind: ${KIND}".`;
export const CUT_BY_HINT = 'Write "cutBy: others" and, under "because", what it is that cuts the pair.';

const PORT_NUMBER = '([1-9][0-9]{0,3}|[1-5][0-9]{4}|6[0-4][0-9]{3}|65[0-4][0-9]{2}|655[0-2][0-9]|6553[0-5])';
const NUMBERED_PORT = `${PORT_NUMBER}(/(TCP|UDP))?`;
const POD_KEY = `${DNS_LABEL}/${DNS_LABEL}`;
const POD_KEY_OF_POLICY = `${DNS_LABEL}/[a-z0-9]([-a-z0-9.]{0,251}[a-z0-9])?`;
const POD_PATTERN = `(\\*|${DNS_LABEL}/(\\*|${DNS_LABEL}))`;

/** Text of one form. `complaint` says what the form is; it follows the text in question. Editors say it in place of the pattern. */
function text(pattern: string, complaint: string) {
  return z
    .string()
    .regex(new RegExp(`^${pattern}$`), { error: (issue) => `${quote(String(issue.input))} ${complaint}` })
    .meta({ patternErrorMessage: `This ${complaint}.` });
}

const prose = z
  .string()
  .regex(/\S/, { error: 'this text is empty' })
  .meta({ patternErrorMessage: 'This text is empty.' });

const scenarioName = text(
  DNS_LABEL,
  'is not a scenario name: use lower-case letters, digits and "-", at most 63 characters',
);
const namespaceName = text(
  DNS_LABEL,
  'is not a namespace name: use lower-case letters, digits and "-", at most 63 characters',
);
const podName = text(
  POD_KEY,
  'is not a pod name: write "namespace/name", each in lower-case letters, digits and "-", at most 63 characters',
);
const portName = text(
  PORT_NAME,
  'is not a port name: use at most 15 lower-case letters, digits and single "-", with at least one letter',
);
const labelKey = text(
  LABEL_KEY,
  'is not a label key: use letters, digits, "-", "_" and ".", at most 63 characters, after an optional "dns.prefix/"',
);
const labelValue = text(
  LABEL_VALUE,
  'is not a label value: use letters, digits, "-", "_" and ".", at most 63 characters, beginning and ending with a letter or digit',
);

const labels = z.record(labelKey, labelValue).meta({
  id: 'Labels',
  description: 'Kubernetes labels. A value that YAML reads as a number or a boolean needs quotes.',
  examples: [{ app: 'web', version: '2' }],
});

const portNumber = z.int().min(1).max(65535);
const protocol = z.enum(['TCP', 'UDP']);

const declaredPort = z
  .union([
    portNumber,
    text(
      NUMBERED_PORT,
      'is not a port: write a number from 1 to 65535, alone or followed by "/TCP" or "/UDP"',
    ),
    z
      .strictObject({
        name: portName
          .describe('The name by which rules and policies may refer to this port; unique within the pod.')
          .exactOptional(),
        port: portNumber.describe('The port number.'),
        protocol: protocol.describe('TCP unless said otherwise.').exactOptional(),
      })
      .meta({ title: 'port' }),
  ])
  .meta({
    id: 'DeclaredPort',
    description:
      'A port that the pod listens on: a number (TCP), text such as "5432/UDP", or a port with a name.',
    examples: [8080, '5432/UDP', { name: 'metrics', port: 9090 }],
  });

const created = z
  .literal('later')
  .describe(
    'It is not there from the start: a step creates it, under "create". Rules may speak of it from the start.',
  )
  .meta({ examples: ['later'] })
  .exactOptional();

const namespace = z
  .strictObject({
    labels: labels
      .describe(`Labels of the namespace. Kubernetes adds ${NAMESPACE_NAME_LABEL} by itself.`)
      .exactOptional(),
    created,
  })
  .nullable()
  .meta({
    id: 'Namespace',
    description: 'A namespace that the run creates.',
    examples: [{ labels: { team: 'shop' } }],
  });

const pod = z
  .strictObject({
    labels: labels.describe('Labels of the pod, for the selectors of policies and rules.').exactOptional(),
    ports: z
      .array(declaredPort)
      .describe('The ports that the pod listens on. A pod without ports can only be a source.')
      .exactOptional(),
    created,
  })
  .nullable()
  .meta({
    id: 'Pod',
    description: 'A probe pod: it listens on its ports and starts connections to other pods.',
    examples: [{ labels: { app: 'api' }, ports: [8080, { name: 'metrics', port: 9090 }] }],
  });

const selectorRequirement = z
  .discriminatedUnion('operator', [
    z.strictObject({
      key: labelKey.describe('The label in question.'),
      operator: z.enum(['In', 'NotIn']).describe('NotIn also matches where the label is absent.'),
      values: z.array(labelValue).min(1).describe('The values to compare with.'),
    }),
    z.strictObject({
      key: labelKey.describe('The label in question.'),
      operator: z
        .enum(['Exists', 'DoesNotExist'])
        .describe('Whether the label is there, whatever its value.'),
    }),
  ])
  .meta({ id: 'SelectorRequirement', description: 'One condition on one label.' });

const labelSelector = z
  .strictObject({
    matchLabels: labels.describe('Labels that must be there with exactly these values.').exactOptional(),
    matchExpressions: z
      .array(selectorRequirement)
      .describe('Conditions, all of which must hold.')
      .exactOptional(),
  })
  .meta({
    id: 'LabelSelector',
    description: 'A label selector as in Kubernetes. The empty selector {} matches everything of its kind.',
    examples: [{ matchLabels: { app: 'web' } }],
  });

const peerFields = {
  namespaceSelector: labelSelector
    .describe('Which namespaces, by their labels. Left out: all namespaces of the scenario.')
    .exactOptional(),
  podSelector: labelSelector
    .describe('Which pods of those namespaces, by their labels. Left out: all of them.')
    .exactOptional(),
};
/** What the JSON Schema says of the refinement below. */
const eitherSelector = { anyOf: [{ required: ['namespaceSelector'] }, { required: ['podSelector'] }] };
type PeerFields = { readonly namespaceSelector?: unknown; readonly podSelector?: unknown };
function hasSelector(peer: PeerFields): boolean {
  return peer.namespaceSelector !== undefined || peer.podSelector !== undefined;
}
const noSelector = {
  error: 'these pods have no selector: write namespaceSelector, podSelector or both',
  when: (payload: { readonly issues: readonly unknown[] }) => payload.issues.length === 0,
};

const peer = z
  .strictObject(peerFields)
  .refine(hasSelector, noSelector)
  .meta({
    id: 'Peer',
    description:
      'Pods by their labels, in the form of a NetworkPolicy peer. A scenario has no namespace of its own, so podSelector alone looks in all of its namespaces.',
    examples: [{ namespaceSelector: { matchLabels: { team: 'devops' } } }],
    ...eitherSelector,
  });

/** Pods, where connections start, as text. */
export const sourceText = text(POD_PATTERN, 'names no pods: write "namespace/pod", "namespace/*" or "*"');

const source = z.union([sourceText, peer]).meta({
  id: 'Source',
  description: 'Where connections start: "namespace/pod", "namespace/*", "*", or pods by their labels.',
  examples: ['shop/web', 'shop/*', '*', { podSelector: { matchLabels: { app: 'web' } } }],
});

/** Pods and perhaps a port, where connections go, as text. */
export const destinationText = text(
  `${POD_PATTERN}(:(${NUMBERED_PORT}|${PORT_NAME}))?`,
  'names no destination: write "namespace/pod", "namespace/*" or "*", alone or followed by ":8080", ":8080/UDP" or ":port-name"',
);

const destination = z
  .union([
    destinationText,
    z
      .strictObject({
        ...peerFields,
        ports: z
          .array(
            z.union([
              portNumber,
              text(
                `(${NUMBERED_PORT}|${PORT_NAME})`,
                'is not a port: write a number from 1 to 65535, "8080/UDP", or the name of a port',
              ),
            ]),
          )
          .min(1)
          .describe(
            'Which of their ports: numbers (TCP), text such as "8080/UDP", or names. Left out: all of them.',
          )
          .exactOptional(),
      })
      .refine(hasSelector, noSelector)
      .meta(eitherSelector),
  ])
  .meta({
    id: 'Destination',
    description:
      'Where connections go: pods as in "from", alone (all ports that they declare) or with a port: ":8080" (TCP), ":8080/UDP" or ":port-name".',
    examples: ['shop/api:8080', 'shop/db:5432/UDP', 'shop/api:metrics', 'shop/*', '*:53/UDP'],
  });

function oneOrMore<T extends z.ZodType>(schema: T) {
  return z.union([schema, z.array(schema).min(1)]);
}

const exception = z
  .union([
    source,
    z
      .strictObject({
        from: oneOrMore(source).describe('Pairs from these sources. Left out: from any.').exactOptional(),
        to: oneOrMore(destination).describe('Pairs to these destinations. Left out: to any.').exactOptional(),
      })
      .refine((pair) => pair.from !== undefined || pair.to !== undefined, {
        error: 'this exception takes nothing out: write from, to or both',
        when: (payload) => payload.issues.length === 0,
      })
      .meta({ anyOf: [{ required: ['from'] }, { required: ['to'] }] }),
  ])
  .meta({
    id: 'Exception',
    description:
      'Pairs that the rule does not speak of. Pods alone are sources: every pair that starts there is taken out. With from and to, only pairs that match both.',
    examples: ['shop/api', { to: 'shop/db:5432/UDP' }, { from: 'shop/*', to: 'shop/api' }],
  });

const ruleFields = {
  from: oneOrMore(source).describe('Where the connections start; one or a list.'),
  to: oneOrMore(destination).describe('Where they go; one or a list.'),
  except: oneOrMore(exception)
    .describe('Pairs to leave out: sources, or { from, to } for particular pairs; one or a list.')
    .exactOptional(),
  because: prose.describe('Why, in words that a report can show.').exactOptional(),
};
const ruleMeaning =
  'Every source paired with every destination and each of its ports. A pod is paired with itself only where from and to are just that one pod.';
const ruleExample = {
  from: '*',
  to: 'shop/db',
  except: ['shop/api'],
  because: 'the database holds card numbers',
};

const rule = z
  .strictObject(ruleFields)
  .meta({ id: 'Rule', description: ruleMeaning, examples: [ruleExample] });

const unreachableRule = z
  .strictObject({
    ...ruleFields,
    cutBy: z
      .literal('others')
      .describe(
        'Something else than the policies of this scenario cuts these pairs: a policy of the whole cluster, a firewall between nodes, a service mesh. They need not connect before the policies. Needs "because", which says what it is.',
      )
      .meta({ examples: ['others'] })
      .exactOptional(),
  })
  .refine((written) => written.cutBy === undefined || written.because !== undefined, {
    error: 'a rule with "cutBy" must say why, and has no "because"',
    path: ['cutBy'],
    when: (payload) => payload.issues.length === 0,
  })
  .meta({
    id: 'UnreachableRule',
    description: ruleMeaning,
    examples: [
      ruleExample,
      {
        from: 'shop/web',
        to: 'shop/db:5432',
        cutBy: 'others',
        because: 'the cluster-wide policy of the security team cuts everything to port 5432',
      },
    ],
    dependencies: { cutBy: ['because'] },
  });

const policy = z
  .union([
    z
      .string()
      .regex(/\S/, { error: 'this path is empty' })
      .meta({ patternErrorMessage: 'This path is empty.' }),
    z.looseObject({}).meta({
      title: 'NetworkPolicy',
      description: 'A NetworkPolicy of networking.k8s.io/v1, inline.',
      ...NETWORK_POLICY_SCHEMA,
    }),
  ])
  .meta({
    id: 'Policy',
    description: 'A file, a folder or an inline manifest. Paths are relative to the scenario file.',
    examples: ['policies/three-tier.yaml'],
  });

const stepName = text(
  '(?=.*[^0-9])\\S([^\\r\\n]{0,98}\\S)?',
  'is not the name of a step: write a few words on one line, at most 100 characters and not only digits',
);
const policyObject = text(
  `networkpolicy/${POD_KEY_OF_POLICY}`,
  'is not a policy to delete: write "networkpolicy/namespace/name"',
);
const podOrNamespace = text(
  POD_KEY,
  'names neither a pod nor a namespace: write "namespace/name" for a pod, and for a namespace the word "namespace" and its name, such as "namespace/shop"',
);
const podToReplace = text(
  `(?!namespace/)${POD_KEY}`,
  'is not a pod: write "namespace/name"; only pods are replaced',
);

const step = z
  .strictObject({
    name: stepName.describe('What happens, in a few words. Reports show it; unique within the scenario.'),
    description: prose.describe('What the step shows, for a reader who does not know it.').exactOptional(),
    apply: z
      .array(policy)
      .describe(
        'Policies to apply, as under "policies": files, folders or inline manifests. One that is there already is updated.',
      )
      .exactOptional(),
    delete: z
      .array(policyObject)
      .describe('Policies to delete, as "networkpolicy/namespace/name".')
      .meta({ examples: [['networkpolicy/shop/default-deny']] })
      .exactOptional(),
    label: z
      .record(podOrNamespace, z.record(labelKey, labelValue.nullable()))
      .describe(
        'Labels to set on pods ("namespace/name") and namespaces ("namespace/" and the name). null takes a label away.',
      )
      .meta({ examples: [{ 'shop/web': { role: 'admin' } }, { 'namespace/monitoring': { team: null } }] })
      .exactOptional(),
    create: z
      .array(podOrNamespace)
      .describe(
        'Pods ("namespace/name") and namespaces ("namespace/" and the name) to create. They are declared with "created: later"; namespaces come before pods.',
      )
      .meta({ examples: [['shop/late'], ['namespace/staging', 'staging/web']] })
      .exactOptional(),
    remove: z
      .array(podOrNamespace)
      .describe('Pods and namespaces to delete. With a namespace go its pods and its policies.')
      .meta({ examples: [['shop/web'], ['namespace/staging']] })
      .exactOptional(),
    replace: z
      .array(podToReplace)
      .describe(
        'Pods to replace: each is deleted, and another of the same name, labels and ports takes its place, as a rule with another address.',
      )
      .meta({ examples: [['shop/api']] })
      .exactOptional(),
    reachable: z
      .array(rule)
      .describe('Connections that must succeed from this step on. All others keep what was expected of them.')
      .exactOptional(),
    unreachable: z
      .array(unreachableRule)
      .describe(
        'Connections that must be cut off from this step on. All others keep what was expected of them.',
      )
      .exactOptional(),
    otherwise: z
      .enum(['reachable', 'unreachable'])
      .describe(
        'What holds from this step on for every pair of different pods, on every declared port, that no rule of this step speaks of, whatever an earlier step says. Left out: they keep what was expected of them.',
      )
      .exactOptional(),
    within: text(DURATION, 'is not a time: write a number with its unit, such as "5s", "500ms" or "1m"')
      .describe(
        'The budget: a check that came to show what is expected only after this time, counted from the last action, is late, which fails the run.',
      )
      .meta({ examples: ['5s'] })
      .exactOptional(),
  })
  .meta({
    id: 'Step',
    description:
      'What changes in the cluster, and what is expected then. The actions are done in this order: apply, delete, label, create, remove, replace. Every check is tried again, with the expectation that it had unless this step says otherwise.',
    examples: [
      {
        name: 'monitoring is let in',
        label: { 'namespace/monitoring': { team: 'devops' } },
        reachable: [{ from: 'monitoring/prometheus', to: 'shop/api:8080' }],
        within: '5s',
      },
      { name: 'back to open', delete: ['networkpolicy/shop/default-deny'], otherwise: 'reachable' },
    ],
  });

/** One scenario document. */
export const scenarioSchema = z
  .strictObject({
    apiVersion: z.literal(API_VERSION).describe('The version of this language.'),
    kind: z.literal(KIND).describe('What this document is.'),
    name: scenarioName.describe(
      'Identifies the scenario in reports and for --only; unique among all loaded files.',
    ),
    description: prose
      .describe('What the scenario shows, for a reader who does not know it.')
      .exactOptional(),
    owner: prose.describe('Who answers for it; carried into reports.').exactOptional(),
    purpose: prose
      .describe('The control or requirement that it is evidence for.')
      .meta({ examples: ['PCI-DSS 1.3.1'] })
      .exactOptional(),
    runbook: prose
      .describe('Where to read what to do when a check fails: an address or a path. Carried into reports.')
      .meta({ examples: ['https://wiki.example.org/runbooks/payments-network'] })
      .exactOptional(),
    reviewBy: z.iso
      .date({
        error: (issue) =>
          `${quote(String(issue.input))} is not a date: write year-month-day, such as 2027-06-30`,
      })
      .describe('When somebody should look at it again. Being overdue is reported and never fails a run.')
      .meta({
        examples: ['2027-06-30'],
        patternErrorMessage: 'This is not a date: write year-month-day, such as 2027-06-30.',
      })
      .exactOptional(),
    tags: z
      .array(
        text(
          '[A-Za-z0-9]([-A-Za-z0-9_.]*[A-Za-z0-9])?',
          'is not a tag: use letters, digits, "-", "_" and "."',
        ),
      )
      .describe('For --tag.')
      .meta({ examples: [['smoke']] })
      .exactOptional(),
    namespaces: z.record(namespaceName, namespace).describe('The namespaces that the run creates, by name.'),
    pods: z.record(podName, pod).describe('The probe pods that the run creates, by "namespace/name".'),
    policies: z
      .array(policy)
      .describe('The NetworkPolicies to apply, exactly as written: files, folders or inline manifests.')
      .exactOptional(),
    reachable: z.array(rule).describe('Connections that must succeed.').exactOptional(),
    unreachable: z.array(unreachableRule).describe('Connections that must be cut off.').exactOptional(),
    accept: z
      .array(
        z.strictObject({
          lint: z.enum(LINT_CODES).describe('The name of the lint, as "podreach validate" prints it.'),
          policy: text(POD_KEY_OF_POLICY, 'is not a policy: write "namespace/name"')
            .describe('The policy that it was found in. Left out: any.')
            .exactOptional(),
          because: prose.describe('Why it is meant.'),
        }),
      )
      .describe('Findings of the lints that are meant. One that is no longer found is a warning.')
      .exactOptional(),
    otherwise: z
      .enum(['reachable', 'unreachable'])
      .describe(
        'What holds for every pair of different pods, on every declared port, that no rule speaks of. Left out: those are not tested.',
      )
      .exactOptional(),
    steps: z
      .array(step)
      .describe(
        'What happens then, one after the other: policies, labels and pods change, and every check is tried again. What stands at the top level is the first step.',
      )
      .exactOptional(),
  })
  .meta({
    title: 'podreach scenario',
    description:
      'A topology of probe pods, the network policies to apply, and who must and must not be able to reach whom.',
  });

/** A document that fits the grammar. */
export type ScenarioDocument = z.infer<typeof scenarioSchema>;
export type SourceText = z.infer<typeof source>;
export type DestinationText = z.infer<typeof destination>;
export type ExceptionText = z.infer<typeof exception>;
/** A rule of either list: what only `unreachable` knows is optional. */
export type RuleText = z.infer<typeof unreachableRule>;
export type PolicyText = z.infer<typeof policy>;
export type StepText = z.infer<typeof step>;
export type DeclaredPort = z.infer<typeof declaredPort>;
