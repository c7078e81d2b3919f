/**
 * How long the main job takes, as a user sees it: whole processes of the built command line, sandbox start and clean-up
 * included. Run by hand: `npm run bench`. Results stand in docs/performance.md.
 */
import { spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parse, stringify } from 'yaml';

const CLI = fileURLToPath(new URL('../dist/cli.js', import.meta.url));
const RUNS = 3;

interface Measured {
  readonly seconds: number;
  /** The largest resident set of podreach's own process. */
  readonly peakMegabytes: number;
  readonly exitCode: number | null;
  readonly lastLine: string;
}

interface Case {
  readonly title: string;
  readonly args: readonly string[];
  readonly limit: string;
}

/** Pods in three namespaces; `denied` says which destinations nobody may reach. */
function scenario(name: string, pods: number, denied: (index: number) => boolean): string {
  const namespaces = ['a', 'b', 'c'].map((suffix) => `bench-${suffix}`);
  const namespaceOf = (index: number): string => namespaces[index % namespaces.length] ?? '';
  const indices = Array.from({ length: pods }, (_, index) => index);
  const keys = (which: (index: number) => boolean): string[] =>
    indices.filter(which).map((index) => `${namespaceOf(index)}/pod-${index}`);
  const label = (index: number): string => (denied(index) ? 'closed' : 'open');
  const rule = (to: string[]): object[] => (to.length === 0 ? [] : [{ from: '*', to }]);
  return stringify({
    apiVersion: 'podreach/v1',
    kind: 'Scenario',
    name,
    namespaces: Object.fromEntries(namespaces.map((namespace) => [namespace, {}])),
    pods: Object.fromEntries(
      indices.map((index) => [
        `${namespaceOf(index)}/pod-${index}`,
        { labels: { kind: label(index) }, ports: [8080] },
      ]),
    ),
    policies: namespaces.map((namespace) => ({
      apiVersion: 'networking.k8s.io/v1',
      kind: 'NetworkPolicy',
      metadata: { name: 'deny', namespace },
      spec: { podSelector: { matchLabels: { kind: 'closed' } }, policyTypes: ['Ingress'] },
    })),
    reachable: rule(keys((index) => !denied(index))),
    unreachable: rule(keys(denied)),
  });
}

/** The pods of {@link scenario}, all denied: then one after the other is opened, and one after the other closed again. */
function inSteps(name: string, pods: number, steps: number): string {
  const base = parse(scenario(name, pods, () => true));
  const keys: readonly string[] = Object.keys(base.pods);
  for (const key of keys) base.pods[key].labels.pod = key.replace('/', '-');
  const step = (number: number): object => {
    const turn = number % (2 * pods);
    const key = keys[turn % pods] ?? '';
    const [namespace = '', pod = ''] = key.split('/');
    const rule = [{ from: '*', to: key, except: [{ from: key }] }];
    const open = {
      apiVersion: 'networking.k8s.io/v1',
      kind: 'NetworkPolicy',
      metadata: { name: `open-${pod}`, namespace },
      spec: { podSelector: { matchLabels: base.pods[key].labels }, ingress: [{}] },
    };
    return turn < pods
      ? { name: `${number}: ${pod} opens`, apply: [open], reachable: rule }
      : {
          name: `${number}: ${pod} closes`,
          delete: [`networkpolicy/${namespace}/open-${pod}`],
          unreachable: rule,
        };
  };
  return stringify({ ...base, steps: Array.from({ length: steps - 1 }, (_, number) => step(number)) });
}

/** Every pod to every Service, by its address and by its name; behind three of ten nobody may be reached but by itself. */
function behindServices(name: string, pods: number, services: number): string {
  const isClosed = (number: number): boolean => number % 10 < 3;
  const base = parse(scenario(name, pods, (index) => isClosed(index % services)));
  const keys: readonly string[] = Object.keys(base.pods);
  for (const [index, key] of keys.entries()) base.pods[key].labels.service = `s-${index % services}`;
  const numbers = Array.from({ length: services }, (_, number) => number);
  // As many Services as namespaces, or a multiple of that: all pods of one are in its namespace.
  const keyOf = (number: number): string => `${keys[number]?.split('/')[0]}/s-${number}`;
  const rule = (number: number): object => ({
    from: '*',
    to: `service/${keyOf(number)}:80`,
    via: ['clusterIP', 'dns'],
  });
  return stringify({
    ...base,
    services: Object.fromEntries(
      numbers.map((number) => [
        keyOf(number),
        { selector: { service: `s-${number}` }, ports: [{ port: 80, targetPort: 8080 }] },
      ]),
    ),
    reachable: numbers.filter((number) => !isClosed(number)).map(rule),
    unreachable: numbers.filter(isClosed).map((number) => ({
      ...rule(number),
      except: [{ from: keys.filter((_, index) => index % services === number) }],
    })),
  });
}

