/** Jobs. */
import { labelSelector } from '../../schema/meta.ts';
import { any, bool, int32, int64, named } from '../../schema/schema.ts';
import type { Invalidity } from '../../status.ts';
import { ageOf } from '../../time.ts';
import { forbiddenValue } from '../../validate/fields.ts';
import { containersColumn, imagesColumn, selectorColumn } from '../../workloads/columns.ts';
import { workload } from '../../workloads/definition.ts';
import {
  countProblems,
  immutableProblems,
  podTemplate,
  templateProblems,
  withTemplateDefaults,
} from '../../workloads/template.ts';
import { ageColumn, column, inColumns, nameColumn } from '../columns.ts';
import { endOf, runJobs } from './controller.ts';
import type { BatchJob } from './object.ts';

export const jobs = workload<'jobs', BatchJob>({
  resource: 'jobs',
  kind: 'Job',
  singular: 'job',
  shortNames: [],
  group: 'batch',
  spec: {
    parallelism: int32,
    completions: int32,
    activeDeadlineSeconds: int64,
    podFailurePolicy: any,
    successPolicy: any,
    backoffLimit: int32,
    backoffLimitPerIndex: int32,
    maxFailedIndexes: int32,
    selector: labelSelector,
    manualSelector: bool,
    template: podTemplate,
    ttlSecondsAfterFinished: int32,
    completionMode: named('v1.CompletionMode'),
    suspend: bool,
    podReplacementPolicy: named('v1.PodReplacementPolicy'),
    managedBy: any,
  },

  specWithDefaults,
  newSpecProblems: selectorProblems,
  specProblems,
  fixedProblems: (spec, before) =>
    (['completions', 'selector', 'template', 'completionMode'] as const).flatMap((name) =>
      immutableProblems(`spec.${name}`, spec[name], before[name]),
    ),

  selectableFields: ['status.successful'],
  fieldOf: ({ status }) => String(status?.succeeded ?? 0),
  ...inColumns<BatchJob>(
    nameColumn,
    column('Status', 'How the job is', stateOf),
    column('Completions', 'How many pods have succeeded, of those that shall', completionsOf),
    column('Duration', 'How long it has run', durationOf),
    ageColumn,
    containersColumn,
    imagesColumn,
    selectorColumn,
  ),

  subresources: [],
  controller: runJobs,
});

function specWithDefaults(given: Partial<BatchJob['spec']> = {}): BatchJob['spec'] {
  const isOne = given.completions === undefined && given.parallelism === undefined;
  return {
    ...(isOne ? { completions: 1 } : {}),
    parallelism: 1,
    backoffLimit: 6,
    completionMode: 'NonIndexed',
    suspend: false,
    ...given,
    template: withTemplateDefaults(given.template),
  };
}

/** What the sandbox would have to pass over is refused: such a Job would end otherwise than in a cluster. */
const REFUSED = ['podFailurePolicy', 'successPolicy', 'backoffLimitPerIndex', 'maxFailedIndexes'] as const;

function specProblems(spec: BatchJob['spec']): Invalidity[] {
  const { parallelism, completions, backoffLimit, activeDeadlineSeconds, ttlSecondsAfterFinished } = spec;
  return [
    ...countProblems('spec.parallelism', parallelism),
    ...countProblems('spec.completions', completions),
    ...countProblems('spec.activeDeadlineSeconds', activeDeadlineSeconds),
    ...countProblems('spec.backoffLimit', backoffLimit),
    ...countProblems('spec.ttlSecondsAfterFinished', ttlSecondsAfterFinished),
    ...templateProblems(spec.template, ['OnFailure', 'Never']),
    ...(spec.completionMode === 'NonIndexed'
      ? []
      : [forbiddenValue('spec.completionMode', 'the sandbox gives the pods of Jobs no indexes')]),
    ...REFUSED.flatMap((name) =>
      name in spec ? [forbiddenValue(`spec.${name}`, 'the sandbox does not know it')] : [],
    ),
  ];
}

/** The server makes the selector itself. */
function selectorProblems({ selector, manualSelector }: BatchJob['spec']): Invalidity[] {
  return selector === undefined && manualSelector !== true
    ? []
    : [forbiddenValue('spec.selector', 'the sandbox chooses the selectors of Jobs itself')];
}

function stateOf(job: BatchJob): string {
  const end = endOf(job);
  if (end !== undefined) return end.type;
  if (job.metadata.deletionTimestamp !== undefined) return 'Terminating';
  return job.spec.suspend === true ? 'Suspended' : 'Running';
}

function completionsOf({ spec, status }: BatchJob): string {
  const succeeded = status?.succeeded ?? 0;
  const { completions, parallelism = 1 } = spec;
  if (completions !== undefined) return `${succeeded}/${completions}`;
  return parallelism > 1 ? `${succeeded}/1 of ${parallelism}` : `${succeeded}/1`;
}

function durationOf({ status }: BatchJob, now: Date): string {
  if (status?.startTime === undefined) return '';
  return ageOf(status.startTime, status.completionTime === undefined ? now : new Date(status.completionTime));
}
