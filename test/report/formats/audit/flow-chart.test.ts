import { describe, expect, test } from 'vitest';
import { checksOf } from '../../../../src/record/schema.ts';
import { drawFlows } from '../../../../src/report/formats/audit/flow-chart.ts';
import { renderAudit } from '../../../../src/report/formats/audit/markdown.ts';
import { viewOf } from '../../../../src/report/view/run.ts';
import {
  buildRecord,
  buildScenario,
  calmScenario,
  everyVerdict,
  meshScenario,
  viewScenario,
} from '../../fixture.ts';
import { HOSTILE, hostileRecord } from '../../records.ts';

test('draws what is open, thick where it must not be, dotted where it must be and was not', () => {
  const [, scenario] = everyVerdict().scenarios;
  expect(scenario && drawFlows(viewScenario(scenario))).toEqual({
    lines: [
      'flowchart LR',
      '  subgraph namespace0["shop"]',
      '    pod0["web"]',
      '    pod1["api"]',
      '    pod2["db"]',
      '    pod4["batch"]',
      '  end',
      '  subgraph namespace1["monitoring"]',
      '    pod3["prometheus"]',
      '  end',
      '  pod0 -->|"TCP 8080"| pod1',
      '  pod1 -.->|"broken: TCP 5432, UDP 5432"| pod2',
      '  pod0 ==>|"leaked: TCP 5432"| pod2',
      '  pod3 -.->|"flapping: TCP 9090"| pod1',
    ],
  });
});

test('draws one arrow for all ports between two pods', () => {
  const scenario = buildScenario('x', {
    pods: { 'shop/web': [], 'shop/db': [5432, '5432/UDP'] },
    checks: [{ from: 'shop/web' }, { from: 'shop/web', protocol: 'UDP' }],
  });
  expect(drawFlows(viewScenario(scenario)).lines.at(-1)).toBe('  pod0 -->|"TCP 5432, UDP 5432"| pod1');
});

test.each([
  [60, '    pod0["hub"]'],
  [61, '  namespace0 -->|"61 open"| namespace0'],
])('of %i ways out of one pod shows %s', (number, line) => {
  const keys = Array.from({ length: number }, (_, index) => `shop/pod-${index}`);
  const scenario = buildScenario('x', {
    pods: Object.fromEntries(['shop/hub', ...keys].map((key) => [key, [80]])),
    checks: keys.map((to) => ({ from: 'shop/hub', to, port: 80 })),
  });
  expect(drawFlows(viewScenario(scenario)).lines).toContain(line);
});

describe('a thicket', () => {
  const twoNamespaces = () => {
    const keys = ['shop', 'bank'].flatMap((namespace) =>
      Array.from({ length: 5 }, (_, number) => `${namespace}/pod-${number}`),
    );
    return buildScenario('x', {
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
  };

  test('is drawn by namespace', () => {
    expect(drawFlows(viewScenario(twoNamespaces()))).toEqual({
      note: 'Whole namespaces are drawn, without ports: between pods there would be 90 arrows. A chart with more than 60 arrows cannot be read.',
      lines: [
        'flowchart LR',
        '  namespace0["shop"]',
        '  namespace1["bank"]',
        '  namespace0 -->|"20 open"| namespace0',
        '  namespace0 -->|"25 open"| namespace1',
        '  namespace1 ==>|"5 leaked"| namespace0',
        '  namespace1 -->|"20 open"| namespace1',
        '  namespace1 -->|"20 open"| namespace0',
      ],
    });
  });

  const ALL =
    'There are 9,900 ways, which would take 100 arrows even between namespaces. A chart with more than 60 arrows cannot be read';
  const ELSEWHERE = 'The statements above tell all of them, and the matrix of the HTML report shows each.';

  test('of too many namespaces as well shows what is not as it must be', () => {
    const scenario = meshScenario(100, (from, to) => (from === 3 && to < 2 ? { verdict: 'broken' } : {}));
    expect(drawFlows(viewScenario(scenario))).toEqual({
      note: `${ALL.replace('100', '102')}, so only what is not as it must be is drawn. ${ELSEWHERE}`,
      lines: [
        'flowchart LR',
        '  subgraph namespace0["team-3"]',
        '    pod0["service-3"]',
        '  end',
        '  subgraph namespace1["team-0"]',
        '    pod1["service-0"]',
        '  end',
        '  subgraph namespace2["team-1"]',
        '    pod2["service-1"]',
        '  end',
        '  pod0 -.->|"broken: TCP 8080"| pod1',
        '  pod0 -.->|"broken: TCP 8080"| pod2',
      ],
    });
  });

  test('of too much that is amiss shows that between namespaces', () => {
    const scenario = meshScenario(100, (from, to) =>
      from % 10 === 3 && to % 10 < 2 ? { expected: 'unreachable', verdict: 'leaked' } : {},
    );
    expect(drawFlows(viewScenario(scenario))).toEqual({
      note: `${ALL}, so only what is not as it must be is drawn, between whole namespaces and without ports. ${ELSEWHERE}`,
      lines: [
        'flowchart LR',
        '  namespace0["team-3"]',
        '  namespace1["team-0"]',
        '  namespace2["team-1"]',
        '  namespace0 ==>|"100 leaked"| namespace1',
        '  namespace0 ==>|"100 leaked"| namespace2',
      ],
    });
  });

  test.each([
    ['all is as it must be', {}],
    ['all of it is amiss', { expected: 'unreachable', verdict: 'leaked' } as const],
  ])('is not drawn, and said to be left out, where there are too many namespaces and %s', (_, check) => {
    expect(drawFlows(viewScenario(meshScenario(100, () => check)))).toEqual({
      lines: [],
      note: `No chart is drawn. ${ALL}. ${ELSEWHERE}`,
    });
  });

  test('is told in the place of the chart', () => {
    const text = renderAudit(viewOf(buildRecord([meshScenario(100, () => ({}))])));
    expect(text).not.toContain('```mermaid');
    expect(text).not.toContain('An arrow is');
    expect(text).toMatch(/\.\n\nNo chart is drawn\. .*\n\n### Policies\n/);
    const less = renderAudit(viewOf(buildRecord([twoNamespaces()])));
    expect(less).toMatch(/An arrow is .*\n\nWhole namespaces are drawn, .*\n\n```mermaid\n/);
  });
});

test('draws nothing where nothing is open', () => {
  const scenario = calmScenario('shut');
  const checks = checksOf(scenario).filter(({ expected }) => expected === 'unreachable');
  expect(drawFlows(viewScenario({ ...scenario, steps: [{ checks }] }))).toEqual({ lines: [] });
});

test('writes names in letters, digits and references only', () => {
  const [scenario] = hostileRecord().scenarios;
  const lines = scenario === undefined ? [] : drawFlows(viewScenario(scenario)).lines;
  const labels = lines.flatMap((line) => /"(.*)"/.exec(line)?.[1] ?? []);
  expect(labels.length).toBeGreaterThan(Object.keys(HOSTILE).length);
  for (const label of labels) expect(label).toMatch(/^(?:[\p{L}\p{N} /.:,_()-]|#\d+;)+$/u);
});
