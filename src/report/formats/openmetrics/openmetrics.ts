/**
 * Metrics of a run, for node_exporter's textfile collector or a Pushgateway. The text is OpenMetrics and the older Prometheus
 * text format at once: there are no types, suffixes or timestamps that only one of them knows.
 */
import type { RunView } from '../../view/view.ts';
import { checkFamilies } from './check-families.ts';
import type { MetricFamily, SeriesLabels } from './family.ts';
import { heldFamilies } from './held-families.ts';
import { knownFamilies } from './known-families.ts';
import { runFamilies } from './run-families.ts';
import { watchFamilies } from './watch-families.ts';

/** Every series of a verdict is there also where it is 0, so that an alert has something to compare. */
export function renderOpenMetrics(view: RunView): string {
  const families = [
    ...runFamilies(view),
    ...checkFamilies(view),
    ...heldFamilies(view),
    ...knownFamilies(view),
    ...watchFamilies(view),
  ];
  const { cluster, clusterName = cluster } = view.environment;
  return [
    ...families
      .filter(({ samples }) => samples.length > 0)
      .flatMap((family) => renderFamily(family, { cluster: clusterName })),
    '# EOF',
    '',
  ].join('\n');
}

/** @param common the labels of every sample */
function renderFamily({ name, type, help, samples }: MetricFamily, common: SeriesLabels): string[] {
  const unit = name.endsWith('_seconds') ? [`# UNIT ${name} seconds`] : [];
  return [
    `# TYPE ${name} ${type}`,
    ...unit,
    `# HELP ${name} ${help}`,
    ...samples.map(
      ({ suffix = '', labels = {}, value }) =>
        `${name}${suffix}${renderLabels({ ...common, ...labels })} ${value}`,
    ),
  ];
}

function renderLabels(labels: SeriesLabels): string {
  return `{${Object.entries(labels)
    .map(([name, value]) => `${name}="${escapeValue(value)}"`)
    .join(',')}}`;
}

/** Line breaks, the third thing to escape, are gone: the view holds none. All else stands for itself in UTF-8. */
function escapeValue(text: string): string {
  return text.replaceAll('\\', '\\\\').replaceAll('"', '\\"');
}
