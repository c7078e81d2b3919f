/** Access reviews: whoever has the token may do everything. */
import { isJsonObject } from '../json.ts';
import { apiVersionOf } from '../kinds/definition.ts';
import { type Message, stringFields, withSpec } from '../schema/protobuf.ts';
import { badRequest } from '../status.ts';
import { json, type Reply } from './reply.ts';

export const REVIEW_GROUP = { group: 'authorization.k8s.io', version: 'v1' } as const;

/** A kind of question, which is answered and never stored. */
export interface Review {
  /** The plural, as in paths. */
  readonly resource: string;
  readonly kind: string;
  /** The form in protobuf: kubectl sends no other. */
  readonly protobuf: Message;
  /** The answer. */
  readonly status: object;
}

const EVERYTHING = ['*'];
const RESOURCE_ATTRIBUTES = ['namespace', 'verb', 'group', 'version', 'resource', 'subresource', 'name'];

export const REVIEWS: readonly Review[] = [
  {
    resource: 'selfsubjectaccessreviews',
    kind: 'SelfSubjectAccessReview',
    protobuf: withSpec({
      1: { name: 'resourceAttributes', type: stringFields(RESOURCE_ATTRIBUTES) },
      2: { name: 'nonResourceAttributes', type: stringFields(['path', 'verb']) },
    }),
    status: { allowed: true },
  },
  {
    resource: 'selfsubjectrulesreviews',
    kind: 'SelfSubjectRulesReview',
    protobuf: withSpec(stringFields(['namespace'])),
    status: {
      resourceRules: [{ verbs: EVERYTHING, apiGroups: EVERYTHING, resources: EVERYTHING }],
      nonResourceRules: [{ verbs: EVERYTHING, nonResourceURLs: EVERYTHING }],
      incomplete: false,
    },
  },
];

/** @throws StatusError BadRequest */
export function review({ kind, status }: Review, sent: unknown): Reply {
  if (!isJsonObject(sent)) throw badRequest(`the body of the request is not a ${kind}`);
  const { spec = {}, metadata = {} } = sent;
  return json(201, { kind, apiVersion: apiVersionOf(REVIEW_GROUP), metadata, spec, status });
}
