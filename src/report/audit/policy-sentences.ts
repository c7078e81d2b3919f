/**
 * NetworkPolicies in plain language. What is said follows the numbered rules of `docs/semantics.md`; whatever cannot be
 * read as a policy is not guessed at.
 */
import { parse } from 'yaml';
import { z } from 'zod';
import { effectivePolicyTypes } from '../../policy/isolation.ts';
import { list, name, type Phrase, say } from './phrase.ts';

/** Every namespace carries its own name under this label (D9). */
const NAME_LABEL = 'kubernetes.io/metadata.name';

const PROTOCOLS: ReadonlySet<string> = new Set(['TCP', 'UDP', 'SCTP']);

const selectorSchema = z.object({
  matchLabels: z.record(z.string(), z.string()).nullish(),
  matchExpressions: z
    .array(
      z.object({
        key: z.string(),
        operator: z.enum(['In', 'NotIn', 'Exists', 'DoesNotExist']),
        values: z.array(z.string()).nullish(),
      }),
    )
    .nullish(),
});
const peerSchema = z.object({
  podSelector: selectorSchema.nullish(),
  namespaceSelector: selectorSchema.nullish(),
  ipBlock: z.object({ cidr: z.string(), except: z.array(z.string()).nullish() }).nullish(),
});
const portSchema = z.object({
  port: z.union([z.int(), z.string()]).nullish(),
  endPort: z.int().nullish(),
  protocol: z.string().nullish(),
});
const ports = z.array(portSchema).nullish();
/** An empty entry of a list of rules is a rule that says nothing. */
const policySchema = z.object({
  kind: z.literal('NetworkPolicy'),
  spec: z
    .object({
      podSelector: selectorSchema.nullish(),
      ingress: z.array(z.object({ from: z.array(peerSchema).nullish(), ports }).nullable()).nullish(),
      egress: z.array(z.object({ to: z.array(peerSchema).nullish(), ports }).nullable()).nullish(),
    })
    .nullish(),
});

type Selector = z.infer<typeof selectorSchema>;
type Requirement = NonNullable<Selector['matchExpressions']>[number];
type Peers = readonly z.infer<typeof peerSchema>[];
type Ports = readonly z.infer<typeof portSchema>[];
interface Rule {
  readonly peers: Peers;
  readonly ports: Ports;
}

/**
 * What a policy says, a sentence each: whom it concerns, who may connect to them, whom they may connect to.
 *
 * @param text of one NetworkPolicy, in YAML, as it was applied
 * @param namespace that it was applied to
 */
export function describePolicy(text: string, namespace: string): Phrase[] {
  const policy = readPolicy(text);
  if (policy === undefined)
    return [say`Its text could not be read as a NetworkPolicy, so it is not described here.`];
  const { subjects, types, ingress, egress } = policy;
  return [
    say`It concerns ${describeSubjects(subjects, namespace)}.`,
    ...(types.includes('Ingress')
      ? describeIngress(ingress, namespace)
      : [say`It does not restrict who may connect to them.`]),
    ...(types.includes('Egress')
      ? describeEgress(egress, namespace)
      : [say`It does not restrict whom they may connect to.`]),
  ];
}

function readPolicy(text: string) {
  let object: unknown;
  try {
    object = parse(text);
  } catch {
    return undefined;
  }
  const { data } = policySchema.safeParse(object);
  if (data === undefined) return undefined;
  const { podSelector, ingress, egress } = data.spec ?? {};
  return {
    subjects: podSelector ?? {},
    // Judged as it was written, by the same function as everywhere else (D1).
    types: effectivePolicyTypes(specOf(object)),
    ingress: (ingress ?? []).map((rule) => ({ peers: rule?.from ?? [], ports: rule?.ports ?? [] })),
    egress: (egress ?? []).map((rule) => ({ peers: rule?.to ?? [], ports: rule?.ports ?? [] })),
  };
}

function specOf(object: unknown): unknown {
  return typeof object === 'object' && object !== null && 'spec' in object ? object.spec : undefined;
}

/** Without any rule nobody is admitted; what no rule of any policy admits is blocked (D6, D7). */
function describeIngress(rules: readonly Rule[], namespace: string): Phrase[] {
  if (rules.length === 0) return [say`It lets nobody connect to them.`];
  const sentences = rules.map(
    (rule) => say`It lets ${describePeers(rule, namespace)} connect to them${describePorts(rule)}.`,
  );
  return [...sentences, ...(rules.some(admitsAll) ? [] : [say`It lets nobody else connect to them.`])];
}

