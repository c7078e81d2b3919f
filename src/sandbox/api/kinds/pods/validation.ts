/** Validation of a pod's spec, and of changes to it. */
import { isDeepStrictEqual } from 'node:util';
import { isJsonObject } from '../../json.ts';
import type { Invalidity } from '../../status.ts';
import {
  duplicate,
  forbiddenValue,
  invalidFor,
  invalidValue,
  missingReference,
  notSupported,
  required,
} from '../../validate/fields.ts';
import {
  dnsLabelProblems,
  dnsSubdomainProblems,
  environmentNameProblems,
  portNameProblems,
  portNumberProblems,
} from '../../validate/names.ts';
import { dnsProblems } from './dns-validation.ts';
import type { Container, ContainerPort, Pod } from './object.ts';
import { probesProblems } from './probe-validation.ts';

const PROTOCOLS = ['SCTP', 'TCP', 'UDP'];
const RESTART_POLICIES = ['Always', 'OnFailure', 'Never'];

export function podSpecProblems(spec: Pod['spec']): Invalidity[] {
  const { restartPolicy, nodeName, terminationGracePeriodSeconds: grace } = spec;
  const problems = containersProblems(spec);
  if (restartPolicy !== undefined && !RESTART_POLICIES.includes(restartPolicy)) {
    problems.push(notSupported('spec.restartPolicy', restartPolicy, RESTART_POLICIES));
  }
  if (typeof grace === 'number' && grace < 0) {
    problems.push(
      invalidValue('spec.terminationGracePeriodSeconds', grace, 'must be greater than or equal to 0'),
    );
  }
  if (nodeName !== undefined && nodeName !== '') {
    problems.push(...invalidFor('spec.nodeName', nodeName, dnsSubdomainProblems(nodeName)));
  }
  return [...problems, ...dnsProblems(spec)];
}

function containersProblems(spec: Pod['spec']): Invalidity[] {
  const { containers } = spec;
  if (containers.length === 0) return [required('spec.containers')];
  const volumes = new Set(namesOf(spec['volumes']));
  const names = new Set<string>();
  return containers.flatMap((container, index) => {
    const field = `spec.containers[${index}]`;
    const problems = containerProblems(container, volumes, field);
    if (spec.hostNetwork === true) problems.push(...hostPortsProblems(container, field));
    if (names.has(container.name)) problems.push(duplicate(`${field}.name`, container.name));
    names.add(container.name);
    return [...problems, ...probesProblems(container, field)];
  });
}

function containerProblems(container: Container, volumes: ReadonlySet<string>, field: string): Invalidity[] {
  const { name = '', image = '', ports = [], env = [] } = container;
  return [
    ...(name === ''
      ? [required(`${field}.name`)]
      : invalidFor(`${field}.name`, name, dnsLabelProblems(name))),
    ...imageProblems(image, `${field}.image`),
    ...portsProblems(ports, `${field}.ports`),
    ...env.flatMap((variable, index) => environmentProblems(variable.name, `${field}.env[${index}].name`)),
    ...mountsProblems(container, volumes, `${field}.volumeMounts`),
  ];
}

/** On the network of its node a pod has the ports of its node. */
function hostPortsProblems({ ports = [] }: Container, field: string): Invalidity[] {
  return ports.flatMap(({ containerPort, hostPort }, index) =>
    hostPort === containerPort
      ? []
      : [
          invalidValue(
            `${field}.ports[${index}].hostPort`,
            hostPort ?? 0,
            'must match `containerPort` when `hostNetwork` is true',
          ),
        ],
  );
}

function imageProblems(image: string, field: string): Invalidity[] {
  if (image === '') return [required(field)];
  return image === image.trim()
    ? []
    : [invalidValue(field, image, 'must not have leading or trailing whitespace')];
}

function environmentProblems(name: string | undefined, field: string): Invalidity[] {
  if (name === undefined || name === '') return [required(field)];
  return invalidFor(field, name, environmentNameProblems(name));
}

function portsProblems(ports: readonly ContainerPort[], field: string): Invalidity[] {
  const names = new Set<string>();
  return ports.flatMap((port, index) => {
    const at = `${field}[${index}]`;
    const problems: Invalidity[] = [];
    if (port.name !== undefined && port.name !== '') {
      problems.push(...invalidFor(`${at}.name`, port.name, portNameProblems(port.name)));
      if (names.has(port.name)) problems.push(duplicate(`${at}.name`, port.name));
      names.add(port.name);
    }
    return [...problems, ...portNumberAndProtocolProblems(port, at)];
  });
}

function portNumberAndProtocolProblems(
  { containerPort = 0, protocol }: ContainerPort,
  field: string,
): Invalidity[] {
  const problems =
    containerPort === 0
      ? [required(`${field}.containerPort`)]
      : invalidFor(`${field}.containerPort`, containerPort, portNumberProblems(containerPort));
  if (protocol !== undefined && !PROTOCOLS.includes(protocol)) {
    problems.push(notSupported(`${field}.protocol`, protocol, PROTOCOLS));
  }
  return problems;
}

function mountsProblems(container: object, volumes: ReadonlySet<string>, field: string): Invalidity[] {
  const mounts = 'volumeMounts' in container ? container.volumeMounts : [];
  return namesOf(mounts).flatMap((name, index) =>
    volumes.has(name) ? [] : [missingReference(`${field}[${index}].name`, name)],
  );
}

function namesOf(list: unknown): string[] {
  if (!Array.isArray(list)) return [];
  return list.map((item) => (isJsonObject(item) && typeof item['name'] === 'string' ? item['name'] : ''));
}

/** What may not change about a running pod: nearly everything. */
export function podUpdateProblems(spec: Pod['spec'], before: Pod['spec']): Invalidity[] {
  if (spec.containers.length !== before.containers.length) {
    return [forbiddenValue('spec.containers', 'pod updates may not add or remove containers')];
  }
  const unchanged: Pod['spec'] = {
    ...spec,
    containers: withImagesOf(spec.containers, before.containers),
    ...mutableFields(before),
  };
  for (const name of MUTABLE) if (!(name in before)) delete unchanged[name];
  if (isDeepStrictEqual(unchanged, before) && keepsTolerations(spec, before)) return [];
  return [
    forbiddenValue(
      'spec',
      'pod updates may not change fields other than `spec.containers[*].image`,`spec.initContainers[*].image`,`spec.activeDeadlineSeconds`,`spec.tolerations` (only additions to existing tolerations),`spec.terminationGracePeriodSeconds` (allow it to be set to 1 if it was previously negative)',
    ),
  ];
}

const MUTABLE = ['activeDeadlineSeconds', 'tolerations'] as const;

function mutableFields(spec: Pod['spec']): Record<string, unknown> {
  return Object.fromEntries(MUTABLE.flatMap((name) => (name in spec ? [[name, spec[name]]] : [])));
}

function withImagesOf(containers: readonly Container[], before: readonly Container[]): Container[] {
  return containers.map((container, index) => {
    const image = before[index]?.image;
    return image === undefined ? container : { ...container, image };
  });
}

function keepsTolerations(spec: Pod['spec'], before: Pod['spec']): boolean {
  const kept = Array.isArray(spec['tolerations']) ? spec['tolerations'] : [];
  const old = Array.isArray(before['tolerations']) ? before['tolerations'] : [];
  return old.every((one) => kept.some((other) => isDeepStrictEqual(one, other)));
}
