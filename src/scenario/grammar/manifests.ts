/** What the user deploys: where its manifests are, and what renders them. */
import { z } from 'zod';
import { text } from './text.ts';
import { namespaceName } from './topology.ts';

const path = z
  .string()
  .regex(/\S/, { error: 'this path is empty' })
  .meta({ patternErrorMessage: 'This path is empty.' });

const namespace = namespaceName.describe(
  'The namespace of all that names none, as "kubectl apply -n" gives it. What names another is an error.',
);

/** Helm's own rule for the names of releases. */
const RELEASE = '(?=.{1,53}$)[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*';

/** A file, folder or glob. */
export const manifestPath = path;

export const pathInNamespace = z
  .strictObject({
    path: path.describe('A file, folder or glob, relative to this file.'),
    namespace: namespace.exactOptional(),
  })
  .meta({ title: 'path', description: 'Manifests, and the namespace that they are applied to.' });

const kustomization = z
  .strictObject({
    kustomize: path.describe('A folder with a kustomization, relative to this file; built with kustomize.'),
    namespace: namespace.exactOptional(),
  })
  .meta({ title: 'kustomize', description: 'A kustomization, built with kustomize.' });

const chart = z
  .strictObject({
    helm: path.describe(
      'A chart: a folder or archive, relative to this file, or what helm finds by itself, such as oci://registry.example.com/shop.',
    ),
    release: text(
      RELEASE,
      'is not the name of a release: use lower-case letters, digits, "-" and ".", at most 53 characters',
    ).describe('The name of the release, which most charts make names and labels of.'),
    namespace: namespaceName.describe('The namespace that it is installed into.'),
    values: z
      .array(path)
      .describe('Files with values, in their order, relative to this file.')
      .exactOptional(),
    set: z
      .record(z.string(), z.unknown())
      .describe('Single values, by their path as helm writes it.')
      .meta({ examples: [{ 'networkPolicy.enabled': true }] })
      .exactOptional(),
  })
  .meta({ title: 'helm', description: 'A chart, rendered with "helm template".' });

export const manifests = z.union([manifestPath, pathInNamespace, kustomization, chart]).meta({
  id: 'Manifests',
  description:
    'What is deployed, as it is: a file, a folder or a glob (a folder with a kustomization is built with kustomize), or a chart. Paths are relative to this file.',
  examples: [
    'deploy/base',
    { path: 'deploy/policies', namespace: 'shop' },
    { kustomize: 'deploy/overlays/production' },
    { helm: 'charts/shop', release: 'shop', namespace: 'shop', values: ['values/production.yaml'] },
  ],
});

export type ManifestsText = z.infer<typeof manifests>;
