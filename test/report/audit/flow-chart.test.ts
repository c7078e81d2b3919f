import { describe, expect, test } from 'vitest';
import { drawFlows } from '../../../src/report/audit/flow-chart.ts';
import { buildScenario, calmScenario, everyVerdict, meshScenario } from '../fixture.ts';
import { HOSTILE, hostileRecord } from '../records.ts';

test('draws what is open, thick where it must not be, dotted where it must be and was not', () => {
  const [, scenario] = everyVerdict().scenarios;
  expect(scenario && drawFlows(scenario)).toEqual([
    'flowchart LR',
    '  subgraph namespace0["shop"]',
    '    pod0["web"]',
    '    pod1["api"]',
    '    pod2["db"]',
    '  end',
    '  subgraph namespace1["monitoring"]',
    '    pod3["prometheus"]',
    '  end',
    '  pod0 -->|"TCP 8080"| pod1',
    '  pod1 -.->|"broken: TCP 5432"| pod2',
    '  pod0 ==>|"leaked: TCP 5432"| pod2',
    '  pod3 -.->|"flapping: TCP 9090"| pod1',
  ]);
});

test('draws one arrow for all ports between two pods', () => {
  const scenario = buildScenario('x', {
    pods: { 'shop/web': [], 'shop/db': [5432, '5432/UDP'] },
    checks: [{ from: 'shop/web' }, { from: 'shop/web', protocol: 'UDP' }],
  });
  expect(drawFlows(scenario).at(-1)).toBe('  pod0 -->|"TCP 5432, UDP 5432"| pod1');
});

describe('a thicket', () => {
  test('is drawn by namespace', () => {
    const keys = ['shop', 'bank'].flatMap((namespace) =>
      Array.from({ length: 5 }, (_, number) => `${namespace}/pod-${number}`),
    );
    const scenario = buildScenario('x', {
      pods: Object.fromEntries(keys.map((key) => [key, [80]])),
      checks: keys.flatMap((from) =>
        keys
          .filter((to) => to !== from)
          .map((to) => ({
            from,
            to,
            port: 80,
            ...(from === 'bank/pod-0' && to.startsWith('shop/') ? { verdict: 'leaked' as const } : {}),
          })),
      ),
    });
    expect(drawFlows(scenario)).toEqual([
      'flowchart LR',
      '  namespace0["shop"]',
      '  namespace1["bank"]',
      '  namespace0 -->|"20 open"| namespace0',
      '  namespace0 -->|"25 open"| namespace1',
      '  namespace1 ==>|"5 leaked"| namespace0',
      '  namespace1 -->|"20 open"| namespace1',
      '  namespace1 -->|"20 open"| namespace0',
    ]);
  });

  test('is not drawn where there are too many namespaces as well', () => {
    expect(drawFlows(meshScenario(100, () => ({})))).toEqual([]);
  });
});

test('draws nothing where nothing is open', () => {
  const scenario = calmScenario('shut');
  const checks = scenario.checks.filter(({ expected }) => expected === 'unreachable');
  expect(drawFlows({ ...scenario, checks })).toEqual([]);
});

test('writes names in letters, digits and references only', () => {
  const [scenario] = hostileRecord().scenarios;
  const lines = scenario === undefined ? [] : drawFlows(scenario);
  const labels = lines.flatMap((line) => /"(.*)"/.exec(line)?.[1] ?? []);
  expect(labels.length).toBeGreaterThan(Object.keys(HOSTILE).length);
  for (const label of labels) expect(label).toMatch(/^(?:[\p{L}\p{N} /.:,_()-]|#\d+;)+$/u);
});
