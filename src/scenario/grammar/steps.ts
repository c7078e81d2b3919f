/** Steps: what happens, and what is expected then. */
import { z } from 'zod';
import { DURATION } from '../../duration.ts';
import { policy } from './policies.ts';
import { stepRule, unreachableStepRule } from './rules.ts';
import { labelKey, labelValue, POD_KEY, POD_KEY_OF_POLICY, prose, text } from './text.ts';

const stepName = text(
  '(?=.*[^0-9])\\S([^\\r\\n]{0,98}\\S)?',
  'is not the name of a step: write a few words on one line, at most 100 characters and not only digits',
);
const policyObject = text(
  `networkpolicy/${POD_KEY_OF_POLICY}`,
  'is not a policy: write "networkpolicy/namespace/name"; only policies are deleted',
);
const podOrNamespace = text(
  POD_KEY,
  'names neither a pod nor a namespace: write a pod as "shop/web", and a namespace as "namespace/shop"',
);
const podToReplace = text(
  `(?!namespace/)${POD_KEY}`,
  'is not a pod: only pods are replaced, written as "shop/web"',
);

export const step = z
  .strictObject({
    name: stepName.describe('What happens, in a few words. Reports show it; unique within the scenario.'),
    description: prose.describe('What the step shows, for a reader who does not know it.').exactOptional(),
    apply: z
      .array(policy)
      .describe(
        'Policies to apply, as under "policies": files, folders or inline manifests. One that is there already is updated.',
      )
      .exactOptional(),
    delete: z
      .array(policyObject)
      .describe('Policies to delete, as "networkpolicy/namespace/name".')
      .meta({ examples: [['networkpolicy/shop/default-deny']] })
      .exactOptional(),
    label: z
      .record(podOrNamespace, z.record(labelKey, labelValue.nullable()))
      .describe(
        'Labels to set on pods ("namespace/name") and namespaces ("namespace/" and the name). null takes a label away.',
      )
      .meta({ examples: [{ 'shop/web': { role: 'admin' } }, { 'namespace/monitoring': { team: null } }] })
      .exactOptional(),
    create: z
      .array(podOrNamespace)
      .describe(
        'Pods ("namespace/name") and namespaces ("namespace/" and the name) to create. They are declared with "created: later"; namespaces come before pods.',
      )
      .meta({ examples: [['shop/late'], ['namespace/staging', 'staging/web']] })
      .exactOptional(),
    remove: z
      .array(podOrNamespace)
      .describe('Pods and namespaces to delete. With a namespace go its pods and its policies.')
      .meta({ examples: [['shop/web'], ['namespace/staging']] })
      .exactOptional(),
    replace: z
      .array(podToReplace)
      .describe(
        'Pods to replace: each is deleted, and another of the same name, labels and ports takes its place, usually with another address.',
      )
      .meta({ examples: [['shop/api']] })
      .exactOptional(),
    reachable: z
      .array(stepRule)
      .describe('Connections that must succeed from this step on. All others keep what was expected of them.')
      .exactOptional(),
    unreachable: z
      .array(unreachableStepRule)
      .describe(
        'Connections that must be cut off from this step on. All others keep what was expected of them.',
      )
      .exactOptional(),
    otherwise: z
      .enum(['reachable', 'unreachable'])
      .describe(
        'What holds from this step on for every pair of different pods, on every declared port, that no rule of this step speaks of, whatever an earlier step says. Left out: they keep what was expected of them.',
      )
      .exactOptional(),
    within: text(DURATION, 'is not a time: write a number with its unit, such as "5s", "500ms" or "1m"')
      .describe(
        'The budget: a check that came to show what is expected only after this time, counted from the last action, is late, which fails the run.',
      )
      .meta({ examples: ['5s'] })
      .exactOptional(),
  })
  .meta({
    id: 'Step',
    description:
      'What changes in the cluster, and what is expected then. The actions are done in this order: apply, delete, label, create, remove, replace. Every check is tried again, with the expectation that it had unless this step says otherwise.',
    examples: [
      {
        name: 'monitoring is let in',
        label: { 'namespace/monitoring': { team: 'devops' } },
        reachable: [{ from: 'monitoring/prometheus', to: 'shop/api:8080' }],
        within: '5s',
      },
      { name: 'back to open', delete: ['networkpolicy/shop/default-deny'], otherwise: 'reachable' },
    ],
  });

export type StepText = z.infer<typeof step>;