async function measure(args: readonly string[]): Promise<Measured> {
  const began = performance.now();
  const child = spawn(process.execPath, [CLI, ...args], { stdio: ['ignore', 'pipe', 'inherit'] });
  let output = '';
  let peakKilobytes = 0;
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    output += text;
  });
  // The kernel keeps the high-water mark itself: the last reading before the end is the one that counts.
  const sampler = setInterval(() => {
    peakKilobytes = Math.max(peakKilobytes, highWaterMark(child.pid));
  }, 20);
  const exitCode = await new Promise<number | null>((resolve) => child.on('close', resolve));
  clearInterval(sampler);
  return {
    seconds: (performance.now() - began) / 1000,
    peakMegabytes: peakKilobytes / 1024,
    exitCode,
    lastLine: output.trim().split('\n').at(-1) ?? '',
  };
}

function highWaterMark(pid: number | undefined): number {
  try {
    return Number(/VmHWM:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1] ?? 0);
  } catch {
    return 0;
  }
}

const folder = mkdtempSync(join(tmpdir(), 'podreach-bench-'));
try {
  const file = (name: string, pods: number, denied: (index: number) => boolean): string => {
    const path = join(folder, `${name}.yaml`);
    writeFileSync(path, scenario(name, pods, denied));
    return path;
  };
  const small = file('nine-pods', 9, () => true);
  const large = file('hundred-pods', 100, (index) => index % 2 === 0);
  const steps = join(folder, 'twenty-steps.yaml');
  writeFileSync(steps, inSteps('twenty-steps', 9, 20));
  const services = join(folder, 'services.yaml');
  writeFileSync(services, behindServices('services', 100, 30));
  const cases: Case[] = [
    { title: 'run, 9 pods, 72 pairs, all denied', args: ['run', small], limit: '5 s' },
    { title: 'run, 9 pods, 72 pairs in each of 20 steps', args: ['run', steps], limit: '40 s' },
    {
      title: 'run, 50 pods, 2,450 pairs, all denied',
      args: ['run', file('fifty-pods', 50, () => true)],
      limit: '12 s',
    },
    { title: 'run, 100 pods, 9,900 pairs, half denied', args: ['run', large], limit: '20 s, 300 MB' },
    {
      title: 'run, 100 pods behind 30 Services, by address and by name',
      args: ['run', services],
      limit: '45 s, 400 MB',
    },
    { title: '--help', args: ['--help'], limit: '0.4 s' },
    { title: 'validate, 9 pods', args: ['validate', small], limit: '0.4 s' },
    { title: 'plan, 9 pods', args: ['plan', small], limit: '0.4 s' },
  ];
  console.log('| what | median | worst | peak memory | limit |\n| --- | --- | --- | --- | --- |');
  for (const { title, args, limit } of cases) {
    const measured: Measured[] = [];
    for (let run = 0; run < RUNS; run += 1) {
      const result = await measure(args);
      if (result.exitCode !== 0)
        throw new Error(`${title}: exit code ${result.exitCode}: ${result.lastLine}`);
      measured.push(result);
    }
    const seconds = measured.map((result) => result.seconds).toSorted((left, right) => left - right);
    const peak = Math.max(...measured.map((result) => result.peakMegabytes));
    const median = seconds[Math.floor(seconds.length / 2)] ?? Number.NaN;
    console.log(
      `| ${title} | ${median.toFixed(2)} s | ${seconds.at(-1)?.toFixed(2)} s | ${peak.toFixed(0)} MB | ${limit} |`,
    );
  }
} finally {
  rmSync(folder, { recursive: true, force: true });
}
