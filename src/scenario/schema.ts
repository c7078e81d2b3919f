/**
 * The scenario language's grammar: one document, before its names are looked up. The published JSON Schema
 * (`schema/scenario.schema.json`) is generated from here, so every description is written for the person who edits a
 * scenario. Its parts are in `grammar/`. `form.ts` turns what does not fit into problems; `read.ts` turns what fits into a `Scenario`.
 */
import { z } from 'zod';
import { DNS_LABEL } from '../labels.ts';
import { LINT_CODES } from '../policy/lint/codes.ts';
import { families } from './grammar/families.ts';
import { knownIssue } from './grammar/known-issues.ts';
import { manifestPath, manifests } from './grammar/manifests.ts';
import { policy } from './grammar/policies.ts';
import { rule, unreachableRule } from './grammar/rules.ts';
import { step } from './grammar/steps.ts';
import { date, POD_KEY, POD_KEY_OF_POLICY, prose, text } from './grammar/text.ts';
import { host, hostName, namespace, namespaceName, pod, podName, service } from './grammar/topology.ts';

export const API_VERSION = 'podreach/v1';
export const KIND = 'Scenario';
export const ISSUES_KIND = 'KnownIssues';
export const TOPOLOGY_KIND = 'Topology';
export const ISSUES_HEAD_HINT = `A list of known issues begins with "apiVersion: ${API_VERSION}" and "kind: ${ISSUES_KIND}".`;
export const TOPOLOGY_HEAD_HINT = `A topology that scenarios include begins with "apiVersion: ${API_VERSION}" and "kind: ${TOPOLOGY_KIND}".`;
export const HEAD_HINT = `A scenario begins with "apiVersion: ${API_VERSION}" and "kind: ${KIND}".`;
export const CUT_BY_HINT = 'Write "cutBy: others" and, under "because", what it is that cuts the pair.';

const scenarioName = text(
  DNS_LABEL,
  'is not a scenario name: use lower-case letters, digits and "-", at most 63 characters',
);
/** What there is. A scenario says it itself, or includes it. */
const topologyKeys = {
  include: z
    .array(manifestPath)
    .min(1)
    .describe(
      'Files with what several scenarios share, relative to this file: each is one document of the kind Topology.',
    )
    .meta({ examples: [['topology.yaml']] })
    .exactOptional(),
  manifests: z
    .array(manifests)
    .describe(
      'What is deployed, as it is: its policies are applied, its namespaces are created, and each workload becomes a probe pod.',
    )
    .exactOptional(),
  namespaces: z
    .record(namespaceName, namespace)
    .describe(
      'The namespaces that the run creates, by name, beside those of the manifests, and those that are there already.',
    )
    .exactOptional(),
  pods: z
    .record(podName, pod)
    .describe(
      'The probe pods that the run creates, by "namespace/name", beside the workloads of the manifests, and what is other about these.',
    )
    .exactOptional(),
  hosts: z
    .record(hostName, host)
    .describe(
      'What is outside the cluster, by its name: rules name it as "host/" and the name. It is no pod: "*" does not mean it, and no selector matches it.',
    )
    .exactOptional(),
  services: z
    .record(podName, service)
    .describe(
      'The Services that the run creates, by "namespace/name", beside those of the manifests, and those that are there already. Rules name one as "service/namespace/name".',
    )
    .exactOptional(),
  policies: z
    .array(policy)
    .describe('The NetworkPolicies to apply, exactly as written: files, folders, globs or inline manifests.')
    .exactOptional(),
};

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
    reviewBy: date
      .describe('When somebody should look at it again. Being overdue is reported and never fails a run.')
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
    ...topologyKeys,
    families: families
      .describe(
        'The families of addresses in which every connection is tried, each a check of its own: [IPv4, IPv6] on a cluster that has both. Left out: the first of the cluster.',
      )
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
          pod: podName
            .describe('The pod of the workload that it is about, as "policy". Left out: any.')
            .exactOptional(),
          service: text(POD_KEY, 'is not a Service: write "namespace/name"')
            .describe('The Service that it is about, as "policy". Left out: any.')
            .exactOptional(),
          because: prose.describe('Why it is meant.'),
        }),
      )
      .describe('Findings of the lints that are meant. One that is no longer found is a warning.')
      .exactOptional(),
    knownIssues: z
      .array(knownIssue)
      .describe(
        'Mismatches that somebody answers for: they are shown as known, and fail no run until they expire.',
      )
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

/** A document with what several scenarios share. */
export const topologySchema = z
  .strictObject({
    apiVersion: z.literal(API_VERSION).describe('The version of this language.'),
    kind: z.literal(TOPOLOGY_KIND).describe('What this document is.'),
    description: prose.describe('What it is, for a reader who does not know it.').exactOptional(),
    ...topologyKeys,
  })
  .meta({
    title: 'podreach topology',
    description: 'What several scenarios share: they name its file under "include".',
  });

/** A document with nothing but known issues, of scenarios in other files. */
export const knownIssuesSchema = z
  .strictObject({
    apiVersion: z.literal(API_VERSION).describe('The version of this language.'),
    kind: z.literal(ISSUES_KIND).describe('What this document is.'),
    scenarios: z
      .array(scenarioName)
      .min(1)
      .describe('The names of the scenarios that it is about. Left out: every one.')
      .exactOptional(),
    knownIssues: z.array(knownIssue).describe('Mismatches that somebody answers for.'),
  })
  .meta({
    title: 'podreach known issues',
    description:
      'Mismatches that somebody answers for: they are shown as known, and fail no run until they expire.',
  });

/** A document that fits the grammar. */
export type ScenarioDocument = z.infer<typeof scenarioSchema>;

/** What a document says of what there is, whether a scenario or a topology. */
export type TopologyText = Pick<ScenarioDocument, keyof typeof topologyKeys>;
