/** Records of version 1: a list of attempts for each check, and no steps. They are read as if they had been written today. */
import { z } from 'zod';
import { observeAll } from '../model/observation.ts';
import {
  type CheckRecord,
  checkSchema,
  momentSchema,
  RECORD_SCHEMA_VERSION,
  type RunRecord,
  runRecordSchema,
  type ScenarioRecord,
  scenarioSchema,
  stepSchema,
  stretchSchema,
} from './schema.ts';

const attempt = z.strictObject({
  ...stretchSchema.omit({ count: true, first: true, last: true, took: true, dialled: true }).shape,
  ...momentSchema.shape,
});

const check = checkSchema
  .omit({ family: true, control: true, turning: true, observed: true, closing: true })
  .extend({ attempts: z.array(attempt) });

const scenario = scenarioSchema
  .omit({ steps: true })
  .extend(stepSchema.pick({ force: true, denialMs: true }).shape)
  .extend({ checks: z.array(check) });

export const version1Schema = runRecordSchema.extend({
  schemaVersion: z.literal(1),
  scenarios: z.array(scenario),
});

type RunRecord1 = z.infer<typeof version1Schema>;
type Scenario1 = RunRecord1['scenarios'][number];
type Check1 = Scenario1['checks'][number];

/** The same as a record of the version of today. */
export function fromVersion1({ scenarios, ...rest }: RunRecord1): RunRecord {
  return { ...rest, schemaVersion: RECORD_SCHEMA_VERSION, scenarios: scenarios.map(upgradeScenario) };
}

/** The whole scenario is its one step. */
function upgradeScenario({ checks, force, denialMs, ...rest }: Scenario1): ScenarioRecord {
  return {
    ...rest,
    steps: [
      {
        ...(force === undefined ? {} : { force }),
        ...(denialMs === undefined ? {} : { denialMs }),
        checks: checks.map(upgradeCheck),
      },
    ],
  };
}

function upgradeCheck({ attempts, ...rest }: Check1): CheckRecord {
  return { ...rest, family: 'IPv4', ...observeAll(attempts) };
}
