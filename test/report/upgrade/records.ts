/** The records of an upgrade, built by hand. */
import type { UpgradeRecords } from '../../../src/compare/upgrade.ts';
import { checksOf, type RunRecord } from '../../../src/record/schema.ts';
import { calmWatch, failedCommand, upgradeWatched } from '../watch.ts';

type Watch = NonNullable<RunRecord['watch']>;

/** The run as it was without the watch: nothing is said of windows, and all that only they showed had passed. */
function unwatched(id: string, version: string, startedAt: string): RunRecord {
  const { watch: _, scenarios, run, environment, ...rest } = calmWatch();
  return {
    ...rest,
    run: { ...run, id, startedAt },
    environment: {
      ...environment,
      networkPlugins: [{ daemonSet: 'kube-system/calico-node', name: 'Calico', enforces: true, version }],
    },
    scenarios: scenarios.map((scenario) => ({
      ...scenario,
      steps: scenario.steps.map((step) => ({
        ...step,
        checks: step.checks.map(({ watched: __, ...check }) => check),
      })),
    })),
  };
}

export const runBefore = (): RunRecord => unwatched('before0001', 'v3.32.0', '2026-11-20T01:55:00.000Z');
export const runAfter = (): RunRecord => unwatched('after00001', 'v3.33.0', '2026-11-20T02:04:00.000Z');

const COMMAND: Watch['command'] = {
  line: ['./upgrade.sh'],
  startedMs: 10_000,
  endedMs: 118_000,
  exitCode: 0,
};

/** Nothing was amiss, and the command has ended. */
export function calmDuring(command: Watch['command'] = COMMAND): RunRecord {
  const { watch, ...rest } = calmWatch();
  if (watch === undefined) throw new Error('the record has a watch');
  return { ...rest, watch: { ...watch, endedBy: 'command', ...(command === undefined ? {} : { command }) } };
}

/** All was well. */
export const calmUpgrade = (): UpgradeRecords => ({
  before: runBefore(),
  during: calmDuring(),
  after: runAfter(),
});

/** It leaked, was cut off, and was unknown, and was mended by the end. */
export const roughUpgrade = (): UpgradeRecords => ({ ...calmUpgrade(), during: upgradeWatched() });

/** The command failed, and nothing else. */
export const failedUpgrade = (): UpgradeRecords => ({ ...calmUpgrade(), during: failedCommand() });

/** All passed, but a Service that is there already lost its IPv6 while the command ran: what went there is left out since. */
export function narrowedUpgrade(): UpgradeRecords {
  const both = { namespace: 'default', name: 'both' };
  const { before, after, ...others } = calmUpgrade();
  if (after === undefined) throw new Error('there is a run after it');
  return {
    ...others,
    before: {
      ...before,
      scenarios: before.scenarios.map((scenario) => ({
        ...scenario,
        existingServices: [both],
        steps: scenario.steps.map((step) => ({
          ...step,
          checks: step.checks.flatMap((check) => [
            check,
            ...(check.id === 0
              ? [{ ...check, id: 9_999, to: 'service/default/both', path: 'dns', family: 'IPv6' } as const]
              : []),
          ]),
        })),
      })),
    },
    after: {
      ...after,
      scenarios: after.scenarios.map((scenario) => ({
        ...scenario,
        existingServices: [{ ...both, untried: { family: 'IPv6', checks: 1 } }],
      })),
    },
  };
}

/** One node was open for a moment: of the checks that saw it, one is there. */
export function briefUpgrade(): UpgradeRecords {
  const seen = upgradeWatched()
    .scenarios.flatMap(checksOf)
    .find(({ verdict, from }) => verdict === 'leaked' && from === 'monitoring/grafana');
  const { watch } = upgradeWatched();
  const { scenarios, ...rest } = calmDuring();
  if (seen === undefined || watch === undefined) throw new Error('something leaked');
  const { attempts, longestStallMs, ...others } = watch;
  return {
    ...calmUpgrade(),
    during: {
      ...rest,
      watch: { ...others, attempts: { due: 12_150, made: 12_150, collected: 12_150 }, longestStallMs: 0 },
      scenarios: scenarios.map((scenario) => ({
        ...scenario,
        steps: scenario.steps.map((step) => ({
          ...step,
          checks: step.checks.map((check) => (check.id === seen.id ? seen : check)),
        })),
      })),
    },
  };
}
