/** Policies, by their files or inline. */
import { z } from 'zod';
import { manifestPath, pathInNamespace } from './manifests.ts';
import { NETWORK_POLICY_SCHEMA } from './network-policy-schema.ts';

export const policy = z
  .union([
    manifestPath,
    pathInNamespace,
    z.looseObject({}).meta({
      title: 'NetworkPolicy',
      description: 'A NetworkPolicy of networking.k8s.io/v1, inline.',
      ...NETWORK_POLICY_SCHEMA,
    }),
  ])
  .meta({
    id: 'Policy',
    description:
      'A file, a folder or a glob, alone or with the namespace that it is applied to, or an inline manifest. Paths are relative to this file.',
    examples: ['policies/three-tier.yaml', { path: 'policies/team-*.yaml', namespace: 'shop' }],
  });

export type PolicyText = z.infer<typeof policy>;
