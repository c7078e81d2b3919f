/** How reports tell of Services that were there already. */
import { expect, test } from 'vitest';
import { livesOf } from '../../src/record/lives.ts';
import { runRecordSchema } from '../../src/record/schema.ts';
import { FORMAT_NAMES, type ReportFormat } from '../../src/report/formats.ts';
import { describeEvidence } from '../../src/report/parts/evidence.ts';
import { viewOf } from '../../src/report/view/run.ts';
import { attempts, buildRecord, buildScenario } from './fixture.ts';
import { render } from './render.ts';

const cut = {
  from: 'shop/web',
  to: 'service/default/kubernetes',
  path: 'clusterIP',
  port: 443,
  expected: 'unreachable',
} as const;
const made = [...attempts('control', ['connected']), ...attempts('settle', ['timeout', 'timeout'])];
const scenario = buildScenario(
  'external',
  {
    pods: { 'shop/web': [80] },
    checks: [
      { ...cut, verdict: 'pass', attempts: [...made, ...attempts('closing', ['connected'])] },
      { ...cut, path: 'dns', expected: 'reachable', verdict: 'broken', reason: 'x', attempts: made },
    ],
  },
  { existingServices: [{ namespace: 'default', name: 'kubernetes', ip: '10.96.0.1' }] },
);

test('a cut rests on a pod that has met it, and the listener on the same', () => {
  const [first] = viewOf(buildRecord([scenario])).checks;
  expect(first && describeEvidence(first)).toBe(
    'The port was open: somebody else reached it. shop/web was on the network: the kubelet of its node visited it at 02:00:01 UTC. The way was open: a pod on the same node, which no policy isolates, connected to service/default/kubernetes at 02:00:01 UTC. When the policies had been taken away, it connected again.',
  );
  expect(render('terminal', buildRecord([scenario]))).toContain(
    'by whether a pod that no policy isolates reached it in the same rounds',
  );
});

test('what is kept can be tried again, at its address and by its name', () => {
  const keep = { options: { timeoutMs: 500, withinMs: 10_000, confirm: 2, keep: true, failFast: false } };
  expect(viewOf(buildRecord([scenario], keep)).checks.map((check) => check.reproduce().text)).toEqual([
    expect.stringContaining('connect 10.96.0.1 443 TCP'),
    expect.stringContaining('connect kubernetes.default.svc.cluster.local. 443 TCP'),
  ]);
});

test('over the other family it is tried again at its address there', () => {
  const keep = { options: { timeoutMs: 500, withinMs: 10_000, confirm: 2, keep: true, failFast: false } };
  const both = { namespace: 'default', name: 'kubernetes', ip: '10.96.0.1', otherIps: ['fd00::1'] };
  const checks = [{ ...cut, family: 'IPv6', verdict: 'pass', attempts: made }] as const;
  const other = buildScenario(
    'external',
    { pods: { 'shop/web': [80] }, checks },
    { existingServices: [both] },
  );
  expect(viewOf(buildRecord([other], keep)).checks.map((check) => check.reproduce().text)).toEqual([
    expect.stringContaining('connect fd00::1 443 TCP'),
  ]);
});

/** What is for programs, and as their own data rather than as a sentence. */
const NUMBERS: Partial<Record<ReportFormat, string>> = {
  json: '"untried":{"family":"IPv6","checks":2}',
  openmetrics: 'podreach_checks_not_made{cluster="sandbox",scenario="external"} 2',
};

test('those that were not made in a family that it lacks are told of with the result', () => {
  const [service] = scenario.existingServices ?? [];
  if (service === undefined) throw new Error('it has a Service');
  const record = buildRecord([
    { ...scenario, existingServices: [{ ...service, untried: { family: 'IPv6', checks: 2 } }] },
  ]);
  const told =
    'service/default/kubernetes has no IPv6 on this cluster, and 2 checks of it were not made for that. A rule with "families:';
  const inOneLine = (text: string): string => text.replaceAll(/&quot;|&#34;/g, '"').replaceAll(/\s+/g, ' ');
  for (const format of FORMAT_NAMES) {
    const inNumbers = NUMBERS[format];
    const [text, without] = [record, buildRecord([scenario])].map((one) => inOneLine(render(format, one)));
    expect(text, format).toContain(inNumbers ?? told);
    expect(without, format).not.toContain(inNumbers ?? 'were not made');
  }
});

test('a known issue all of whose checks were not made is neither seen nor gone', () => {
  const location = { file: 'shop.yaml', line: 7, column: 5 };
  const issue = {
    is: 'leaked',
    reason: 'a bug',
    owner: 'us',
    expires: '2027-01-31',
    location,
    checks: 0,
  } as const;
  const record = runRecordSchema.parse(buildRecord([{ ...scenario, knownIssues: [issue] }]));
  for (const format of ['terminal', 'markdown', 'audit'] as const) {
    const text = render(format, record).replaceAll(/\s+/g, ' ');
    expect(text).toContain('the known issue at shop.yaml:7 was not tried');
    expect(text).not.toContain('known-issue-gone');
  }
});

test('it is there from the first step on, whatever pods come and go', () => {
  const { pods, steps } = scenario;
  const later = { ...steps[0], pods: [...pods, { ...pods[0], name: 'late' }] } as (typeof steps)[number];
  const lives = livesOf({
    ...scenario,
    steps: [...steps, later, ...steps.map((step) => ({ ...step, pods }))],
  });
  expect(lives.map((own) => own.get('service/default/kubernetes'))).toEqual([0, 0, 0]);
  expect(lives.map((own) => own.has('shop/late'))).toEqual([false, true, false]);
});

test('those who answer for security are told what was dialled', () => {
  expect(render('audit', buildRecord([scenario]))).toContain(
    'Proxies, load balancers, and other ways to Services than were tried: connections went to Services by their addresses and to Services by their names.',
  );
});
