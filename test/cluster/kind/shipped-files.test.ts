/** What is written beside the code about kind and Calico agrees with the code. */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { parse } from 'yaml';
import { kindOptions } from '../../../src/cli/kind-options.ts';
import { CALICO_PINS } from '../../../src/cluster/kind/choices.ts';
import { ROOT } from '../../support/cli.ts';

function read(file: string): string {
  return readFileSync(join(ROOT, file), 'utf8');
}

const WORKFLOWS = ['.github/workflows/kind.yml', '.github/workflows/nightly.yml'];

test('every option is in the documentation', () => {
  const text = read('docs/kind.md');
  for (const { long } of kindOptions()) expect(text).toContain(`| \`${long}`);
});

test('every pinned Calico is tested at night, and in the documentation', () => {
  const nightly = parse(read('.github/workflows/nightly.yml'));
  expect(nightly.jobs.kind.strategy.matrix.calico.toSorted()).toEqual(Object.keys(CALICO_PINS).toSorted());
  for (const version of Object.keys(CALICO_PINS)) expect(read('docs/kind.md')).toContain(`\`${version}\``);
});

test('the workflows pin node images by digest, one for each Kubernetes version', () => {
  const images = WORKFLOWS.flatMap((file) => read(file).match(/kindest\/node:\S+/g) ?? []);
  const byTag = new Map(images.map((image) => [image.split('@')[0], image]));
  expect(images).not.toEqual([]);
  expect(new Set(images).size).toBe(byTag.size);
  for (const image of images) expect(image).toMatch(/^kindest\/node:v1\.\d+\.\d+@sha256:[0-9a-f]{64}$/);
});

test('pull requests run on two Kubernetes versions', () => {
  const { jobs } = parse(read('.github/workflows/kind.yml'));
  expect(jobs.kind.strategy.matrix.include).toHaveLength(2);
});

test('kind is set up in one place', () => {
  const users = ['.github/workflows/kind-tests.yml', 'action.yml', '.ci/run'].map(read);
  for (const text of users) expect(text).toContain('.github/setup-kind.sh');
  const files = [...users, ...WORKFLOWS.map(read), read('.github/setup-kind.sh')];
  expect(files.flatMap((text) => text.match(/go install.*/g) ?? [])).toHaveLength(1);
});

test('actions of others are pinned by digest, with the version beside it', () => {
  const folder = '.github/workflows';
  const files = [...readdirSync(join(ROOT, folder)).map((name) => `${folder}/${name}`), 'action.yml'];
  const used = files.flatMap((file) => [...read(file).matchAll(/uses: (.+)/g)].map(([, action]) => action));
  const foreign = used.filter((action) => !action?.startsWith('./'));
  expect(foreign).not.toEqual([]);
  for (const action of foreign) expect(action).toMatch(/^[\w-]+\/[\w-]+@[0-9a-f]{40} # v\d+\.\d+\.\d+$/);
  // One digest for each action: where one is raised, all are.
  expect(new Set(foreign).size).toBe(new Set(foreign.map((action) => action?.split('@')[0])).size);
});

test('the oldest Node.js that will do is tested by itself', () => {
  const { jobs } = parse(read('.github/workflows/ci.yml'));
  const { engines } = JSON.parse(read('package.json'));
  const { steps } = jobs.oldest;
  const [node] = steps.flatMap((step: { with?: object }) => Object.values(step.with ?? {}));
  expect(engines.node).toBe(`>=${String(node).replace(/\.0$/, '')}`);
  expect(steps.map(({ run = '' }) => run)).toContain('node dist/cli.js run scenarios');
});

test('the inputs of the action and their defaults are in the documentation', () => {
  const { inputs } = parse(read('action.yml'));
  const text = read('docs/ci.md');
  const documented = [...text.matchAll(/^\| `([a-z-]+)` \| ([^|]+) \|/gm)].map(([, name]) => name);
  expect(documented.filter((name) => name !== undefined && name in inputs)).toEqual(Object.keys(inputs));
  for (const { default: value } of Object.values<{ default: string }>(inputs)) {
    if (value !== '') expect(text).toContain(`\`${value}\``);
  }
});

test('the action hands its inputs over as variables, never as a part of a script', () => {
  const { runs } = parse(read('action.yml'));
  for (const { run = '' } of runs.steps) expect(run).not.toContain('${{');
});

test('the CronJob meets the restricted Pod Security Standard, and tries a finding once', () => {
  const { spec } = parse(read('manifests/cronjob.yaml'));
  const job = spec.jobTemplate.spec;
  const pod = job.template.spec;
  expect(job.backoffLimit).toBe(0);
  expect(pod.securityContext).toMatchObject({
    runAsNonRoot: true,
    seccompProfile: { type: 'RuntimeDefault' },
  });
  expect(pod.containers[0].securityContext).toEqual({
    allowPrivilegeEscalation: false,
    readOnlyRootFilesystem: true,
    capabilities: { drop: ['ALL'] },
  });
});

test('what the Dockerfile copies is sent to Docker, and is there', () => {
  const sent = read('.dockerignore').match(/(?<=^!).+/gm) ?? [];
  const copied = [...read('Dockerfile').matchAll(/^COPY (?!--from)(.+) \S+$/gm)]
    .flatMap(([, sources = '']) => sources.split(' '))
    .map((source) => source.replace(/\/$/, ''));
  expect(copied).not.toEqual([]);
  expect([...new Set(copied)].toSorted()).toEqual(sent.toSorted());
  const top = readdirSync(ROOT);
  for (const source of copied) expect(top).toContain(source.split('/')[0]);
});
