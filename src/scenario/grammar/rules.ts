/** Rules: who must and must not be able to reach whom. */
import { z } from 'zod';
import { DNS_LABEL, PORT_NAME } from '../../labels.ts';
import { HELD_WISHES } from '../../model/held.ts';
import { SERVICE_PATHS } from '../../model/path.ts';
import { families } from './families.ts';
import { labelKey, labels, labelValue, NUMBERED_PORT, prose, text } from './text.ts';
import { portNumber } from './topology.ts';

const POD_PATTERN = `(\\*|${DNS_LABEL}/(\\*|${DNS_LABEL}))`;
const SERVICE_PATTERN = `service/${DNS_LABEL}/${DNS_LABEL}`;

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

/** Where connections start, as text. */
export const sourceText = text(
  POD_PATTERN,
  'names no pods: write "namespace/pod", "namespace/*" or "*"; or a host, as "host/name"',
);

const source = z.union([sourceText, peer]).meta({
  id: 'Source',
  description:
    'Where connections start: "namespace/pod", "namespace/*", "*" for all pods, pods by their labels, or "host/name".',
  examples: ['shop/web', 'shop/*', '*', 'host/office', { podSelector: { matchLabels: { app: 'web' } } }],
});

/** Where connections go, perhaps with a port, as text. */
export const destinationText = text(
  `(${POD_PATTERN}|${SERVICE_PATTERN})(:(${NUMBERED_PORT}|${PORT_NAME}))?`,
  'names no destination: write "namespace/pod", "namespace/*", "*", "host/name" or "service/namespace/name", alone or followed by ":8080", ":8080/UDP" or ":port-name"',
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
      'Where connections go: pods or a host as in "from", or a Service: alone (all ports that they declare) or with a port: ":8080" (TCP), ":8080/UDP" or ":port-name".',
    examples: [
      'shop/api:8080',
      'service/shop/api:80',
      'shop/db:5432/UDP',
      'shop/api:metrics',
      'shop/*',
      '*:53/UDP',
      'host/bank:443',
    ],
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

/** The ends of a rule. */
export const ends = {
  from: oneOrMore(source).describe('Where the connections start; one or a list.'),
  to: oneOrMore(destination).describe('Where they go; one or a list.'),
};

const ruleFields = {
  ...ends,
  except: oneOrMore(exception)
    .describe('Pairs to leave out: sources, or { from, to } for particular pairs; one or a list.')
    .exactOptional(),
  via: oneOrMore(z.enum(SERVICE_PATHS))
    .describe(
      'The ways to the Services that the rule names; one or a list, each a check of its own. "clusterIP": by the address of the Service, as without "via". "dns": by its full name, resolved inside the pod, which is the only way to a headless Service. "nodePort": by the addresses of the nodes, at the port that a Service of type NodePort or LoadBalancer has there; the only way for hosts.',
    )
    .meta({ examples: [['clusterIP', 'dns']] })
    .exactOptional(),
  families: families
    .describe(
      'The families of addresses that the rule speaks of, among those under "families" at the top level. Left out: all of these.',
    )
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

/** What only rules under `unreachable` know. */
const unreachableFields = {
  cutBy: z
    .literal('others')
    .describe(
      'Something else than the policies of this scenario cuts these pairs: a policy of the whole cluster, a firewall between nodes, a service mesh. They need not connect before the policies. Needs "because", which says what it is.',
    )
    .meta({ examples: ['others'] })
    .exactOptional(),
  held: z
    .enum(HELD_WISHES)
    .describe(
      'What is to become of a connection that was open before this step cut these pairs off: "kept" where it must go on, "cut" where it must not, "either" to have it told. The specification leaves it open. TCP only; the pairs were reachable in the step before.',
    )
    .meta({ examples: ['cut'] })
    .exactOptional(),
};
const cutByExample = {
  from: 'shop/web',
  to: 'shop/db:5432',
  cutBy: 'others',
  because: 'the cluster-wide policy of the security team cuts everything to port 5432',
};
/** What the JSON Schema says of the refinements below. */
const unreachableNeeds = { dependencies: { cutBy: ['because'] }, not: { required: ['cutBy', 'held'] } };
type UnreachableFields = { readonly cutBy?: unknown; readonly because?: unknown; readonly held?: unknown };
function hasReason({ cutBy, because }: UnreachableFields): boolean {
  return cutBy === undefined || because !== undefined;
}
function isHeldAlone({ cutBy, held }: UnreachableFields): boolean {
  return cutBy === undefined || held === undefined;
}
/** Says nothing where more is wrong already. */
const when = (payload: { readonly issues: readonly unknown[] }): boolean => payload.issues.length === 0;
const noReason = { error: 'a rule with "cutBy" must say why, and has no "because"', path: ['cutBy'], when };
const notHeldAlone = {
  error: '"held" cannot stand beside "cutBy": leave it out, as it is about pairs that these policies cut',
  path: ['held'],
  when,
};

export const rule = z
  .strictObject(ruleFields)
  .meta({ id: 'Rule', description: ruleMeaning, examples: [ruleExample] });

export const unreachableRule = z
  .strictObject({ ...ruleFields, ...unreachableFields })
  .refine(hasReason, noReason)
  .refine(isHeldAlone, notHeldAlone)
  .meta({
    id: 'UnreachableRule',
    description: ruleMeaning,
    examples: [ruleExample, cutByExample],
    ...unreachableNeeds,
  });

/** What only rules of steps know. */
const stepFields = {
  firstInstant: z
    .literal(true)
    .describe(
      'These pairs are tried from the first millisecond of the process of their source, which this step makes with "create" or "replace". Unreachable: one connection, however early, is a leak. Reachable: tells how long it took until the first connection.',
    )
    .exactOptional(),
};
const firstInstantExample = { from: 'shop/late', to: 'shop/db', firstInstant: true };

export const stepRule = z
  .strictObject({ ...ruleFields, ...stepFields })
  .meta({ id: 'StepRule', description: ruleMeaning, examples: [ruleExample, firstInstantExample] });

export const unreachableStepRule = z
  .strictObject({ ...ruleFields, ...unreachableFields, ...stepFields })
  .refine(hasReason, noReason)
  .refine(isHeldAlone, notHeldAlone)
  .meta({
    id: 'UnreachableStepRule',
    description: ruleMeaning,
    examples: [ruleExample, firstInstantExample, cutByExample],
    ...unreachableNeeds,
  });

export type SourceText = z.infer<typeof source>;
export type DestinationText = z.infer<typeof destination>;
export type ExceptionText = z.infer<typeof exception>;
/** A rule of any list: what only `unreachable` or only steps know is optional. */
export type RuleText = z.infer<typeof unreachableStepRule>;
