/** Pods and ports, as people who do not work with Kubernetes call them. */
import { namespaceOf, objectKey } from '../../keys.ts';
import type { CheckRecord, ScenarioRecord } from '../../record.ts';
import { groupBy } from '../parts/group.ts';
import { count } from '../text/text.ts';
import { list, name, type Phrase, say } from './phrase.ts';

/** Longer lists are told by number. */
const NAMED = 12;

type Pods = ScenarioRecord['pods'];

/** `pods of web and api in shop and all pods in monitoring`; of many, how many there are. */
export function describePods(keys: readonly string[], pods: Pods): Phrase {
  const groups = groupBy(keys, namespaceOf);
  if (groups.length > NAMED) return say`${count(keys.length, 'pod')} in ${count(groups.length, 'namespace')}`;
  const everywhere = pods.map(objectKey);
  return list(
    groups.map((group) => {
      const namespace = namespaceOf(group[0] ?? '');
      const all = everywhere.filter((key) => namespaceOf(key) === namespace);
      if (group.length > 1 && group.length === all.length) return say`all pods in ${name(namespace)}`;
      return keys.length > NAMED
        ? say`${count(group.length, 'pod')} in ${name(namespace)}`
        : say`pods of ${list(group.map((key) => name(podOf(key))))} in ${name(namespace)}`;
    }),
  );
}

/** `api in shop`; `api` alone where the reader already knows the namespace. */
export function describePod(key: string, known?: string): Phrase {
  const namespace = namespaceOf(key);
  return namespace === known ? name(podOf(key)) : say`${name(podOf(key))} in ${name(namespace)}`;
}

/** `TCP 8080, TCP 9090 (metrics) and UDP 53` */
export function describePorts(ports: readonly Pick<CheckRecord, 'port' | 'protocol' | 'portName'>[]): Phrase {
  return list(
    ports.map(({ port, protocol, portName }) =>
      portName === undefined ? say`${protocol} ${port}` : say`${protocol} ${port} (${name(portName)})`,
    ),
  );
}

function podOf(key: string): string {
  return key.slice(key.indexOf('/') + 1);
}
