/** Finds the container that an exec or a log is about. */
import type { ContainerAddress } from '../../../runtime/runtime.ts';
import type { Api } from '../../api.ts';
import { badRequest, notFound } from '../../status.ts';
import type { ObjectName } from '../subresource.ts';
import type { ContainerStatus, Pod } from './object.ts';

/** @throws StatusError NotFound */
export function findPod(api: Api, { namespace, name }: ObjectName): Pod {
  const pod = api.store.get('pods', namespace, name);
  if (pod === undefined) throw notFound({ group: '', name: 'pods' }, name);
  return pod;
}

/**
 * The container that is asked for, or the only one.
 * @throws StatusError BadRequest
 */
export function chooseContainer(pod: Pod, asked: string): ContainerAddress {
  const names = pod.spec.containers.map(({ name }) => name);
  const { name, uid = '' } = pod.metadata;
  if (asked !== '' && !names.includes(asked))
    throw badRequest(`container ${asked} is not valid for pod ${name}`);
  const [only = ''] = names;
  if (asked === '' && names.length > 1) {
    throw badRequest(
      `a container name must be specified for pod ${name}, choose one of: [${names.join(' ')}]`,
    );
  }
  return { podUid: uid, container: asked === '' ? only : asked };
}

export function statusOf(pod: Pod, container: string): ContainerStatus | undefined {
  return pod.status?.containerStatuses?.find(({ name }) => name === container);
}
