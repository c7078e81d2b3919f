/** Policies, by their files or inline. */
import { z } from 'zod';
import { NETWORK_POLICY_SCHEMA } from './network-policy-schema.ts';

export const policy = z
  .union([
    z
      .string()
      .regex(/\S/, { error: 'this path is empty' })
      .meta({ patternErrorMessage: 'This path is empty.' }),
    z.looseObject({}).meta({
      title: 'NetworkPolicy',
      description: 'A NetworkPolicy of networking.k8s.io/v1, inline.',
      ...NETWORK_POLICY_SCHEMA,
    }),
  ])
  .meta({
    id: 'Policy',
    description: 'A file, a folder or an inline manifest. Paths are relative to the scenario file.',
    examples: ['policies/three-tier.yaml'],
  });

export type PolicyText = z.infer<typeof policy>;
