/** Blocks of addresses that pods or Services commonly have, which network plugins see differently (I1, I2). */
import ipaddr from 'ipaddr.js';
import { objectKey } from '../../keys.ts';
import { type Cidr, canonicalCidr, isWithin, parseCidr } from '../addresses.ts';
import { listNames } from '../list-names.ts';
import type { PolicyRule } from '../manifest.ts';
import { flowBetween } from '../model.ts';
import type { PodParty } from '../parties.ts';
import type { Policy } from '../policy.ts';
import {
  findingAt,
  type Lint,
  type LintContext,
  type LintFinding,
  otherOf,
  type PlacedRule,
  placedPeers,
  placedRules,
} from './finding.ts';
import { writePeers } from './selecting.ts';

interface UsualRange {
  readonly of: 'pods' | 'services';
  readonly range: Cidr;
  /** Whose default it is. */
  readonly where: string;
  /** People have such addresses outside of clusters, too: only a rule about this range and no other is taken to mean pods. */
  readonly isAmbiguous?: true;
}

/** What the addresses of pods and Services are where nobody chose others. Which cluster a scenario is for is not known. */
const USUAL_RANGES: readonly UsualRange[] = [
  usual('pods', '10.244.0.0/16', 'kind, minikube and Flannel'),
  usual('pods', 'fd00:10:244::/56', 'kind'),
  usual('pods', '10.42.0.0/16', 'K3s and RKE2'),
  usual('pods', '10.128.0.0/14', 'OpenShift'),
  { ...usual('pods', '192.168.0.0/16', "Calico and podreach's kind cluster"), isAmbiguous: true },
  usual('services', '10.96.0.0/12', 'kubeadm, kind and minikube'),
  usual('services', 'fd00:10:96::/112', 'kind'),
  usual('services', '10.43.0.0/16', 'K3s and RKE2'),
  usual('services', '172.30.0.0/16', 'OpenShift'),
];

export const lintBlocks: Lint = (policy, context) =>
  placedRules(policy).flatMap((rule) =>
    placedPeers(rule).flatMap(({ peer, path }): readonly LintFinding[] => {
      const range = peer.kind === 'block' ? usualRangeOf(peer.cidr, rule.rule) : undefined;
      if (peer.kind !== 'block' || range === undefined) return [];
      return [
        findingAt(policy, [...path, 'ipBlock', 'cidr'], {
          ...describeRange(peer.cidr, range),
          advice: adviseOnBlock(peer.cidr, range, podsMeant(policy, rule, context), policy, context),
        }),
      ];
    }),
  );

function usualRangeOf(cidr: Cidr, { peers }: PolicyRule): UsualRange | undefined {
  return USUAL_RANGES.find(
    ({ range, isAmbiguous }) =>
      isWithin(cidr, range) &&
      (isAmbiguous !== true || peers.every((peer) => peer.kind !== 'block' || isWithin(range, peer.cidr))),
  );
}

function describeRange(
  { text }: Cidr,
  { of, range, where }: UsualRange,
): Pick<LintFinding, 'code' | 'rule' | 'message'> {
  return of === 'pods'
    ? {
        code: 'block-of-pods',
        rule: 'I1',
        message: `${text} holds what are commonly pods' addresses (${range.text} in ${where}), and not every network plugin matches pods by address`,
      }
    : {
        code: 'block-of-services',
        rule: 'I2',
        message: `${text} holds what are commonly Services' addresses (${range.text} in ${where}), which most network plugins do not look at`,
      };
}

function adviseOnBlock(
  cidr: Cidr,
  { of, range }: UsualRange,
  meant: readonly PodParty[],
  { namespace }: Policy,
  { oracle }: LintContext,
): string {
  const peers = writePeers(meant, namespace, oracle);
  if (peers !== undefined)
    return `Write ${peers} in its place, for ${listNames(meant.map(({ name }) => name))}.`;
  if (of === 'services' && canonicalCidr(cidr) === canonicalCidr(apiServerIn(range)))
    return 'If it is the API server, name the addresses of its endpoints, and their port: "kubectl get endpointslices -n default kubernetes" shows both (D24).';
  return of === 'pods'
    ? 'Name the pods by podSelector and namespaceSelector: their addresses change with every restart.'
    : 'Name the pods behind the Service by podSelector and namespaceSelector.';
}

/** The first address of the range of Services, which is that of the API server's. */
function apiServerIn({ network }: Cidr): Cidr {
  const bytes = network.toByteArray();
  const address = ipaddr.fromByteArray([...bytes.slice(0, -1), (bytes.at(-1) ?? 0) + 1]);
  return { text: '', network: address, bits: 8 * bytes.length };
}

/** The pods that checks expect to connect and about which this rule decides: without their addresses, it leaves them open. */
function podsMeant(
  policy: Policy,
  { direction, index }: PlacedRule,
  { oracle, checksOn }: LintContext,
): readonly PodParty[] {
  const checks = oracle.subjectsOf(policy).flatMap(({ name }) => checksOn(name, direction));
  const meant = checks.filter((check) => {
    const { answer, responsible } = oracle.rule(flowBetween(check));
    return (
      check.expected === 'reachable' &&
      answer.verdict === 'undefined' &&
      responsible.some(
        (one) => one.direction === direction && one.policy === objectKey(policy) && one.rule === index,
      )
    );
  });
  const names = new Set(meant.map((check) => otherOf(check, direction)));
  return oracle.parties.pods.filter(({ name }) => names.has(name));
}

function usual(of: UsualRange['of'], text: string, where: string): UsualRange {
  const range = parseCidr(text);
  if (range === undefined) throw new Error(`${text} is no CIDR`);
  return { of, range, where };
}