function describeEgress(rules: readonly Rule[], namespace: string): Phrase[] {
  if (rules.length === 0) return [say`It lets them connect to nobody.`];
  const sentences = rules.map(
    (rule) => say`It lets them connect to ${describePeers(rule, namespace)}${describePorts(rule)}.`,
  );
  return [...sentences, ...(rules.some(admitsAll) ? [] : [say`It lets them connect to nobody else.`])];
}

function admitsAll({ peers, ports }: Rule): boolean {
  return peers.length === 0 && ports.length === 0;
}

function describeSubjects(selector: Selector, namespace: string): Phrase {
  const conditions = describeConditions(selector);
  return conditions === undefined
    ? say`all pods in ${name(namespace)}`
    : say`pods in ${name(namespace)} ${conditions}`;
}

/** Peers are alternatives; a rule without any is open to everybody (D7, D8). */
function describePeers({ peers }: Rule, namespace: string): Phrase {
  return peers.length === 0 ? say`everybody` : list(peers.map((peer) => describePeer(peer, namespace)));
}

/** D9, D12. */
function describePeer({ podSelector, namespaceSelector, ipBlock }: Peers[number], namespace: string): Phrase {
  if (ipBlock !== undefined && ipBlock !== null) {
    const except = ipBlock.except ?? [];
    const hole = except.length === 0 ? [] : say` except ${list(except.map(name))}`;
    return say`addresses in ${name(ipBlock.cidr)}${hole}`;
  }
  if (namespaceSelector === undefined || namespaceSelector === null)
    return describeSubjects(podSelector ?? {}, namespace);
  const pods = describeConditions(podSelector ?? {});
  const where = describeNamespaces(namespaceSelector);
  return pods === undefined ? say`all pods in ${where}` : say`pods ${pods} in ${where}`;
}

function describeNamespaces(selector: Selector): Phrase {
  const labels = Object.entries(selector.matchLabels ?? {});
  const [first] = labels;
  if (labels.length === 1 && first?.[0] === NAME_LABEL && (selector.matchExpressions ?? []).length === 0)
    return name(first[1]);
  const conditions = describeConditions(selector);
  return conditions === undefined ? say`any namespace` : say`namespaces ${conditions}`;
}

/** All of them must hold (D8); `undefined` where there are none, which selects everything (D9). */
function describeConditions({ matchLabels, matchExpressions }: Selector): Phrase | undefined {
  const exact = Object.entries(matchLabels ?? {}).map(([key, value]) => name(`${key}=${value}`));
  const conditions = [
    ...(exact.length === 0 ? [] : [say`labelled ${list(exact)}`]),
    ...(matchExpressions ?? []).map(describeRequirement),
  ];
  return conditions.length === 0 ? undefined : list(conditions);
}

function describeRequirement({ key, operator, values }: Requirement): Phrase {
  const words = (values ?? []).map(name);
  switch (operator) {
    case 'In':
      return say`whose label ${name(key)} is ${list(words, 'or')}`;
    case 'NotIn':
      // Also where the label is missing (D11).
      return say`whose label ${name(key)} is not ${list(words, 'or')}`;
    case 'Exists':
      return say`that have a label ${name(key)}`;
    case 'DoesNotExist':
      return say`without a label ${name(key)}`;
  }
}

/** Nothing where a rule names no ports: then all of them are meant (D7). */
function describePorts({ ports }: Rule): Phrase {
  return ports.length === 0 ? [] : say` on ${list(ports.map(describePort))}`;
}

/** D2, D13–D15. */
function describePort({ port, endPort, protocol }: Ports[number]): Phrase {
  const kind = PROTOCOLS.has(protocol ?? 'TCP') ? say`${protocol ?? 'TCP'}` : name(protocol ?? '');
  if (port === undefined || port === null) return say`any ${kind} port`;
  if (typeof port === 'string') return say`the ${kind} port named ${name(port)}`;
  return endPort === undefined || endPort === null
    ? say`${kind} ${port}`
    : say`${kind} ${port} to ${endPort}`;
}
