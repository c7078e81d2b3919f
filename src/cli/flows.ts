/** The connections that `podreach explain` is asked about. */
import { isIP } from 'node:net';
import { PodreachError } from '../errors.ts';
import { objectKey } from '../keys.ts';
import { isHost, parseEndpoint } from '../model/endpoint.ts';
import { FAMILIES, type Family } from '../model/family.ts';
import { API_SERVER, backendsOf, serviceKey } from '../model/service.ts';
import { describePort } from '../pair.ts';
import {
  type End,
  endOf,
  type Flow,
  flowBetween,
  POLICY_PROTOCOLS,
  type PodPort,
  type PolicyProtocol,
} from '../policy/model.ts';
import { type CheckedPair, flowsOf, noteOnServicePort } from '../policy/through-service.ts';
import type { ChosenStep } from '../scenario/chosen-step.ts';
import { DECLARE_API_SERVER } from '../scenario/existing-services.ts';
import type { Plan, PlannedStep, Port } from '../scenario/scenario.ts';
import { hostKey } from '../scenario/select.ts';
import { suggest } from '../scenario/suggest.ts';

export interface AskedFlows {
  /** Of the scenario that has the pods. */
  readonly chosen: ChosenStep;
  /** One for each port: at least one. */
  readonly flows: readonly Flow[];
  /** In which they are asked about: at least one, or that nothing is said of them. */
  readonly families: readonly (Family | undefined)[];
  /** About ports of a Service that policies name in place of those of its pods. */
  readonly notes?: readonly string[];
  /** A port that was asked for and that the destination, a pod or host, does not declare: `shop/db declares no port 22/TCP`. */
  readonly undeclared?: string;
}

/** The most steps that a hint lists. */
const LISTED = 3;

/** An end as it was written: a pod, a host or an address, and a port of it. */
interface WrittenEnd {
  readonly name: string;
  readonly isAddress: boolean;
  /** A number or a name. */
  readonly port?: string | undefined;
  readonly protocol?: string | undefined;
  /** The way to a Service. */
  readonly path?: string | undefined;
  readonly family?: Family | undefined;
}

/** As reports write a destination. Of the ways to a Service only that by the ports of nodes makes a difference to policies. */
const END =
  /^(?:\[(?<bracketed>[^\]]*)\]|(?<plain>[^:]*?))(?::(?<port>[^/]*?)(?:\/(?<protocol>.*?))?)?(?: via (?<path>\w+))?(?: over (?<family>IPv[46]))?$/;

/**
 * @param from `namespace/pod`, `host/name` or an address
 * @param to the same, alone or followed by a port: `:8080`, `:53/UDP`, `:name`, `:name/UDP`, and by ` over IPv6`; an IPv6 address is then
 *   in brackets
 * @throws PodreachError `usage`
 */
export function findFlows(steps: readonly ChosenStep[], from: string, to: string): AskedFlows {
  const source = readEnd(from);
  const destination = readEnd(to);
  if (source.port !== undefined) {
    fail(`${from} names a port, and the end that connects has none`, `Write ${source.name}.`);
  }
  if (parseEndpoint(destination.name)?.kind === 'service')
    return findServiceFlows(steps, source, destination);
  const named = [source, destination].filter(({ isAddress }) => !isAddress).map(({ name }) => name);
  if (named.every(isHost))
    fail('neither end is a pod', 'Write one of them as namespace/pod: policies are about pods.');
  const chosen = stepWith(steps, named);
  const declared = portsOfEnd(chosen.plan, destination.name) ?? [];
  const ports = portsOf(destination, declared);
  const [{ port, protocol } = {}] = ports;
  const isDeclared = declared.some((one) => one.port === port && one.protocol === protocol);
  return {
    chosen,
    families: familiesFor(destination, source, chosen),
    flows: ports.map((one) => ({
      from: endAs(source),
      to: endAs(destination),
      port: one.port,
      protocol: one.protocol,
    })),
    ...(isDeclared || destination.isAddress
      ? {}
      : { undeclared: `${destination.name} declares no port ${port}/${protocol}` }),
  };
}

/**
 * One flow for each pod behind each port: a connection to a Service is translated before policies look at it (D13). From outside the
 * cluster it goes through the ports of nodes.
 */
