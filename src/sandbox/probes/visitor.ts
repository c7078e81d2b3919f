/**
 * The kubelet's part in readiness probes: the one process of a node that visits pods. It runs in the node's network namespace, so that its
 * connections come from the node itself, and policies let them pass (D18). Started by `prober.ts`, never by itself.
 */
import type { ProberMessage, VisitorMessage } from './messages.ts';
import { startProbeWorker } from './probe-worker.ts';
import { phaseOf } from './timetable.ts';

const workers = new Map<number, () => void>();
let started = 0;

process.on('disconnect', () => process.exit(0));
process.on('message', (said) => {
  const message = said as ProberMessage; // nobody else has this channel
  const { id } = message;
  if (message.kind === 'visit') {
    const { target } = message;
    started += 1;
    const phaseMs = phaseOf(started, target.periodMs);
    workers.set(
      id,
      startProbeWorker(target, phaseMs, (readiness) => tell({ id, readiness })),
    );
  } else {
    workers.get(id)?.();
    workers.delete(id);
  }
});

function tell(message: VisitorMessage): void {
  process.send?.(message);
}
