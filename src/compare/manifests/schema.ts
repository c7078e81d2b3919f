/**
 * What a change of manifests comes to, as one JSON document. Its published JSON Schema (`schema/manifest-comparison.schema.json`) is
 * generated from here.
 */
import { z } from 'zod';
import { grounds, labels, location, type Unchanging } from '../../record/schema.ts';

/**
 * What became of a connection, the most dangerous first. `perhaps`: before or after, policies leave it open, so network plugins may
 * differ. `new`, `gone`: an end of it is, and it is allowed, or may be.
 */
export const CONNECTION_CHANGES = [
  'open',
  'perhaps-open',
  'new',
  'closed',
  'perhaps-closed',
  'gone',
] as const;
export type ConnectionChange = (typeof CONNECTION_CHANGES)[number];

const MANIFEST_OUTCOMES = ['opens-and-closes', 'opens', 'closes', 'same'] as const;

const key = z.string().describe('namespace/name');
const change = z.enum(['new', 'gone', 'changed']);
const protocol = z.enum(['TCP', 'UDP', 'SCTP']);
const port = z.strictObject({ name: z.string().exactOptional(), port: z.int(), protocol });

const prediction = z
  .strictObject({
    verdict: z.enum(['allowed', 'denied', 'undefined']),
    rule: z
      .string()
      .exactOptional()
      .describe('Of an undefined one: the rule that leaves it open, such as I1.'),
    reason: z.string().exactOptional().describe('Why it is undefined, as a clause.'),
    responsible: grounds,
  })
  .describe('What the policies mean for the connection. Absent: an end of it is not there.');

const connection = z.strictObject({
  from: key.describe('The workload that connects: namespace/name'),
  to: key.describe('The workload that is connected to.'),
  port: z.int(),
  portName: z.string().exactOptional(),
  protocol,
  change: z.enum(CONNECTION_CHANGES),
  before: prediction.exactOptional(),
  after: prediction.exactOptional(),
});

const elsewhere = z.strictObject({
  workload: key,
  direction: z.enum(['egress', 'ingress']).describe('egress: from the workload to the others.'),
  change: z.enum(['open', 'closed']),
  others: z.string().describe('Such as addresses in 10.0.0.0/8, or everybody else.'),
  ports: z.string().describe('Such as TCP 443, or every port.'),
  responsible: grounds.describe(
    'The rule that lets it through, after what is opened and before what is closed. Empty: nothing isolates the workload there.',
  ),
});

const workloadSide = z.strictObject({
  kind: z.string(),
  labels,
  ports: z.array(port),
  hostNetwork: z.boolean(),
  location,
});
const policySide = z.strictObject({ fingerprint: z.string().describe('SHA-256 of the text.'), location });
const namespaceSide = z.strictObject({ labels });

function sidesOf<Shape extends z.ZodType>(side: Shape) {
  return { change, before: side.exactOptional(), after: side.exactOptional() };
}

const facts = z.strictObject({
  name: z.string().describe('The path or the revision, as it was given.'),
  commit: z.string().exactOptional().describe('Of a revision.'),
  workloads: z.int(),
  policies: z.int(),
});

export const manifestComparisonSchema = z
  .strictObject({
    before: facts,
    after: facts,
    outcome: z.enum(MANIFEST_OUTCOMES),
    connections: z.array(connection).describe('The most dangerous first.'),
    elsewhere: z
      .array(elsewhere)
      .describe(
        'What policies come to say otherwise of addresses, and of pods in namespaces that no manifest has, for workloads that both states have. What opens is first.',
      ),
    same: z
      .strictObject({ allowed: z.int(), denied: z.int(), undefined: z.int() })
      .describe('Connections of which both say the same, by what that is.'),
    workloads: z.array(z.strictObject({ workload: key, ...sidesOf(workloadSide) })),
    namespaces: z.array(z.strictObject({ namespace: z.string(), ...sidesOf(namespaceSide) })),
    policies: z.array(z.strictObject({ policy: key, ...sidesOf(policySide) })),
    warnings: z.array(
      z.strictObject({
        side: z.enum(['before', 'after']),
        message: z.string(),
        location: location.exactOptional(),
        advice: z.string().exactOptional(),
      }),
    ),
  })
  .describe('What a change of manifests opens and closes: written by podreach diff --manifests.');

export type ManifestComparison = Unchanging<z.infer<typeof manifestComparisonSchema>>;
export type ConnectionDifference = ManifestComparison['connections'][number];
export type ElsewhereDifference = ManifestComparison['elsewhere'][number];
