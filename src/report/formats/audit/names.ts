/** Pods, hosts and ports, as people who do not work with Kubernetes call them. */
import { namespaceOf } from '../../../keys.ts';
import { isHost } from '../../../model/endpoint.ts';
import type { CheckRecord } from '../../../record/schema.ts';
import { groupBy } from '../../parts/group.ts';
import { count } from '../../text/text.ts';
import type { PodView } from '../../view/view.ts';
import { list, name, type Phrase, plainText, say } from './phrase.ts';

/** Longer lists are told by number. */
const NAMED = 12;

type Pods = readonly Pick<PodView, 'key'>[];

/**
 * `pods of web and api in shop and all pods in monitoring`; of many, how many there are.
 * Hosts are told as such: `the host database outside the cluster`.
 * @param most of longer lists only the number is told
 */
export function describePods(keys: readonly string[], pods: Pods, most = NAMED): Phrase {
  const groups = groupBy(keys, namespaceOf);
  if (groups.length > most && !keys.some(isHost))
    return say`${count(keys.length, 'pod')} in ${count(groups.length, 'namespace')}`;
  const everywhere = pods.map(({ key }) => key);
  return list(
    groups.map((group) => {
      if (group.every(isHost)) return describeHosts(group, most);
      const namespace = namespaceOf(group[0] ?? '');
      const all = everywhere.filter((key) => namespaceOf(key) === namespace);
      if (group.length > 1 && group.length === all.length) return say`all pods in ${name(namespace)}`;
      return keys.length > most
        ? say`${count(group.length, 'pod')} in ${name(namespace)}`
        : say`pods of ${list(group.map((key) => name(podOf(key))))} in ${name(namespace)}`;
    }),
  );
}

function describeHosts(keys: readonly string[], most: number): Phrase {
  if (keys.length > most) return say`${count(keys.length, 'host')} outside the cluster`;
  const names = list(keys.map((key) => name(podOf(key))));
  return say`the ${keys.length === 1 ? 'host' : 'hosts'} ${names} outside the cluster`;
}

/** The names behind a number that {@link describePods} tells; undefined where it tells names. */
export function describePodsInFull(keys: readonly string[], pods: Pods): Phrase | undefined {
  const full = describePods(keys, pods, Number.POSITIVE_INFINITY);
  return plainText(full) === plainText(describePods(keys, pods)) ? undefined : full;
}

/**
 * Who cannot: `no pod in shop can`, `pods of web in shop cannot`. Of "all pods cannot" a reader may think that some can.
 * @param what follows the verb: ` reach db`
 */
export function describeCannot(keys: readonly string[], pods: Pods, what: Phrase = []): Phrase {
  const everywhere = groupBy(pods, ({ key }) => namespaceOf(key));
  const sizes = new Map(everywhere.map((group) => [namespaceOf(group[0]?.key ?? ''), group.length]));
  const groups = groupBy(keys, namespaceOf);
  const isWhole = (group: readonly string[]): boolean =>
    group.length > 1 && group.length === sizes.get(namespaceOf(group[0] ?? ''));
  const whole = groups.length > NAMED ? [] : groups.filter(isWhole);
  if (whole.length === 0) return say`${describePods(keys, pods)} cannot${what}`;
  const spaces = whole.map(([first = '']) => name(namespaceOf(first)));
  const nobody = say`no pod in ${list(spaces, 'or')} can${what}`;
  const others = groups.filter((group) => !whole.includes(group)).flat();
  return others.length === 0 ? nobody : say`${nobody}, and ${describePods(others, pods)} cannot either`;
}

/**
 * `api in shop`; `api` alone where the reader already knows the namespace; `the host database outside the cluster`;
 * `the Service api in shop`.
 */
export function describePod(key: string, known?: string): Phrase {
  if (isHost(key)) return describeHosts([key], NAMED);
  if (key.startsWith('service/'))
    return say`the Service ${describePod(key.slice(key.indexOf('/') + 1), known)}`;
  const namespace = namespaceOf(key);
  return namespace === known ? name(podOf(key)) : say`${name(podOf(key))} in ${name(namespace)}`;
}

/** A pod of a Service, and the node by whose port it is reached: `api in shop by way of node-2`. */
export function describeBackend(text: string): Phrase {
  const [key = '', node] = text.split(' via ');
  return node === undefined ? describePod(key) : say`${describePod(key)} by way of ${name(node)}`;
}

/** A port as it was connected to. */
export type StatedPort = Pick<CheckRecord, 'port' | 'protocol' | 'portName'> &
  Partial<Pick<CheckRecord, 'path' | 'family'>>;

/** `TCP 8080, TCP 8080 over IPv6, TCP 9090 (metrics) and UDP 53`, `TCP 80 at the ports of the nodes` */
export function describePorts(ports: readonly StatedPort[]): Phrase {
  return list(
    ports.map(({ port, protocol, portName, path, family }) => {
      const named = portName === undefined ? say`` : say` (${name(portName)})`;
      const over = family === 'IPv6' ? ' over IPv6' : '';
      return say`${protocol} ${port}${named}${WAYS[path ?? ''] ?? ''}${over}`;
    }),
  );
}

/** How a Service is reached otherwise than by its address. */
const WAYS: Readonly<Record<string, string>> = {
  dns: ' by its name',
  nodePort: ' at the ports of the nodes',
};

function podOf(key: string): string {
  return key.slice(key.indexOf('/') + 1);
}
