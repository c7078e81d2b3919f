import { spawnSync } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { parser as promql } from '@prometheus-io/lezer-promql';
import parsePrometheusTextFormat from 'parse-prometheus-text-format';
import { describe, expect, test } from 'vitest';
import { parse } from 'yaml';
import { type RunRecord, runRecordSchema } from '../../../../src/record/schema.ts';
import { renderOpenMetrics } from '../../../../src/report/formats/openmetrics/openmetrics.ts';
import { neutralise } from '../../../../src/report/text/text.ts';
import { viewOf } from '../../../../src/report/view/run.ts';
import { buildRecord, buildScenario, calmScenario, everyVerdict, unjudged } from '../../fixture.ts';
import { knownIssues } from '../../known-issues.ts';
import {
  environmentFailure,
  HOSTILE,
  hostileRecord,
  interruptedRun,
  provisioningFailure,
} from '../../records.ts';
import { calmSteps, fiveSteps } from '../../steps.ts';
import { calmWatch, upgradeWatched } from '../../watch.ts';

const RECORDS: Readonly<Record<string, RunRecord>> = {
  'every verdict': everyVerdict(),
  'five steps': fiveSteps(),
  'an upgrade that was watched': upgradeWatched(),
  'hostile names': hostileRecord(),
  'an environment that failed': environmentFailure(),
  'pods that did not start': provisioningFailure(),
  'an interruption': interruptedRun(),
  'no scenario at all': buildRecord([]),
  'two scenarios of one name': buildRecord([calmScenario('twin'), calmScenario('twin')]),
};
const DOCUMENTATION = new URL('../../../../docs/', import.meta.url);

/** Whoever has Python and its Prometheus client has the reference parser of OpenMetrics. */
const PYTHON = ['python3', 'python'].find(
  (python) => spawnSync(python, ['-c', 'import prometheus_client.openmetrics.parser']).status === 0,
);
const READ_OPEN_METRICS = `
import json, sys
from prometheus_client.openmetrics.parser import text_string_to_metric_families
families = text_string_to_metric_families(sys.stdin.buffer.read().decode("utf-8"))
print(json.dumps([[family.name, family.type, family.unit, len(family.samples)] for family in families]))
`;

test('holds checks by verdict, times to settle, and when it last went well', async () => {
  const text = renderOpenMetrics(viewOf(runRecordSchema.parse(everyVerdict())));
  await expect(text).toMatchFileSnapshot('../../golden/every-verdict.prom');
});

