/** What `--retain` asks for where something fails: the nodes stay, and `kind export logs` says why. */
import { mkdir } from 'node:fs/promises';
import { messageOf } from '../../errors.ts';
import { KIND_ENVIRONMENT, type KindContext, type KindOptions } from './context.ts';
import type { Ledger, LedgerEntry } from './ledger.ts';
import type { Sequence } from './stages.ts';

const LOGS_TIMEOUT_MS = 300_000;

interface FailedCreation {
  readonly options: KindOptions;
  readonly context: KindContext;
  readonly sequence: Sequence;
  readonly ledger: Ledger;
}

/** Notes a cluster of this process as one to be looked at, collects its logs and says where. */
export async function retainCluster(entry: LedgerEntry, failed: FailedCreation): Promise<void> {
  const { owner: _, ...rest } = entry;
  await failed.ledger.update({ ...rest, phase: 'retained' }).catch((thrown: unknown) => {
    failed.context.tell({ type: 'warning', text: messageOf(thrown) });
  });
  await collectLogs(new Date(entry.startedAt), failed);
}

/**
 * Collects the logs of a cluster that stays in any case, and says where. What goes wrong here is a warning: it must not hide what failed
 * before.
 * @param at names their folder
 */
export async function collectLogs(
  at: Date,
  { options, context: { runner, tell }, sequence, ledger }: FailedCreation,
): Promise<void> {
  const folder = ledger.logsFolder(at);
  try {
    await sequence.perform({
      name: 'collecting the logs of the nodes',
      async run() {
        await mkdir(folder, { recursive: true });
        await runner.run('kind', ['export', 'logs', folder, '--name', options.name], {
          processMs: LOGS_TIMEOUT_MS,
          env: KIND_ENVIRONMENT,
        });
      },
    });
    tell({
      type: 'warning',
      text: `the nodes are kept, and their logs are in ${folder}; when you have seen enough: podreach cluster delete ${options.name}`,
    });
  } catch (thrown) {
    tell({ type: 'warning', text: `${messageOf(thrown)}; the nodes are kept` });
  }
}
