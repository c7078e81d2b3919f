/**
 * What policies mean for a check. One to a pod is one flow; one to a Service is translated before policies look at it, so it is a flow to
 * each pod behind the Service, on that pod's own port (D13).
 */
import { describeAnswerer, type LeadingNode } from '../model/node-port.ts';
import type { CheckPath } from '../model/path.ts';
import type { ExistingEndpoint, ServiceBackend } from '../model/service.ts';
import type { PolicyAnswer } from './match.ts';
import { type Flow, flowBetween, type NodePassage, type PodPair, type ThroughExisting } from './model.ts';
import type { Oracle } from './oracle.ts';
import type { Responsible } from './policy.ts';

/** Two ends and a port: the second is a pod, or a Service with those behind it. */
export interface CheckedPair extends PodPair {
  /** Absent: the second end is a pod or host, or a Service that is there already. */
  readonly backends?: readonly ServiceBackend[];
  /** The Service has no address: policies see the pods as such (D27). */
  readonly headless?: true;
  /** The way to the Service; absent: by its address. */
  readonly path?: CheckPath;
  readonly externalTrafficPolicy?: 'Local';
}

/** What becomes of a check: of a Service, some pods may be allowed and others denied. */
export type CheckAnswer =
  | PolicyAnswer
  | {
      readonly verdict: 'partial';
      /**
       * The pods that are denied, as `namespace/name`; at the ports of nodes by way of which, as `describeAnswerer` has it. Of a Service that
       * is there already, the addresses of its endpoints.
       */
      readonly denied: readonly string[];
    };

export interface CheckRuling {
  readonly answer: CheckAnswer;
  /** See `Ruling`; of a Service of which only a part is allowed, what denies the rest. */
  readonly responsible: readonly Responsible[];
}

/** Where the Service of a check is, and who is behind it, as far as it is known. */
export interface ServiceWhereabouts {
  /** Its own address, of the family of the check. */
  readonly address?: string;
  /** Those behind one that is there already. */
  readonly endpoints?: readonly ExistingEndpoint[];
  /** Its port on the nodes. */
  readonly nodePort?: number;
  /** The nodes that lead to it there; absent: nobody knows which. */
  readonly nodes?: readonly LeadingNode[];
}

/** One flow for each pod behind the Service; where it is reached at the ports of nodes, for each pod to which a node leads. */
export function flowsOf(pair: CheckedPair, place: ServiceWhereabouts = {}): readonly [Flow, ...Flow[]] {
  const [first, ...others] = podPairsOf(pair).flatMap((one): readonly Flow[] => {
    const flow = flowBetween(one);
    if (flow.to.kind === 'existing-service') return atEndpoints({ ...flow, to: flow.to }, place);
    if (pair.backends === undefined || pair.headless === true) return [flow];
    if (pair.path === 'nodePort')
      return passagesTo(one.to, pair, place).map((through) => ({ ...flow, through }));
    const { address } = place;
    return [{ ...flow, to: { kind: 'service', pod: one.to, ...(address === undefined ? {} : { address }) } }];
  });
  if (first === undefined) throw new RangeError(`nobody is behind ${pair.to}`);
  return [first, ...others];
}

/** One for each endpoint, on its own port; one at an endpoint that is not known, where none is. */
function atEndpoints(
  flow: Flow & { readonly to: ThroughExisting },
  { address, endpoints = [] }: ServiceWhereabouts,
): readonly Flow[] {
  const to = { ...flow.to, ...(address === undefined ? {} : { address }) };
  if (endpoints.length === 0) return [{ ...flow, to }];
  return endpoints.map((endpoint) => ({ ...flow, to: { ...to, endpoint }, port: endpoint.port }));
}

function passagesTo(
  pod: string,
  { externalTrafficPolicy }: CheckedPair,
  { nodes, nodePort }: ServiceWhereabouts,
): readonly NodePassage[] {
  const known = {
    ...(nodePort === undefined ? {} : { port: nodePort }),
    keepsSource: externalTrafficPolicy === 'Local',
  };
  if (nodes === undefined) return [known];
  return nodes
    .filter(({ pods }) => pods.includes(pod))
    .map(({ name, address }) => ({ ...known, node: name, address }));
}

/** The same as pairs of pods: who connects to whom when all is translated. */
export function podPairsOf<Pair extends CheckedPair>({
  backends,
  headless: _,
  path: __,
  externalTrafficPolicy: ___,
  ...pair
}: Pair): readonly Omit<Pair, 'backends' | 'headless' | 'path' | 'externalTrafficPolicy'>[] {
  if (backends === undefined) return [pair];
  return backends.map(({ pod, port }) => ({ ...pair, to: pod, port }));
}

/** @param flows those of one check @throws RangeError for an end that the world does not have */
export function ruleAll(oracle: Oracle, flows: readonly Flow[]): CheckRuling {
  const rulings = flows.map((flow) => ({ flow, ...oracle.rule(flow) }));
  const [first, ...others] = rulings;
  if (first !== undefined && others.length === 0)
    return { answer: first.answer, responsible: first.responsible };
  const of = (verdict: PolicyAnswer['verdict']) => rulings.filter(({ answer }) => answer.verdict === verdict);
  const [open] = of('undefined');
  const denied = of('denied');
  const deciding = open === undefined ? (denied.length > 0 ? denied : rulings) : [open];
  const responsible = [...new Set(deciding.flatMap((one) => one.responsible))];
  if (open !== undefined) return { answer: open.answer, responsible };
  if (denied.length === 0) return { answer: { verdict: 'allowed' }, responsible };
  if (denied.length === rulings.length) return { answer: { verdict: 'denied' }, responsible };
  return { answer: { verdict: 'partial', denied: denied.flatMap(({ flow }) => podOf(flow)) }, responsible };
}

/** The same, of a check whose Service has no address yet. */
export function ruleCheck(oracle: Oracle, check: CheckedPair): CheckRuling {
  return ruleAll(oracle, flowsOf(check));
}

function podOf({ to, through }: Flow): readonly string[] {
  if (to.kind === 'existing-service') return to.endpoint === undefined ? [] : [to.endpoint.address];
  return to.kind === 'pod' || to.kind === 'service' ? [describeAnswerer(to.pod, through?.node)] : [];
}

/**
 * Where a flow through a Service is denied and would not be on the port of the Service: that port is written in a policy, and never counts
 * (D23). As a clause.
 */
export function noteOnServicePort(oracle: Oracle, flow: Flow, servicePort: number): string | undefined {
  if (flow.port === servicePort || oracle.evaluate(flow).verdict !== 'denied') return undefined;
  if (oracle.evaluate({ ...flow, port: servicePort }).verdict !== 'allowed') return undefined;
  return `port ${servicePort} is the Service's: the pods listen on ${flow.port}, and only that counts (D23)`;
}
