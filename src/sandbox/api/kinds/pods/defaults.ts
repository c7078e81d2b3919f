/** What a real server fills into pods. */
import type { Container, ContainerPort, Pod } from './object.ts';
import { probesWithDefaults } from './probe-defaults.ts';

export function withPodDefaults(pod: Pod): Pod {
  return { ...pod, spec: withPodSpecDefaults(pod.spec) };
}

/** Of a pod, or of the template of pods. */
export function withPodSpecDefaults(sent: Partial<Pod['spec']> = {}): Pod['spec'] {
  const { containers = [], ...given } = sent;
  return {
    restartPolicy: 'Always',
    terminationGracePeriodSeconds: DEFAULT_GRACE_SECONDS,
    dnsPolicy: 'ClusterFirst',
    securityContext: {},
    schedulerName: 'default-scheduler',
    enableServiceLinks: true,
    ...given,
    containers: containers.map((container) => withContainerDefaults(container, given.hostNetwork === true)),
  };
}

export const DEFAULT_GRACE_SECONDS = 30;

function withContainerDefaults(container: Container, isOnHost: boolean): Container {
  const { ports, image = '', ...rest } = container;
  const pullsAlways = /:latest$|^[^:]*(:\d+\/[^:]*)?$/.test(image);
  return {
    terminationMessagePath: '/dev/termination-log',
    terminationMessagePolicy: 'File',
    imagePullPolicy: pullsAlways ? 'Always' : 'IfNotPresent',
    resources: {},
    ...rest,
    ...probesWithDefaults(container),
    image,
    ...(ports === undefined ? {} : { ports: ports.map((port) => withPortDefaults(port, isOnHost)) }),
  } as Container; // the defaults are fields that the sandbox keeps without reading them
}

function withPortDefaults(port: ContainerPort, isOnHost: boolean): ContainerPort {
  return { protocol: 'TCP', ...(isOnHost ? { hostPort: port.containerPort } : {}), ...port };
}
