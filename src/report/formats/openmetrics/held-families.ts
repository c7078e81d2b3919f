/** The metrics of connections that were open when steps cut their pairs off. */
import { HELD_FATES, HELD_WISHES } from '../../../model/held.ts';
import type { RunView } from '../../view/view.ts';
import type { MetricFamily } from './family.ts';
import { stepLabels } from './step-labels.ts';

/** None where no scenario asks. */
export function heldFamilies({ scenarios }: RunView): MetricFamily[] {
  return [
    {
      name: 'podreach_step_held_connections',
      type: 'gauge',
      help: 'Connections that were open when a step cut their pairs off, by what was to become of them and by what did.',
      samples: scenarios
        .flatMap(({ steps }) => steps)
        .flatMap((step) =>
          HELD_WISHES.flatMap((wish) => {
            const held = step.checks.flatMap((check) => (check.held?.wish === wish ? [check.held] : []));
            return held.length === 0
              ? []
              : [...HELD_FATES, undefined].map((fate) => ({
                  labels: { ...stepLabels(step), wish, fate: fate ?? 'unknown' },
                  value: held.filter((one) => one.fate === fate).length,
                }));
          }),
        ),
    },
  ];
}