describe('as the text format of Prometheus, for the textfile collector', () => {
  test.each(Object.entries(RECORDS))('%s can be read', (_, record) => {
    const families = parsePrometheusTextFormat(renderOpenMetrics(viewOf(record)));
    expect(
      families.map(({ type }) => type).filter((type) => type !== 'GAUGE' && type !== 'HISTOGRAM'),
    ).toEqual([]);
    for (const { name, metrics } of families) {
      const series = metrics.map(({ labels }) => JSON.stringify(labels));
      expect(new Set(series).size, `every series of ${name} is there once`).toBe(series.length);
    }
  });

  test('says what the record says', () => {
    expect(valuesOf(everyVerdict(), 'podreach_checks', { scenario: 'three-tier' })).toEqual({
      pass: '4',
      leaked: '1',
      broken: '2',
      flapping: '1',
      late: '0',
      inconclusive: '5',
      not_judged: '0',
    });
    // The parser takes the histograms of several scenarios for one, and knows no sum of one with labels.
    const record = buildRecord(everyVerdict().scenarios.filter(({ name }) => name === 'three-tier'));
    const [settled] = familyOf(record, 'podreach_settle_seconds')?.metrics ?? [];
    expect(settled?.buckets).toMatchObject({ '0.1': '2', '0.25': '2', '0.5': '5', '2.5': '6', '+Inf': '6' });
  });

  test('tells the time to enforce only where every way that must be shut was', () => {
    const leaked = buildScenario('leaky', {
      pods: { 'shop/web': [], 'shop/db': [80, 5432] },
      checks: [
        { from: 'shop/web', expected: 'unreachable' },
        { from: 'shop/web', port: 80, expected: 'unreachable', verdict: 'leaked' },
      ],
    });
    const times = familyOf(buildRecord([leaked, calmScenario('done')]), 'podreach_enforce_seconds');
    expect(times?.metrics).toEqual([{ labels: { cluster: 'sandbox', scenario: 'done' }, value: '0.28' }]);
    expect(
      familyOf(buildRecord([leaked, unjudged(calmScenario('cut'))]), 'podreach_enforce_seconds'),
    ).toBeUndefined();
  });

  test('counts what something else decides', () => {
    expect(
      familyOf(everyVerdict(), 'podreach_checks_decided_elsewhere')?.metrics.map(({ value }) => value),
    ).toEqual(['0', '1', '0']);
  });

  test('counts what passed, and not in every attempt', () => {
    expect(
      familyOf(everyVerdict(), 'podreach_checks_with_contrary_attempts')?.metrics.map(({ value }) => value),
    ).toEqual(['0', '1', '0']);
  });

  test('tells when each node had taken up the policies, and how many have not', () => {
    const times = familyOf(everyVerdict(), 'podreach_take_up_seconds')?.metrics.filter(
      ({ labels }) => labels?.['scenario'] === 'three-tier',
    );
    expect(times?.map(({ labels, value }) => [labels?.['node'], value])).toEqual([
      ['node-1', '0.041'],
      ['node-2', '0.055'],
    ]);
    const late = (record: RunRecord) =>
      familyOf(record, 'podreach_late_nodes')?.metrics.map(({ value }) => value);
    expect(late(everyVerdict())).toEqual(['0', '1', '0']);
    // Of two scenarios of one name the slower one counts, and a node that was late in one of them is late.
    const twins = buildRecord([
      calmScenario('twin', { force: [{ node: 'a', turnedMs: 10 }, { node: 'b' }] }),
      calmScenario('twin', {
        force: [
          { node: 'a', turnedMs: 30 },
          { node: 'b', turnedMs: 20 },
        ],
      }),
    ]);
    expect(late(twins)).toEqual(['1']);
    expect(familyOf(twins, 'podreach_take_up_seconds')?.metrics).toEqual([
      { labels: { cluster: 'sandbox', scenario: 'twin', node: 'a' }, value: '0.03' },
    ]);
  });

  test('leaves what others cut out of the time to enforce', () => {
    const scenario = buildScenario('cut', {
      pods: { 'shop/web': [], 'shop/db': [80, 5432] },
      checks: [
        { from: 'shop/web', expected: 'unreachable' },
        { from: 'shop/web', port: 80, expected: 'unreachable', cutBy: 'others', settledMs: 9000 },
      ],
    });
    expect(familyOf(buildRecord([scenario]), 'podreach_enforce_seconds')?.metrics[0]?.value).toBe('0.28');
  });

  test('tells of each step, and of a scenario with a single one as before', () => {
    const record = buildRecord([calmScenario('done'), ...fiveSteps().scenarios]);
    const series = (name: string) =>
      familyOf(record, name)?.metrics.map(({ labels, value }) => [labels?.['step'], value]);
    expect(series('podreach_late_nodes')?.map(([step]) => step)).toEqual([
      undefined,
      'first step',
      'monitoring is let in',
      'the API is replaced',
      'monitoring is shut out again',
      'back to open',
    ]);
    expect(series('podreach_checks_without_control')).toEqual([
      ['first step', '0'],
      ['monitoring is let in', '0'],
      ['the API is replaced', '1'],
      ['monitoring is shut out again', '2'],
      ['back to open', '0'],
    ]);
    const text = renderOpenMetrics(viewOf(record));
    const labels = 'cluster="sandbox",scenario="rollout",step="back to open"';
    expect(text).toContain(`podreach_time_to_allow_seconds_bucket{${labels},le="0.25"} 1\n`);
    expect(text).toContain(`podreach_time_to_allow_seconds_count{${labels}} 2\n`);
    expect(text).toContain(
      'podreach_time_to_enforce_seconds_count{cluster="sandbox",scenario="rollout",step="first step"} 5\n',
    );
    expect(text).not.toMatch(/^podreach_time_to_.*scenario="done"/m);
  });

  test('tells windows of each kind, also where there are none, and of the checks that have any', () => {
    const valuesByKind = (name: string, record: RunRecord) =>
      familyOf(record, name)?.metrics.map(({ labels, value }) => [labels?.['kind'], value]);
    expect(valuesByKind('podreach_windows', upgradeWatched())).toEqual([
      ['leak', '9'],
      ['gap', '10'],
      ['unknown', '8'],
    ]);
    expect(valuesByKind('podreach_windows', calmWatch())).toEqual([
      ['leak', '0'],
      ['gap', '0'],
      ['unknown', '0'],
    ]);
    expect(familyOf(calmWatch(), 'podreach_check_windows')).toBeUndefined();
    const own = familyOf(upgradeWatched(), 'podreach_check_window_seconds')?.metrics.filter(
      ({ labels }) => labels?.['from'] === 'shop/cache' && labels['to'] === 'shop/db',
    );
    expect(own?.map(({ labels, value }) => [labels?.['kind'], value])).toEqual([
      ['gap', '2.288'],
      ['unknown', '4.93'],
    ]);
  });

  test('tells nothing of a watch where there was none', () => {
    expect(renderOpenMetrics(viewOf(fiveSteps()))).not.toMatch(/watch|window|held/);
  });

  test('keeps hostile names as they are', () => {
    const names = familyOf(hostileRecord(), 'podreach_scenario_duration_seconds')?.metrics.map(
      ({ labels }) => labels?.['scenario'],
    );
    expect(names).toEqual(Object.values(HOSTILE).map((name) => neutralise(name)));
  });

  test('adds up scenarios of one name, which would be one series', () => {
    const record = RECORDS['two scenarios of one name'] ?? buildRecord([]);
    expect(valuesOf(record, 'podreach_checks', { scenario: 'twin' })).toMatchObject({ pass: '4' });
  });
});