function findServiceFlows(
  steps: readonly ChosenStep[],
  source: WrittenEnd,
  destination: WrittenEnd,
): AskedFlows {
  const to = destination.name;
  const isOutside = source.isAddress || isHost(source.name);
  const keysIn = ({ plan: { services = [], existingServices = [] } }: ChosenStep): readonly string[] =>
    [...services, ...existingServices].map(serviceKey);
  const isThere = (step: ChosenStep): boolean => keysIn(step).includes(to);
  if (!steps.some(isThere)) {
    const known = steps.flatMap(keysIn);
    fail(
      `no scenario there has the Service ${to}`,
      to === serviceKey(API_SERVER) ? DECLARE_API_SERVER : suggest(to, [...new Set(known)], 'Services'),
    );
  }
  const chosen = stepWith(steps.filter(isThere), source.isAddress ? [] : [source.name]);
  const { services = [], existingServices = [] } = chosen.plan;
  const service = services.find((one) => serviceKey(one) === to);
  if (isOutside && service?.type === undefined) {
    fail(
      `${source.name} is outside the cluster, where ${to} has no address`,
      'Write a pod in its place, or a pod behind the Service as the end that is connected to.',
    );
  }
  if (existingServices.some((one) => serviceKey(one) === to))
    return flowsToExisting(source, destination, chosen);
  const isByNodes = isOutside || destination.path === 'nodePort';
  if (isByNodes && service?.type === undefined)
    fail(`${to} has no port on the nodes`, 'Leave "via nodePort" out, or give the Service "type: NodePort".');
  const declared = service?.ports ?? [];
  const ports = portsOf(destination, declared);
  const { pods } = chosen.step;
  const families = familiesFor(destination, source, chosen);
  const oracle = chosen.step.oracle(families[0]);
  const found = ports.flatMap(({ port, protocol }) => {
    const own = declared.find((one) => one.port === port && one.protocol === protocol);
    if (service === undefined || own === undefined)
      fail(
        `${to} has no port ${port}/${protocol}`,
        `Its ports are: ${declared.map(describePort).join(', ')}.`,
      );
    const backends = backendsOf(service, own, pods);
    if (backends.length === 0)
      fail(`nobody answers for ${to}:${describePort(own)}`, 'No pod that it selects has such a port.');
    const { headless, externalTrafficPolicy } = service;
    const pair: CheckedPair = {
      from: source.name,
      to,
      port,
      protocol,
      backends,
      ...(headless === true ? { headless } : {}),
      ...(isByNodes ? { path: 'nodePort' } : {}),
      ...(externalTrafficPolicy === undefined ? {} : { externalTrafficPolicy }),
    };
    return flowsOf(pair)
      .map((flow) => ({ ...flow, from: endAs(source) }))
      .map((flow) => ({ flow, note: noteOnServicePort(oracle, flow, port) }));
  });
  return {
    chosen,
    families,
    flows: found.map(({ flow }) => flow),
    notes: [...new Set(found.flatMap(({ note }) => note ?? []))],
  };
}

/** Who is behind it is for a cluster to say, and so is which of the families it has. */
function flowsToExisting(source: WrittenEnd, destination: WrittenEnd, chosen: ChosenStep): AskedFlows {
  const { name: to } = destination;
  if (destination.port === undefined)
    fail(`the ports of ${to} are known only on a cluster`, `Write one of them, such as ${to}:443.`);
  const flows = portsOf(destination, []).map((port) => flowBetween({ from: source.name, to, ...port }));
  return { chosen, flows, families: familiesFor(destination, source, chosen) };
}

function readEnd(text: string): WrittenEnd {
  if (isIP(text) !== 0) return { name: text, isAddress: true };
  const { bracketed, plain, port, protocol, path, family } = END.exec(text)?.groups ?? {};
  const name = bracketed ?? plain ?? text;
  return {
    name,
    isAddress: isIP(name) !== 0,
    port,
    protocol,
    path,
    family: FAMILIES.find((one) => one === family),
  };
}

/** That which is asked for, else those that the scenario tries; an address says itself which it is of. */
function familiesFor(to: WrittenEnd, from: WrittenEnd, { plan }: ChosenStep): AskedFlows['families'] {
  if (to.isAddress || from.isAddress) return [undefined];
  return to.family === undefined ? (plan.triedFamilies?.listed ?? [undefined]) : [to.family];
}

function endAs({ name, isAddress }: WrittenEnd): End {
  return isAddress ? { kind: 'address', address: name } : endOf(name);
}

