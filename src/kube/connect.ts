/**
 * Makes a {@link Kube} from a kubeconfig. Objects travel as plain JSON, and manifests as the text that the user wrote: the
 * Kubernetes client's own serializer knows only the fields of its models and loses others, `from` of a NetworkPolicy among
 * them, which would turn *from these* into *from everywhere*.
 */
import { type Clock, systemClock } from '../clock.ts';
import { readAccess } from './access.ts';
import { fieldOf, toJson, toList, toObject, toVersion } from './answers.ts';
import { ApiStatusError, isAlreadyExists, type Purpose } from './errors.ts';
import { EXEC_LIMITS, Session } from './exec.ts';
import type { CallOptions, Kube, KubeObject, Resource, ServedKind } from './kube.ts';
import { pathOf, purposeOf, queryOf, resourceOf } from './paths.ts';
import { type ApiRequest, send } from './request.ts';

/** The name under which the API server notes who owns a field. */
const FIELD_MANAGER = 'podreach';

export interface ConnectOptions {
  readonly clock?: Clock;
  readonly random?: () => number;
  /** Default: what suits a cluster that is busy, or far away. */
  readonly patience?: Partial<KubePatience>;
}

/** For how long an API server that does not answer is waited for. */
export interface KubePatience {
  /** For one call with all its tries: one that restarts is back in this time. */
  readonly answerMs: number;
  /** For credentials: a plugin that runs, or an identity provider that is asked. */
  readonly credentialsMs: number;
  /** From connecting to the answer to the handshake of an exec. */
  readonly handshakeMs: number;
  /** With nothing heard for so long, the stream of an exec is dead. */
  readonly silenceMs: number;
}

const PATIENCE: KubePatience = {
  answerMs: 30_000,
  // Below the time for an answer, so that who was waited for can be told.
  credentialsMs: 20_000,
  handshakeMs: 10_000,
  silenceMs: 20_000,
};
/** The first contact: where nobody listens at all, a mistake is more likely than a restart. */
const FIRST_CONTACT_MS = 2_000;

/**
 * Connects to the cluster of a kubeconfig's current context. Nothing is sent yet.
 * @throws PodreachError `cluster-unavailable` where the kubeconfig names no usable cluster
 */
