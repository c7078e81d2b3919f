/** Access reviews: whoever has the token may do everything. */
import { isJsonObject } from '../json.ts';
import { badRequest } from '../status.ts';
import { json, type Reply } from './reply.ts';

const EVERYTHING = ['*'];

/** The status of each kind of review. */
const STATUSES: Readonly<Record<string, object>> = {
  SelfSubjectAccessReview: { allowed: true },
  SelfSubjectRulesReview: {
    resourceRules: [{ verbs: EVERYTHING, apiGroups: EVERYTHING, resources: EVERYTHING }],
    nonResourceRules: [{ verbs: EVERYTHING, nonResourceURLs: EVERYTHING }],
    incomplete: false,
  },
};

/** @throws StatusError BadRequest */
export function review(kind: 'SelfSubjectAccessReview' | 'SelfSubjectRulesReview', sent: unknown): Reply {
  if (!isJsonObject(sent)) throw badRequest(`the body of the request is not a ${kind}`);
  const { spec = {}, metadata = {} } = sent;
  return json(201, { kind, apiVersion: 'authorization.k8s.io/v1', metadata, spec, status: STATUSES[kind] });
}