/** The step of the scenario that has all of these pods and hosts. */
function stepWith(steps: readonly ChosenStep[], named: readonly string[]): ChosenStep {
  const [found, ...others] = steps.filter(({ plan }) =>
    named.every((end) => portsOfEnd(plan, end) !== undefined),
  );
  if (found !== undefined && others.length === 0) {
    for (const end of named) if (!isHost(end) && !hasPod(found.step, end)) failForAbsent(end, found);
    return found;
  }
  if (found !== undefined) {
    const names = [found, ...others].map(({ plan }) => plan.scenario.name);
    fail(
      `several scenarios there have these ${named.some(isHost) ? 'ends' : 'pods'}: ${names.join(', ')}`,
      `Choose one, such as --only ${found.plan.scenario.name}.`,
    );
  }
  const plans = steps.map(({ plan }) => plan);
  const missing =
    named.find((end) => plans.every((plan) => portsOfEnd(plan, end) === undefined)) ?? named.join(' and ');
  if (isHost(missing)) {
    const hosts = plans.flatMap(({ hosts = [] }) => hosts.map(hostKey));
    fail(
      `no scenario there has ${missing}`,
      `${hosts.length === 0 ? 'None declares a host.' : suggest(missing, [...new Set(hosts)], 'hosts')} An address will do, too.`,
    );
  }
  const known = plans.flatMap((plan) => plan.pods.map(objectKey));
  fail(`no scenario there has the pod ${missing}`, hintForPod(missing, [...new Set(known)]));
}

/** A pod that is there in other steps only. */
function failForAbsent(pod: string, { plan, number }: ChosenStep): never {
  const others = plan.steps.flatMap((step, index) => (hasPod(step, pod) ? [index + 1] : []));
  fail(
    `there is no ${pod} in step ${number}`,
    others.length === 0
      ? 'No step has it.'
      : `Choose a step that has it: --step ${others.slice(0, LISTED).join(', --step ')}.`,
  );
}

/** A pod may have been written without its namespace. */
function hintForPod(missing: string, known: readonly string[]): string {
  const same = known.filter((key) => key.endsWith(`/${missing}`));
  return same.length > 0
    ? `Write it with its namespace: ${same.join(' or ')}.`
    : `${suggest(missing, known, 'pods')} An address outside the cluster will do, too.`;
}

function hasPod({ pods }: Pick<PlannedStep, 'pods'>, key: string): boolean {
  return pods.some((pod) => objectKey(pod) === key);
}

/** Those that a pod or a host declares; undefined where a scenario has none of this key. */
function portsOfEnd(
  { pods, hosts = [] }: Pick<Plan, 'pods' | 'hosts'>,
  key: string,
): readonly Port[] | undefined {
  return isHost(key)
    ? hosts.find((host) => hostKey(host) === key)?.ports
    : pods.find((pod) => objectKey(pod) === key)?.ports;
}

/** A number need not be declared: policies judge it all the same. */
function portsOf({ name, port, protocol }: WrittenEnd, declared: readonly PodPort[]): readonly PodPort[] {
  if (protocol !== undefined && !isProtocol(protocol)) {
    fail(`there is no protocol "${protocol}" here`, `Write one of: ${POLICY_PROTOCOLS.join(', ')}.`);
  }
  if (port === undefined) {
    if (declared.length > 0) return declared;
    fail(`${name} declares no port`, `Write one, such as ${isIP(name) === 6 ? `[${name}]` : name}:443.`);
  }
  const named = declared.filter((one) => one.name === port && one.protocol === (protocol ?? one.protocol));
  if (named.length > 0) return named;
  const number = /^\d+$/.test(port) ? Number(port) : 0;
  if (number >= 1 && number <= 65_535) return [{ port: number, protocol: protocol ?? 'TCP' }];
  const names = declared.flatMap((one) => (one.name === undefined ? [] : `${one.name}/${one.protocol}`));
  fail(
    `${name} has no ${protocol === undefined ? '' : `${protocol} `}port "${port}"`,
    `Write a number from 1 to 65535${names.length === 0 ? '' : `, or one of: ${names.join(', ')}`}.`,
  );
}

function isProtocol(text: string): text is PolicyProtocol {
  return POLICY_PROTOCOLS.some((protocol) => protocol === text);
}

function fail(message: string, hint: string): never {
  throw new PodreachError('usage', message, { hint });
}
