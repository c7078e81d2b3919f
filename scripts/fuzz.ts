/**
 * The oracle against packets, for as long as you like: random policies on random topologies of six pods and two hosts outside, with Services,
 * ports of nodes and a pod on the network of its node, in both families, and random steps that change policies, labels and pods. Whatever the two differ on is shrunk and written as a scenario that can be run by itself. Run by hand:
 * `npm run fuzz`.
 */
import { mkdirSync, writeFileSync } from 'node:fs';
import { join, relative } from 'node:path';
import { parseArgs } from 'node:util';
import { openGround } from '../test/differential/arena.ts';
import { type CampaignResult, describeFailure, runCampaign } from '../test/differential/campaign.ts';
import { startTestbed } from '../test/sandbox/testbed.ts';

const USAGE = `usage: npm run fuzz -- [--sets N] [--sequences N] [--seed N] [--out FOLDER]

  --sets N       how many sets of policies to try (default: 5000)
  --sequences N  how many sequences of steps to try (default: 500)
  --seed N       the same seed draws the same topologies, policies and steps (default: random)
  --out FOLDER   where disagreements are written, as scenarios (default: fuzz)

exit codes: 0 no disagreement, 1 disagreements, also those that did not come again, 2 wrong usage, 130 interrupted`;

/** Each batch has a sandbox of its own; its topologies are tried side by side. */
const TOPOLOGIES = 10;
const TRIED_EACH = { sets: 50, sequences: 10 } as const;
type Kind = keyof typeof TRIED_EACH;
const PROGRESS_MS = process.stderr.isTTY ? 200 : 30_000;

const { seed, out, ...wanted } = readOptions();
const interrupted = new AbortController();
process.once('SIGINT', () => interrupted.abort());
process.once('SIGTERM', () => interrupted.abort());

const beganMs = performance.now();
console.log(
  `seed ${seed}: ${wanted.sets} sets of policies and ${wanted.sequences} sequences of steps, ` +
    `${TRIED_EACH.sets} and ${TRIED_EACH.sequences} on each topology of six pods and two hosts`,
);
const total = { sets: 0, sequences: 0, states: 0, flows: 0, undefined: 0, failures: 0, passing: 0 };
let batch = seed;
for (const kind of ['sets', 'sequences'] as const)
  for (; total[kind] < wanted[kind] && !interrupted.signal.aborted; batch += 1) {
    try {
      note(kind, await tryBatch(kind, batch), batch);
    } catch (thrown) {
      if (!interrupted.signal.aborted) throw thrown;
    }
  }
console.log(
  `${total.sets} sets and ${total.sequences} sequences, ${total.states} states, ${total.flows} connections, ` +
    `${total.undefined} of them left open by the specification, ` +
    `${total.failures} ${total.failures === 1 ? 'topology' : 'topologies'} with a disagreement, ` +
    `${total.passing} that did not come again, ${elapsed()}`,
);
process.exitCode = interrupted.signal.aborted ? 130 : total.failures + total.passing > 0 ? 1 : 0;

async function tryBatch(kind: Kind, batchSeed: number): Promise<CampaignResult> {
  await using testbed = await startTestbed();
  let shownMs = performance.now();
  const left = wanted[kind] - total[kind];
  const each = Math.min(TRIED_EACH[kind], left);
  return await runCampaign(
    {
      seed: batchSeed,
      topologies: Math.min(TOPOLOGIES, Math.ceil(left / each)),
      ...(kind === 'sets' ? { setsEach: each } : { sequencesEach: each }),
      progress: (tried) => {
        if (performance.now() - shownMs < PROGRESS_MS) return;
        shownMs = performance.now();
        const line = `${total[kind] + tried} of ${wanted[kind]} ${kind}, ${elapsed()}`;
        process.stderr.write(process.stderr.isTTY ? `\r${line}\u001b[K` : `${line}\n`);
      },
    },
    openGround(testbed.kube, interrupted.signal),
  );
}

function note(kind: Kind, result: CampaignResult, batchSeed: number): void {
  if (process.stderr.isTTY) process.stderr.write('\r\u001b[K');
  total[kind] += result.tried;
  total.states += result.states;
  total.flows += result.flows;
  total.undefined += result.undefined;
  total.failures += result.failures.length;
  total.passing += result.passing.length;
  for (const { flow, family, predicted, observed } of result.passing)
    console.log(
      `did not come again (${family}, seed ${batchSeed}): predicted ${predicted}, seen ${observed}: ${JSON.stringify(flow)}`,
    );
  for (const [index, failure] of result.failures.entries()) {
    const name = `disagreement-${batchSeed}-${index}`;
    const file = join(out, `${name}.yaml`);
    mkdirSync(out, { recursive: true });
    writeFileSync(file, describeFailure(name, failure));
    console.log(`disagreement: podreach run ${relative('', file)}`);
  }
}

function elapsed(): string {
  const seconds = Math.round((performance.now() - beganMs) / 1000);
  return seconds < 60 ? `${seconds} s` : `${Math.floor(seconds / 60)} min ${seconds % 60} s`;
}

function readOptions(): Record<Kind | 'seed', number> & { out: string } {
  try {
    const { values } = parseArgs({
      options: {
        sets: { type: 'string', default: '5000' },
        sequences: { type: 'string', default: '500' },
        seed: { type: 'string', default: String(Math.floor(Math.random() * 1_000_000)) },
        out: { type: 'string', default: 'fuzz' },
        help: { type: 'boolean', default: false },
      },
    });
    if (values.help) {
      console.log(USAGE);
      process.exit(0);
    }
    return {
      sets: natural('--sets', values.sets),
      sequences: natural('--sequences', values.sequences),
      seed: natural('--seed', values.seed),
      out: values.out,
    };
  } catch (thrown) {
    console.error(`${thrown instanceof Error ? thrown.message : thrown}\n\n${USAGE}`);
    process.exit(2);
  }
}

function natural(option: string, text: string): number {
  const value = Number(text);
  if (!Number.isSafeInteger(value) || value < 0)
    throw new Error(`${option} is a number from 0 on, not "${text}"`);
  return value;
}
