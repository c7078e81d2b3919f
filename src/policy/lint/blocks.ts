/** Blocks of addresses that do not do what they look like: of pods or Services (I1, I2), or with exceptions for nothing (D12). */
import { objectKey } from '../../keys.ts';
import { type Block, type Cidr, isWithin, parseCidr, reachesInto } from '../addresses.ts';
import type { Rule } from '../manifest.ts';
import { flowBetween, type Path } from '../model.ts';
import type { Oracle } from '../oracle.ts';
import type { PodParty } from '../parties.ts';
import type { Policy } from '../policy.ts';
import { describePort, type PortEntry } from '../ports.ts';
import {
  type Finding,
  findingAt,
  type Lint,
  type LintContext,
  listNames,
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
    placedPeers(rule).flatMap(({ peer, path }): readonly Finding[] => {
      if (peer.kind !== 'block') return [];
      const range = usualRangeOf(peer.cidr, rule.rule);
      const at = (index: number): Path => [...path, 'ipBlock', 'except', index];
      const useless = findOverlaps(peer);
      return [
        ...(range === undefined
          ? []
          : [
              findingAt(policy, [...path, 'ipBlock', 'cidr'], {
                ...describeRange(peer.cidr, range),
                advice: adviseOnBlock(range, podsMeant(policy, rule, context), policy, context),
              }),
            ]),
        ...useless.map(({ index, hole, around }) =>
          findingAt(policy, at(index), {
            code: 'overlapping-except',
            rule: 'D12',
            message: `the exception ${hole.text} takes nothing out that ${around.text} does not take out already`,
            advice: `Take ${hole.text} out of the list.`,
          }),
        ),
        ...peer.except.flatMap((hole, index) => {
          const opener = findOpener(hole, { peer, policy, rule }, context.oracle);
          return opener === undefined || useless.some((one) => one.index === index)
            ? []
            : [
                findingAt(policy, at(index), {
                  code: 'overlapping-except',
                  rule: 'D12',
                  message: `what the exception ${hole.text} takes out, ${opener} lets through all the same: an exception denies nothing`,
                  advice: `Take ${hole.text} out there as well, or take the exception out if the way is meant to be open.`,
                }),
              ];
        }),
      ];
    }),
  );

interface Excepting {
  readonly peer: Block;
  readonly policy: Policy;
  readonly rule: PlacedRule;
}

/** Another entry for the same pods, in the same direction and on the same ports, that allows some of a hole. */
function findOpener(hole: Cidr, { peer, policy, rule }: Excepting, oracle: Oracle): string | undefined {
  const subjects = new Set(oracle.subjectsOf(policy).map(({ name }) => name));
  for (const other of oracle.policies) {
    if (!oracle.subjectsOf(other).some(({ name }) => subjects.has(name))) continue;
    for (const opener of placedRules(other)) {
      if (opener.direction !== rule.direction || !coversPorts(opener.rule, rule.rule)) continue;
      const name = `rule ${opener.index + 1} of policy ${objectKey(other)}`;
      if (opener.rule.peers.length === 0) return `${name}, which names no peers,`;
      const block = opener.rule.peers.find(
        (one) => one.kind === 'block' && one !== peer && reachesInto(one, hole),
      );
      if (block?.kind === 'block') return `${block.cidr.text} in ${name}`;
    }
  }
  return undefined;
}

function usualRangeOf(cidr: Cidr, { peers }: Rule): UsualRange | undefined {
  return USUAL_RANGES.find(
    ({ range, isAmbiguous }) =>
      isWithin(cidr, range) &&
      (isAmbiguous !== true || peers.every((peer) => peer.kind !== 'block' || isWithin(range, peer.cidr))),
  );
}

function describeRange(
  { text }: Cidr,
  { of, range, where }: UsualRange,
): Pick<Finding, 'code' | 'rule' | 'message'> {
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
  { of }: UsualRange,
  meant: readonly PodParty[],
  { namespace }: Policy,
  { oracle }: LintContext,
): string {
  const peers = writePeers(meant, namespace, oracle);
  if (peers !== undefined)
    return `Write ${peers} in its place, for ${listNames(meant.map(({ name }) => name))}.`;
  return of === 'pods'
    ? 'Name the pods by podSelector and namespaceSelector: their addresses change with every restart.'
    : 'Name the pods behind the Service by podSelector and namespaceSelector.';
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

/** Whether every port of the inner rule is one of the outer. */
function coversPorts(outer: Rule, inner: Rule): boolean {
  if (outer.ports.length === 0) return true;
  return (
    inner.ports.length > 0 && inner.ports.every((one) => outer.ports.some((other) => coversPort(other, one)))
  );
}

function coversPort(outer: PortEntry, inner: PortEntry): boolean {
  if (outer.protocol !== inner.protocol) return false;
  if (outer.kind === 'numbers' && inner.kind === 'numbers')
    return outer.first <= inner.first && inner.last <= outer.last;
  return outer.kind === 'every' || describePort(outer) === describePort(inner);
}

function usual(of: UsualRange['of'], text: string, where: string): UsualRange {
  const range = parseCidr(text);
  if (range === undefined) throw new Error(`${text} is no CIDR`);
  return { of, range, where };
}

/** Exceptions within another one; of two that are the same, the later. */
function findOverlaps({
  except,
}: Block): readonly { readonly index: number; readonly hole: Cidr; readonly around: Cidr }[] {
  return except.flatMap((hole, index) => {
    const around = except.find(
      (other, position) =>
        position !== index && isWithin(hole, other) && (position < index || !isWithin(other, hole)),
    );
    return around === undefined ? [] : [{ index, hole, around }];
  });
}
