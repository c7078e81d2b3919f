/** Which images the nodes need: those that are named, and the one that kind chooses for the rest. */
import { expect, test } from 'vitest';
import { systemRunner } from '../../../src/cluster/command-runner.ts';
import { nodeImages } from '../../../src/cluster/kind/node-images.ts';
import { folderWith } from '../../support/cli.ts';

const DEFAULT = `kindest/node:v1.36.1@sha256:${'0a'.repeat(32)}`;
/** As it lies in the program: between other texts, with nothing around it. */
const KIND = `\0kindest/kindnetd:v2\0\xff${DEFAULT}kubeadm`;
const NONE = [
  "The nodes' image is not listed: kind chooses it, and there is no kind here that tells. Name one with --node-image, here and for the run.",
];
const BALANCER = [
  "The image of kind's load balancer, which several control planes need, is not listed: kind chooses it.",
];

test.each([
  ['without nodes', {}, undefined, [DEFAULT], []],
  ['that is empty', null, undefined, [DEFAULT], []],
  ['without images', { nodes: [{ role: 'control-plane' }, {}] }, undefined, [DEFAULT], []],
  ['with an image for each node', { nodes: [{ image: 'a' }, { image: 'b' }] }, undefined, ['a', 'b'], []],
  ['with an image for some', { nodes: [{ image: 'a' }, { role: 'worker' }] }, undefined, ['a', DEFAULT], []],
  ['where another is asked for', { nodes: [{ image: 'a' }, {}] }, 'mine', ['mine'], []],
  [
    'with several control planes',
    { nodes: [{ role: 'control-plane' }, { role: 'control-plane' }] },
    undefined,
    [DEFAULT],
    BALANCER,
  ],
])('a config %s', async (_, config, asked, images, missing) => {
  using folder = folderWith({ kind: KIND });
  expect(await nodeImages(config, asked, `/nowhere:${folder.path}`)).toEqual({ images, missing });
});

test.each([
  ['no kind', {}],
  ['a kind that is a script', { kind: '#!/bin/sh\nexec /opt/kind "$@"\n' }],
  ['a kind with two of them', { kind: `${KIND} ${DEFAULT.replaceAll('0a', '0b')}` }],
])('%s leaves the image of the nodes open, and says so', async (_, files) => {
  using folder = folderWith(files);
  expect(await nodeImages({ nodes: [{ image: 'a' }, {}] }, undefined, folder.path)).toEqual({
    images: ['a'],
    missing: NONE,
  });
});

const hasKind = await systemRunner.run('kind', ['version']).then(
  () => true,
  () => false,
);

test.skipIf(!hasKind)('the real kind names one', async () => {
  const { images, missing } = await nodeImages({}, undefined, process.env['PATH']);
  expect(images).toEqual([expect.stringMatching(/^kindest\/node:v1\.\d+\.\d+@sha256:[0-9a-f]{64}$/)]);
  expect(missing).toEqual([]);
});
