/** The command line that shows a check again: in the pods of its run where they are still there, by a run of this check alone otherwise. */
import { endpointKey } from '../../model/endpoint.ts';
import { addressIn } from '../../model/family.ts';
import { dnsNameOf, serviceKey } from '../../model/service.ts';
import { describeConnection } from '../../pair.ts';
import { AGENT_PATH, PROBE_CONTAINER } from '../../probe/protocol.ts';
import { shellCommand } from '../../shell.ts';
import { INPUT_ARGUMENT, STANDARD_INPUT } from '../../standard-input.ts';
import type { Fact } from '../text/block.ts';
import { nodePortOf } from './node-port.ts';
import type { CheckView, RunView } from './view.ts';

export function reproduction(check: CheckView): Fact {
  const label = 'reproduce';
  // What is kept is the last step.
  const isLast = check.step.number === check.scenario.steps.length;
  if (!check.scenario.run.keepsPods || !isLast) return { label, text: runAgain(check), isCommand: true };
  const command = connectAgain(check);
  return command === undefined
    ? { label, text: `not possible: the address of ${check.to} is not known` }
    : { label, text: command, isCommand: true };
}

/** The same connection once more, by the same agent in the same pod. */
function connectAgain(check: CheckView): string | undefined {
  const { from, source, protocol, family, scenario } = check;
  const { kubectl = [] } = scenario.run.environment;
  const agentPod =
    source === undefined ? hostOf(from, scenario)?.agent : { namespace: source.namespace, pod: source.name };
  const target = targetOf(check);
  if (agentPod === undefined || target === undefined) return undefined;
  const inFamily = family === 'IPv6' && !target.host.includes(':') ? ['--family', family] : [];
  const agent = ['node', AGENT_PATH, 'connect', target.host, String(target.port), protocol, ...inFamily];
  if ('container' in agentPod) return shellCommand(['docker', 'exec', agentPod.container, ...agent]);
  const pod = ['-n', agentPod.namespace, agentPod.pod, '-c', PROBE_CONTAINER];
  return shellCommand(['kubectl', ...kubectl, 'exec', ...pod, '--', ...agent]);
}

function hostOf(key: string, { hosts = [] }: CheckView['scenario']) {
  return hosts.find(({ name }) => endpointKey({ kind: 'host', name }) === key);
}

interface DialledTarget {
  /** An address, or the name of a Service or a host. */
  readonly host: string;
  readonly port: number;
}

function targetOf(check: CheckView): DialledTarget | undefined {
  if (check.path === 'nodePort') return targetOfNodes(check);
  const host = dialledHostOf(check);
  return host === undefined ? undefined : { host, port: check.port };
}

function dialledHostOf({ to, path, family, destination, scenario }: CheckView): string | undefined {
  const addressOf = (first: string | undefined, others: readonly string[] = []): string | undefined =>
    addressIn(family, first === undefined ? [] : [first, ...others]);
  const { services = [], existingServices = [] } = scenario;
  const service = [...services, ...existingServices].find((one) => serviceKey(one) === to);
  if (service !== undefined)
    return path === 'dns' ? dnsNameOf(service) : addressOf(service.ip, service.otherIps);
  if (destination !== undefined) return addressOf(destination.ip, destination.otherIps);
  const { address, otherAddress = [], dnsName } = hostOf(to, scenario) ?? {};
  return dnsName ?? addressOf(address, [otherAddress].flat());
}

/** The first node that leads there: of several that which did not, as last seen. */
function targetOfNodes(check: CheckView): DialledTarget | undefined {
  const { nodes = [], observed = [] } = check;
  const port = nodePortOf(check);
  const { silent = [] } = observed.findLast(({ backends }) => backends !== undefined)?.backends ?? {};
  const node = nodes.find(({ name }) => silent.some((one) => one.endsWith(` via ${name}`))) ?? nodes[0];
  return node === undefined || port === undefined ? undefined : { host: node.address, port };
}

function runAgain(check: CheckView): string {
  const { name, run, location } = check.scenario;
  const { file } = location;
  const { watch } = run;
  const isAlone = run.scenarios.every((other) => other.name === name || other.location.file !== file);
  return shellCommand([
    'podreach',
    watch === undefined ? 'run' : 'monitor',
    argumentFor(file),
    ...(isAlone ? [] : ['--only', name]),
    '--check',
    describeConnection(check),
    ...optionsOf(run),
    '--keep',
    ...(watch?.command === undefined ? [] : ['--', ...watch.command.line]),
  ]);
}

function argumentFor(file: string): string {
  if (file === STANDARD_INPUT) return INPUT_ARGUMENT;
  return file.startsWith('-') ? `./${file}` : file;
}

/** Those with which the run was made. It must be the same cluster, whatever the current context is by then. */
function optionsOf({ run, environment: { cluster, clusterName } }: RunView): readonly string[] {
  const named = clusterName === undefined ? cluster : `${cluster}=${clusterName}`;
  const { again } = run.options;
  if (again === undefined) return cluster === 'sandbox' ? [] : ['--cluster', named];
  return again.map((word, index) => (again[index - 1] === '--cluster' ? named : word));
}
