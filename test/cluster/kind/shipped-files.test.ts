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

test('the same kind is installed everywhere', () => {
  const versions = [...WORKFLOWS, 'action.yml'].flatMap((file) => read(file).match(/kind@v[\d.]+/g) ?? []);
  expect(versions).toHaveLength(3);
  expect(new Set(versions).size).toBe(1);
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