describe.skipIf(PYTHON === undefined)(
  'as OpenMetrics, by the parser of the Prometheus client for Python (skipped where that is not installed)',
  () => {
    test.each(Object.entries(RECORDS))('%s can be read', (_, record) => {
      const { status, stdout, stderr } = spawnSync(PYTHON ?? '', ['-c', READ_OPEN_METRICS], {
        input: renderOpenMetrics(viewOf(record)),
        encoding: 'utf8',
      });
      expect(stderr).toBe('');
      expect(status).toBe(0);
      const units: [string, string, string, number][] = JSON.parse(stdout);
      for (const [name, , unit] of units) expect(unit).toBe(name.endsWith('_seconds') ? 'seconds' : '');
    });
  },
);

describe('the time of the last success', () => {
  test('is the end of a run in which every check passed', () => {
    const record = buildRecord([calmScenario('done')]);
    expect(familyOf(record, 'podreach_last_success_timestamp_seconds')?.metrics).toMatchObject([
      { value: '1795140008.12' },
    ]);
    expect(familyOf(record, 'podreach_run_success')?.metrics).toMatchObject([{ value: '1' }]);
  });

  test.each([
    ['with a mismatch', everyVerdict()],
    ['that was cut off', buildRecord([calmScenario('done')], { incomplete: true })],
    ['that was interrupted', interruptedRun()],
    ['without any check', buildRecord([])],
    ['with a check that nobody judged', buildRecord([unjudged(calmScenario('lost'))])],
  ])('is not said by a run %s', (_, record) => {
    expect(familyOf(record, 'podreach_last_success_timestamp_seconds')).toBeUndefined();
    expect(familyOf(record, 'podreach_run_success')?.metrics).toMatchObject([{ value: '0' }]);
  });
});

