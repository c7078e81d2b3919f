/** What policies and workloads leave open, as questions to the person who goes on with a first scenario. */
import type { Location } from '../../errors.ts';
import { objectKey } from '../../keys.ts';
import type { Direction } from '../../policy/isolation.ts';
import { placedPeers, placedRules } from '../../policy/lint/finding.ts';
import type { Oracle, Ruling } from '../../policy/oracle.ts';
import { describePeer } from '../../policy/peers.ts';
import { describeResponsible, locationOf } from '../../policy/policy.ts';
import { reviewPlan } from '../../policy/review.ts';
import type { Plan } from '../scenario.ts';
import type { EndNames } from './ends.ts';
import { groupByReason, type RuledPairs, writePairs } from './ruled-pairs.ts';

export interface AskedQuestion {
  readonly text: string;
  /** What it is about, or what could be written: lines, as they are. */
  readonly lines: readonly string[];
}

/** In the order in which they matter: what is open to everybody comes first. */
export function askQuestions(plan: Plan, pairs: RuledPairs, names: EndNames): readonly AskedQuestion[] {
  const oracle = plan.steps[0].oracle();
  return [
    ...askAboutIsolation(plan, oracle),
    ...askAboutUndefined(pairs, names),
    ...askAboutBlocks(oracle),
    ...askAboutPorts(plan),
    ...askAboutFindings(plan, pairs),
  ];
}

function askAboutIsolation(plan: Plan, oracle: Oracle): readonly AskedQuestion[] {
  const isOpen = (pod: string, direction: Direction): boolean =>
    oracle.policiesIsolating(pod, direction).length === 0;
  const open = (ingress: boolean, egress: boolean): readonly string[] =>
    listWorkloads(plan, (pod) => isOpen(pod, 'ingress') === ingress && isOpen(pod, 'egress') === egress);
  return [
    {
      text: 'Who may reach these, and whom may they reach? No policy isolates them, neither for ingress nor for egress [workload-without-policy].',
      lines: open(true, true),
    },
    {
      text: 'Who may reach these? Policies isolate their egress, and none their ingress.',
      lines: open(true, false),
    },
    {
      text: 'Whom may these reach? Policies isolate their ingress, and none their egress: the Internet is open to them.',
      lines: open(false, true),
    },
  ].filter(({ lines }) => lines.length > 0);
}

function askAboutUndefined({ undefined: open }: RuledPairs, names: EndNames): readonly AskedQuestion[] {
  const reasonOf = (ruling: Ruling): string => {
    const { answer } = ruling;
    if (answer.verdict !== 'undefined') return '';
    const rule = answer.rule === undefined ? '' : ` (${answer.rule})`;
    return `${answer.reason}${rule}: ${ruling.responsible.map(describeResponsible).join(', ')}`;
  };
  return groupByReason(open, reasonOf).map(({ reason, pairs }) => ({
    text: `Are these to connect? It is not tried, because ${reason}. Put each under "reachable" or "unreachable".`,
    lines: writePairs('', pairs, names),
  }));
}

/** Addresses outside are no pods, and only pods are tried. */
function askAboutBlocks(oracle: Oracle): readonly AskedQuestion[] {
  const lines = oracle.policies
    .filter((policy) => oracle.subjectsOf(policy).length > 0)
    .flatMap((policy) =>
      placedRules(policy).flatMap((rule) => {
        const blocks = placedPeers(rule).filter(({ peer }) => peer.kind === 'block');
        if (blocks.length === 0) return [];
        const { direction, index, path } = rule;
        const responsible = {
          policy: objectKey(policy),
          direction,
          rule: index,
          ...locationOf(policy.written, path),
        };
        const peers = blocks.map(({ peer }) => describePeer(peer, policy.namespace));
        return [`${describeResponsible(responsible)}: ${peers.join(', ')}`];
      }),
    );
  if (lines.length === 0) return [];
  return [
    {
      text: 'Are these addresses the right ones? What is outside the cluster is not tried: podreach explain says what the policies mean for one address.',
      lines,
    },
  ];
}

function askAboutPorts(plan: Plan): readonly AskedQuestion[] {
  const silent = new Set(plan.pods.filter(({ ports }) => ports.length === 0).map(objectKey));
  const lines = listWorkloads(plan, (pod) => silent.has(pod));
  if (lines.length === 0) return [];
  return [
    {
      text: 'Do these listen on a port? Their manifests declare none, so nothing is tried to reach them. Under "pods", write such as shop/web: { ports: [8080] }.',
      lines,
    },
  ];
}

/** The workloads whose pods are asked about, with their places. */
function listWorkloads({ manifests }: Plan, isMeant: (pod: string) => boolean): readonly string[] {
  return (manifests?.workloads ?? [])
    .filter(({ pod }) => isMeant(pod))
    .map(({ pod, kind, location }) => `${pod} (${kind}, ${placeOf(location)})`);
}

/** What validate will say of the scenario, but for what is asked already. */
function askAboutFindings(plan: Plan, { allowed, denied }: RuledPairs): readonly AskedQuestion[] {
  const [first] = plan.steps;
  const checks = [
    ...allowed.map(({ check }) => ({ ...check, expected: 'reachable' as const })),
    ...denied.map(({ check }) => ({ ...check, expected: 'unreachable' as const })),
  ];
  return reviewPlan({ ...plan, steps: [{ ...first, checks }] })
    .filter(({ code }) => code !== 'workload-without-policy')
    .map(({ code, message, location, advice }) => ({
      text: `Is this meant? ${placeOf(location)}: ${message} [${code}].${advice === undefined ? '' : ` ${advice}`}`,
      lines: [],
    }));
}

function placeOf({ file, line }: Location): string {
  return `${file}:${line}`;
}