export async function connectKube(
  kubeconfigText: string,
  { clock = systemClock, random = Math.random, patience = {} }: ConnectOptions = {},
): Promise<Kube> {
  const { answerMs, credentialsMs, ...limits } = { ...PATIENCE, ...patience };
  const access = await readAccess(kubeconfigText, credentialsMs);
  const call = (request: ApiRequest, options: CallOptions = {}): Promise<string> =>
    send(access, request, options, { clock, random, answerMs });

  /** Reviews change nothing on the server, but they are asked by creating them. */
  const review = async (
    group: string,
    kind: string,
    purpose: Purpose,
    options: CallOptions = {},
    spec: object = {},
  ): Promise<unknown> => {
    const path = `/apis/${group}/v1/${kind.toLowerCase()}s`;
    const text = JSON.stringify({ apiVersion: `${group}/v1`, kind, spec });
    const body = { type: 'application/json', text };
    return toJson(await call({ method: 'POST', path, body, purpose, isSafe: true }, options), purpose);
  };

  const list: Kube['list'] = async ({ resource, namespace, labelSelector, fieldSelector }, options) => {
    const purpose = purposeOf('list', resource, namespace);
    const path = pathOf(resource, namespace) + queryOf({ labelSelector, fieldSelector });
    return toList(await call({ method: 'GET', path, purpose }, options), purpose);
  };

  /** What exists already, where it is the very object that was to be created; undefined where it is another, or cannot be told. */
  const findCreated = async (
    object: KubeObject,
    resource: Resource | ServedKind,
    options?: CallOptions,
  ): Promise<KubeObject | undefined> => {
    const { namespace, name, labels = {} } = object.metadata;
    const query = {
      resource,
      ...(namespace === undefined ? {} : { namespace }),
      labelSelector: Object.entries(labels)
        .map(([key, value]) => `${key}=${value}`)
        .join(','),
      fieldSelector: `metadata.name=${name}`,
    };
    try {
      const [found] = await list(query, options);
      return found?.metadata.deletionTimestamp === undefined ? found : undefined;
    } catch (thrown) {
      if (thrown instanceof ApiStatusError) return undefined;
      throw thrown;
    }
  };

  return {
    server: access.server,
    context: access.context,

    async version(options) {
      const purpose = { action: "ask for the API server's version" };
      return toVersion(
        await call({ method: 'GET', path: '/version', purpose }, { outageMs: FIRST_CONTACT_MS, ...options }),
        purpose,
      );
    },

    async get({ resource, namespace, name }, options) {
      const purpose = purposeOf('get', resource, namespace, name);
      try {
        return toObject(
          await call({ method: 'GET', path: pathOf(resource, namespace, name), purpose }, options),
          purpose,
        );
      } catch (thrown) {
        if (isNotFound(thrown)) return undefined;
        throw thrown;
      }
    },

    async read(path, options) {
      const purpose = { action: `get ${path}` };
      try {
        return toJson(await call({ method: 'GET', path, purpose }, options), purpose);
      } catch (thrown) {
        if (isNoSuchPath(thrown)) return undefined;
        throw thrown;
      }
    },

    async mayI({ verb, group, resource, namespace, name }, options) {
      const [plural, subresource] = resource.split('/');
      const attributes = { verb, group, resource: plural, subresource, namespace, name };
      const purpose = { action: `ask whether I may ${verb} ${resource}` };
      const answer = await review('authorization.k8s.io', 'SelfSubjectAccessReview', purpose, options, {
        resourceAttributes: attributes,
      });
      return fieldOf(fieldOf(answer, 'status'), 'allowed') === true;
    },

    async whoAmI(options) {
      const purpose = { action: 'ask who I am' };
      try {
        const answer = await review('authentication.k8s.io', 'SelfSubjectReview', purpose, options);
        const name = fieldOf(fieldOf(fieldOf(answer, 'status'), 'userInfo'), 'username');
        return typeof name === 'string' ? name : undefined;
      } catch (thrown) {
        // Served since Kubernetes 1.28, and only a help.
        if (thrown instanceof ApiStatusError) return undefined;
        throw thrown;
      }
    },

    list,

    async create(object, { as, ...options } = {}) {
      const resource = as ?? resourceOf(object.kind);
      const { namespace, name, labels = {} } = object.metadata;
      const purpose = purposeOf('create', resource, namespace, name);
      const path =
        pathOf(resource, namespace) + queryOf({ fieldManager: FIELD_MANAGER, fieldValidation: 'Strict' });
      const body = { type: 'application/json', text: JSON.stringify(object) };
      let isInDoubt = false;
      const onDoubt = (): void => {
        isInDoubt = true;
      };
      const isRecognizable = Object.keys(labels).length > 0;
      try {
        const request = {
          method: 'POST',
          path,
          body,
          purpose,
          ...(isRecognizable ? { onDoubt } : {}),
        } as const;
        return toObject(await call(request, options), purpose);
      } catch (thrown) {
        const created =
          isInDoubt && isAlreadyExists(thrown) ? await findCreated(object, resource, options) : undefined;
        if (created === undefined) throw thrown;
        return created;
      }
    },

    async apply({ resource, namespace, name }, text, options) {
      const purpose = purposeOf('apply', resource, namespace, name);
      const query = queryOf({ fieldManager: FIELD_MANAGER, force: 'true', fieldValidation: 'Strict' });
      const path = pathOf(resource, namespace, name) + query;
      const body = { type: 'application/apply-patch+yaml', text };
      return toObject(await call({ method: 'PATCH', path, body, purpose }, options), purpose);
    },

    async patch({ resource, namespace, name }, change, options) {
      const purpose = purposeOf('patch', resource, namespace, name);
      const query = queryOf({ fieldManager: FIELD_MANAGER, fieldValidation: 'Strict' });
      const path = pathOf(resource, namespace, name) + query;
      const body = { type: 'application/merge-patch+json', text: JSON.stringify(change) };
      return toObject(await call({ method: 'PATCH', path, body, purpose }, options), purpose);
    },

    async delete({ resource, namespace, name }, options) {
      const purpose = purposeOf('delete', resource, namespace, name);
      const wish = { apiVersion: 'v1', kind: 'DeleteOptions', propagationPolicy: 'Background' };
      const body = { type: 'application/json', text: JSON.stringify(wish) };
      try {
        await call({ method: 'DELETE', path: pathOf(resource, namespace, name), body, purpose }, options);
      } catch (thrown) {
        // Without preconditions, a conflict means that the object is on its way out already.
        if (!isNotFound(thrown) && !(thrown instanceof ApiStatusError && thrown.reason === 'Conflict'))
          throw thrown;
      }
    },

    exec: (request) => new Session(access, request, { ...EXEC_LIMITS, ...limits }),
    close: () => access.close(),
  };
}

/** Only the object itself: a 404 without a Status comes from something that is no API server. */
function isNotFound(thrown: unknown): boolean {
  return thrown instanceof ApiStatusError && thrown.reason === 'NotFound';
}

/** A real API server answers a group that it does not serve with 404 and bare text. */
function isNoSuchPath(thrown: unknown): boolean {
  return thrown instanceof ApiStatusError && thrown.httpStatus === 404;
}