describe('the examples in the documentation', async () => {
  const known = new Set(
    parsePrometheusTextFormat(
      [
        buildRecord([
          calmScenario('done'),
          ...calmSteps().scenarios,
          ...knownIssues({ expired: false }).scenarios,
        ]),
        upgradeWatched(),
      ]
        .map((record) => renderOpenMetrics(viewOf(record)))
        .join(''),
    ).flatMap(({ name, type }) =>
      type === 'HISTOGRAM' ? [`${name}_bucket`, `${name}_sum`, `${name}_count`] : [name],
    ),
  );
  const read = (file: string) => readFile(new URL(file, DOCUMENTATION), 'utf8');
  const namesIn = (text: string) => new Set(text.match(/\bpodreach_[a-z_]+/g) ?? []);

  test('name only metrics that exist', async () => {
    for (const file of ['alerts.yaml', 'grafana-dashboard.json'])
      for (const name of namesIn(await read(file))) expect(known, file).toContain(name);
  });

  test('explain every metric', async () => {
    const documentation = await read('reports.md');
    for (const name of known)
      expect(documentation).toContain(`\`${name.replace(/(_seconds)_(bucket|sum|count)$/, '$1')}\``);
  });

  test('are queries that Prometheus can read', async () => {
    const rules = parse(await read('alerts.yaml')).groups[0].rules;
    const targets = JSON.parse(await read('grafana-dashboard.json')).panels.flatMap(
      ({ targets = [] }: { targets?: readonly object[] }) => targets,
    );
    const queries: string[] = [...rules, ...targets].map(({ expr }) => expr);
    expect(queries.length).toBeGreaterThan(15);
    // Grafana fills in its variables before.
    for (const query of queries) expect(mistakesIn(query), query).toEqual([]);
    expect(mistakesIn('max(podreach_checks{)')).not.toEqual([]);
  });

  test('name the step, wherever the metric has one', async () => {
    const rules: { expr: string; annotations: { summary: string } }[] = parse(await read('alerts.yaml'))
      .groups[0].rules;
    const stepped = new Set(
      parsePrometheusTextFormat(renderOpenMetrics(viewOf(fiveSteps()))).flatMap(({ name, metrics }) =>
        metrics.some(({ labels }) => labels?.['step'] !== undefined) ? [name] : [],
      ),
    );
    const ofSteps = rules.filter(({ expr }) => [...namesIn(expr)].some((name) => stepped.has(name)));
    expect(ofSteps.length).toBeGreaterThan(5);
    for (const { expr, annotations } of ofSteps) {
      expect(annotations.summary).toContain('{{ with $labels.step }}');
      if (expr.includes('sum by')) expect(expr).toMatch(/sum by \([^)]*\bstep\b/);
    }
  });

  test('tell clusters apart', async () => {
    const rules: { expr: string }[] = parse(await read('alerts.yaml')).groups[0].rules;
    for (const { expr } of rules)
      if (/\b(sum|max|min)\b/.test(expr)) expect(expr).toMatch(/\b(sum|max|min) by \(cluster\b/);
  });
});

/** Where a query is not PromQL. */
function mistakesIn(query: string): string[] {
  const found: string[] = [];
  promql.parse(query).iterate({
    enter: ({ type, from, to }) => {
      if (type.isError) found.push(query.slice(from, to));
    },
  });
  return found;
}

function familyOf(record: RunRecord, name: string) {
  return parsePrometheusTextFormat(renderOpenMetrics(viewOf(record))).find((family) => family.name === name);
}

/** Values by verdict, of the series with these labels. */
function valuesOf(record: RunRecord, name: string, labels: Readonly<Record<string, string>>) {
  const metrics = familyOf(record, name)?.metrics.filter((metric) =>
    Object.entries(labels).every(([label, value]) => metric.labels?.[label] === value),
  );
  return Object.fromEntries((metrics ?? []).map((metric) => [metric.labels?.['verdict'], metric.value]));
}
