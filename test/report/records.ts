/** Records of runs that ended in the ways that every report must cope with. All of them are valid records. */
import type { RunRecord } from '../../src/record/schema.ts';
import { attempts, buildRecord, buildScenario, calmScenario, changedChecks, unjudged } from './fixture.ts';

/** Names and texts that would be something else than text to one format or another, by what they try. */
export const HOSTILE = {
  html: '<script>alert(1)</script><img src=x onerror=alert(2)>',
  cdata: ']]><failure/><!-- & &amp; &#0; -->',
  workflowCommand: '::error file=a,line=1::%0A::stop-commands::x',
  oldWorkflowCommand: '##[error]gotcha',
  control: '\u001b[2J\u001b]8;;http://evil.example\u0007\u0000\u009b1m\ufffe\uffff\ud800',
  newLine: 'first\r\nBail out! second\n1..0\n# EOF\n...\n---\n## third',
  direction: 'gpj.\u202eexe\u2066\u200d',
  long: `${'first-'.repeat(16)}and-${'last-'.repeat(20)}`,
  markdown: '**bold** _it_ [a](http://b) `c` ``d`` ```e``` ~~f~~ | g | \\| $x$ # h',
  mention: '@everyone fixes #12 and GH-12, see https://evil.example, www.evil.example, a@b.example',
  tap: '# SKIP # TODO \\# not',
  metric: 'a",verdict="pass"} 1 # {x="\\',
  mermaid: '"] --> x["#quot; %%{init}%% --- end',
  quote: `it's "so" $(rm -rf ~)`,
  blank: ' ',
} as const;

/** A record in which every name and text is hostile, with every verdict. */
export function hostileRecord(): RunRecord {
  const texts = Object.values(HOSTILE);
  const text = (index: number): string => texts[index % texts.length] ?? '';
  const verdicts = ['leaked', 'broken', 'flapping', 'inconclusive', 'pass'] as const;
  const scenarios = texts.map((name, index) =>
    buildScenario(
      name,
      {
        pods: Object.fromEntries(texts.map((pod) => [`shop/${pod}`, ['80']])),
        policies: { [`shop/${text(index + 1)}`]: 1 },
        checks: verdicts.map((verdict, step) => ({
          from: `shop/${text(index + step)}`,
          to: `shop/${text(index + step + 1)}`,
          port: 80,
          portName: text(index + 2),
          verdict,
          expected: verdict === 'leaked' ? 'unreachable' : 'reachable',
          because: text(index + 3),
          declared: { file: text(index), line: step + 1, column: 1 },
          ...(verdict === 'pass' ? {} : { reason: text(index + 4) }),
          predicted: { verdict: 'undefined', grounds: 0, rule: text(index), reason: text(index + 1) },
          disagreement: 'outside' as const,
          ...(verdict === 'leaked' ? { cutBy: 'others' as const } : {}),
          attempts: [
            ...attempts('control', ['connected']),
            ...attempts('settle', ['connected', 'timeout', 'wrong-peer', 'connected'], {
              detail: text(index + 5),
            }),
            ...attempts('closing', ['error'], { detail: text(index + 6) }),
          ],
          isolatedBy: { egress: [], ingress: [`shop/${text(index + 1)}`] },
        })),
      },
      {
        description: text(index + 6),
        owner: text(index + 7),
        purpose: text(index + 8),
        runbook: text(index + 9),
        reviewBy: '2020-01-01',
        tags: [text(index + 9)],
        location: { file: text(index), line: 1, column: 1 },
        error: { code: text(index), message: text(index + 1), hint: text(index + 2) },
        force: [{ node: text(index) }, { node: text(index + 1), turnedMs: 3 }],
        closingControl: 'left-out',
        grounds: [
          [
            {
              direction: 'egress',
              policy: text(index),
              location: { file: text(index + 1), line: 1, column: 1 },
            },
          ],
        ],
        warnings: [
          {
            code: text(index),
            message: text(index + 1),
            advice: text(index + 2),
            location: { file: text(index + 3), line: 1, column: 1 },
          },
        ],
      },
    ),
  );
  return buildRecord(
    scenarios,
    { error: { code: text(0), message: text(5), hint: text(2) } },
    {
      cluster: text(1),
      kubernetes: text(2),
      nodes: texts.map((name) => ({ name, os: name })),
      networkPlugins: [{ name: text(3), version: text(4), daemonSet: text(5), enforces: true }],
      clusterPolicies: [text(0), text(9)],
      kubeProxy: text(6),
      canary: { nodes: [{ name: text(7), enforcedMs: 1, restoredMs: 2 }], enforcedMs: 1 },
      warnings: [text(8)],
    },
  );
}

/** The cluster never came up. */
export function environmentFailure(): RunRecord {
  const record = buildRecord([unjudged(calmScenario('default-deny', { status: 'skipped' }))], {
    incomplete: true,
    durationMs: 92,
    error: {
      code: 'tool-missing',
      message: 'the sandbox needs nft, which is not installed',
      hint: 'Install the package nftables: apt-get install nftables',
    },
  });
  return { ...record, environment: { cluster: 'sandbox', nodes: [], node: 'v24.21.0' } };
}

/** Lines of a role, deep enough that an indent that is lost would change what they say. */
export const ROLE = ['kind: ClusterRole', 'rules:', '  - apiGroups: [""]', '    resources: [namespaces]'];

/** The user may not do what a run does, and is told what would be enough. */
export function missingRight(): RunRecord {
  return buildRecord([unjudged(calmScenario('default-deny', { status: 'skipped' }))], {
    incomplete: true,
    exitCode: 3,
    error: {
      code: 'permission-denied',
      message: 'user "ci" may not create namespaces',
      hint: 'Have a cluster administrator apply the manifest below.',
      manifest: ROLE,
    },
  });
}

/** The pods of one scenario did not start; the other one went well. */
export function provisioningFailure(): RunRecord {
  const failed = calmScenario('unlucky', {
    status: 'failed',
    error: {
      code: 'provision-failed',
      message: 'pod shop/db did not become ready within 60 s: ErrImagePull',
      hint: 'Look at the events of the pod.',
    },
  });
  return buildRecord([calmScenario('default-deny'), unjudged(failed)]);
}

/** All is well, as far as can be told of a run that leaves its policies in place. */
export function keptRun(): RunRecord {
  const scenario = calmScenario('kept', { closingControl: 'left-out' });
  const steps = changedChecks(scenario, ({ closing: _, ...check }) => check);
  const phases = scenario.phases.filter(({ name }) => name !== 'closing' && name !== 'cleanup');
  const options = { confirm: 2, keep: true, failFast: false };
  return buildRecord([{ ...scenario, steps, phases }], { options, exitCode: 0 });
}

/** Stopped by the user between two scenarios. */
export function interruptedRun(): RunRecord {
  return buildRecord(
    [
      calmScenario('done'),
      unjudged(calmScenario('never-begun', { status: 'skipped', durationMs: 0, phases: [] })),
    ],
    { incomplete: true, interruptedBy: 'SIGINT', exitCode: 130 },
  );
}
