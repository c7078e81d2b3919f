/** The command line that shows a check again: in the pods of its run where they are still there, by a run of this check alone otherwise. */
import { dnsNameOf, serviceKey } from '../../model/service.ts';
import { describeConnection } from '../../pair.ts';
import { AGENT_PATH, PROBE_CONTAINER } from '../../probe/protocol.ts';
import { shellCommand } from '../../shell.ts';
import { INPUT_ARGUMENT, STANDARD_INPUT } from '../../standard-input.ts';
import type { Fact } from '../text/block.ts';
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
  const { source, port, protocol, scenario } = check;
  const { kubectl = [] } = scenario.run.environment;
  const host = hostOf(check);
  if (source === undefined || host === undefined) return undefined;
  const agent = ['node', AGENT_PATH, 'connect', host, String(port), protocol];
  const pod = ['-n', source.namespace, source.name, '-c', PROBE_CONTAINER];
  return shellCommand(['kubectl', ...kubectl, 'exec', ...pod, '--', ...agent]);
}

/** What is dialled: an address, or the name of a Service. */
function hostOf({ to, path, destination, scenario: { services = [] } }: CheckView): string | undefined {
  const service = services.find((one) => serviceKey(one) === to);
  if (service === undefined) return destination?.ip;
  return path === 'dns' ? dnsNameOf(service) : service.ip;
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
