/** The metrics of a run as a whole. */
import { nameOfPlugin } from '../../../record/environment.ts';
import { runWord } from '../../parts/summary.ts';
import type { RunView } from '../../view/view.ts';
import type { MetricFamily } from './family.ts';

export function runFamilies(view: RunView): MetricFamily[] {
  const { run, podreach, environment } = view;
  const hasPassed = runWord(view).word === 'PASSED';
  const endedSeconds = run.endedAt === undefined ? [] : [{ value: Date.parse(run.endedAt) / 1000 }];
  return [
    {
      name: 'podreach_run_info',
      type: 'gauge',
      help: 'Always 1; its labels say what ran where.',
      samples: [
        {
          labels: {
            version: podreach.version,
            provider: environment.cluster,
            kubernetes: environment.kubernetes ?? '',
            network: environment.networkPlugins?.map(nameOfPlugin).join(', ') ?? '',
          },
          value: 1,
        },
      ],
    },
    {
      name: 'podreach_canary_enforce_seconds',
      type: 'gauge',
      help: 'From applying a deny-all until the node cut every connection of the canary.',
      samples: (environment.canary?.nodes ?? []).map(({ name, enforcedMs }) => ({
        labels: { node: name },
        value: enforcedMs / 1000,
      })),
    },
    {
      name: 'podreach_cluster_warnings',
      type: 'gauge',
      help: 'What is unusual about the cluster and may decide over the policies of the scenarios.',
      samples: [{ value: environment.warnings?.length ?? 0 }],
    },
    {
      name: 'podreach_run_success',
      type: 'gauge',
      help: '1 if the run came to its own end and every check passed or is a known issue, otherwise 0.',
      samples: [{ value: hasPassed ? 1 : 0 }],
    },
    {
      name: 'podreach_run_complete',
      type: 'gauge',
      help: '0 if the run was cut off: then nothing is proven about the rest.',
      samples: [{ value: run.incomplete || run.interruptedBy !== undefined ? 0 : 1 }],
    },
    {
      name: 'podreach_run_duration_seconds',
      type: 'gauge',
      help: 'How long the run took.',
      samples: run.durationMs === undefined ? [] : [{ value: run.durationMs / 1000 }],
    },
    {
      name: 'podreach_run_end_timestamp_seconds',
      type: 'gauge',
      help: 'When the run ended.',
      samples: endedSeconds,
    },
    {
      name: 'podreach_last_success_timestamp_seconds',
      type: 'gauge',
      help: 'When the run ended; absent unless it was a success.',
      samples: hasPassed ? endedSeconds : [],
    },
  ];
}
