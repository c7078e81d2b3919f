/** The columns of pods. */
import { ageColumn, column, inColumns, nameColumn, wideColumn } from '../columns.ts';
import type { ContainerStatus, Pod } from './object.ts';
import { isPodReady } from './readiness.ts';

export const podColumns = inColumns<Pod>(
  nameColumn,
  column('Ready', 'How many of the containers are ready', (pod) => {
    return `${statusesOf(pod).filter(isReady).length}/${pod.spec.containers.length}`;
  }),
  column('Status', 'The state of the pod', stateOf),
  column('Restarts', 'How often containers were started again', (pod) =>
    String(statusesOf(pod).reduce((sum, { restartCount }) => sum + restartCount, 0)),
  ),
  ageColumn,
  wideColumn('IP', 'The address of the pod', ({ status }) => status?.podIP ?? '<none>'),
  wideColumn('Node', 'The node of the pod', ({ spec }) => spec.nodeName ?? '<none>'),
  wideColumn('Nominated Node', 'Not used by the sandbox', () => '<none>'),
  wideColumn('Readiness Gates', 'Not used by the sandbox', () => '<none>'),
);

function statusesOf({ status }: Pod): readonly ContainerStatus[] {
  return status?.containerStatuses ?? [];
}

function isReady({ ready, state }: ContainerStatus): boolean {
  return ready && 'running' in state;
}

/** The word in the column "Status": what holds the first container up, else the phase. */
function stateOf(pod: Pod): string {
  const { metadata, status } = pod;
  if (metadata.deletionTimestamp !== undefined) return 'Terminating';
  const statuses = statusesOf(pod);
  const troubles = statuses.flatMap(({ state }) => troubleOf(state) ?? []);
  const trouble = troubles[0] ?? status?.reason ?? status?.phase ?? 'Unknown';
  if (trouble !== 'Completed' || !statuses.some(isReady)) return trouble;
  return isPodReady(pod) ? 'Running' : 'NotReady';
}

function troubleOf(state: ContainerStatus['state']): string | undefined {
  if ('waiting' in state) return state.waiting.reason;
  if (!('terminated' in state)) return undefined;
  const { reason, signal, exitCode } = state.terminated;
  if (reason !== '') return reason;
  return signal === undefined ? `ExitCode:${exitCode}` : `Signal:${signal}`;
}
