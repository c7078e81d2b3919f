/** Whom a user of a kubeconfig acts as. Of `as`, `as-uid`, `as-groups` and `as-user-extra` the Kubernetes client knows only the first. */
import { parse } from 'yaml';
import { z } from 'zod';
import { PodreachError } from '../errors.ts';

const impersonationSchema = z.object({
  as: z.string().nullish(),
  'as-uid': z.string().nullish(),
  'as-groups': z.array(z.string()).nullish(),
  'as-user-extra': z.record(z.string(), z.array(z.string())).nullish(),
});
export type Impersonation = z.infer<typeof impersonationSchema>;

const kubeconfigSchema = z.object({
  users: z.array(z.object({ name: z.string().nullish(), user: impersonationSchema.nullish() })).nullish(),
});

/** Whom a user of a kubeconfig acts as; empty where it is itself. @throws PodreachError `cluster-unavailable` where it makes no sense */
export function impersonationIn(kubeconfigText: string, user: string): Impersonation {
  const { data, error } = kubeconfigSchema.safeParse(parse(kubeconfigText) ?? {});
  if (error !== undefined) throw new PodreachError('cluster-unavailable', z.prettifyError(error));
  return data.users?.find(({ name }) => name === user)?.user ?? {};
}

/** The headers that ask for it. @throws PodreachError `cluster-unavailable` where only a part of somebody is named */
export function impersonationHeaders(who: Impersonation): Readonly<Record<string, string | string[]>> {
  const { as: name, 'as-uid': uid, 'as-groups': groups, 'as-user-extra': extra } = who;
  const headers = {
    ...(uid ? { 'Impersonate-Uid': uid } : {}),
    ...(groups?.length ? { 'Impersonate-Group': groups } : {}),
    ...Object.fromEntries(
      Object.entries(extra ?? {}).map(([key, values]) => [
        `Impersonate-Extra-${encodeURIComponent(key)}`,
        values,
      ]),
    ),
  };
  if (name) return { 'Impersonate-User': name, ...headers };
  if (Object.keys(headers).length === 0) return {};
  throw new PodreachError(
    'cluster-unavailable',
    'the kubeconfig asks to act with as-uid, as-groups or as-user-extra, and not as whom',
    { hint: 'Add `as`, the name of the user to act as.' },
  );
}
