/** The command line that shows a check again: in the pods of its run where they are still there, by a run of this check alone otherwise. */
import { AGENT_PATH, PROBE_CONTAINER } from '../../probe/protocol.ts';
import type { CheckRecord, RunRecord, ScenarioRecord } from '../../record.ts';
import { shellCommand } from '../../shell.ts';
import type { Fact } from '../text/block.ts';
import { findByKey } from './find.ts';

/** Whether a run has left its pods in place: an interrupted one cleans up whatever was asked for. */
export function keepsPods({ run }: Pick<RunRecord, 'run'>): boolean {
  return run.options.keep && run.interruptedBy === undefined;
}

export function reproduction(check: CheckRecord, scenario: ScenarioRecord, record: RunRecord): Fact {
  const label = 'reproduce';
  if (!keepsPods(record)) return { label, text: runAgain(check, scenario, record), isCommand: true };
  const command = connectAgain(check, scenario, record);
  return command === undefined
    ? { label, text: `not possible: the address of ${check.to} is not known` }
    : { label, text: command, isCommand: true };
}

/** The same connection once more, by the same agent in the same pod. */
function connectAgain(
  check: CheckRecord,
  { pods }: ScenarioRecord,
  { environment: { kubectl = [] } }: RunRecord,
): string | undefined {
  const source = findByKey(pods, check.from);
  const destination = findByKey(pods, check.to);
  if (source === undefined || destination?.ip === undefined) return undefined;
  const agent = ['node', AGENT_PATH, 'connect', destination.ip, String(check.port), check.protocol];
  const pod = ['-n', source.namespace, source.name, '-c', PROBE_CONTAINER];
  return shellCommand(['kubectl', ...kubectl, 'exec', ...pod, '--', ...agent]);
}

function runAgain(
  { from, to, port, protocol }: CheckRecord,
  { name, location: { file } }: ScenarioRecord,
  record: RunRecord,
): string {
  const isAlone = record.scenarios.every((other) => other.name === name || other.location.file !== file);
  return shellCommand([
    'podreach',
    'run',
    file.startsWith('-') ? `./${file}` : file,
    ...(isAlone ? [] : ['--only', name]),
    '--check',
    `${from} → ${to}:${port}/${protocol}`,
    ...optionsOf(record),
    '--keep',
  ]);
}

/** Those with which the run was made. It must be the same cluster, whatever the current context is by then. */
function optionsOf({ run, environment: { cluster, clusterName } }: RunRecord): readonly string[] {
  const named = clusterName === undefined ? cluster : `${cluster}=${clusterName}`;
  const { again } = run.options;
  if (again === undefined) return cluster === 'sandbox' ? [] : ['--cluster', named];
  return again.map((word, index) => (again[index - 1] === '--cluster' ? named : word));
}
