/** What a real server fills into a container's probes. */
import type { Container, Probe } from './object.ts';

const PROBES = ['livenessProbe', 'readinessProbe', 'startupProbe'] as const;

/** The probes of a container with their defaults; none that it does not have. */
export function probesWithDefaults(container: Container): Pick<Container, (typeof PROBES)[number]> {
  return Object.fromEntries(
    PROBES.flatMap((name) => {
      const probe = container[name];
      return probe === undefined ? [] : [[name, withDefaults(probe)]];
    }),
  );
}

function withDefaults(probe: Probe): Probe {
  const { httpGet, grpc } = probe;
  return {
    ...probe,
    ...(httpGet === undefined
      ? {}
      : { httpGet: { ...httpGet, path: httpGet.path || '/', scheme: httpGet.scheme || 'HTTP' } }),
    ...(grpc === undefined ? {} : { grpc: { service: '', ...grpc } }),
    // A zero counts as absent: Go cannot tell them apart.
    timeoutSeconds: probe.timeoutSeconds || 1,
    periodSeconds: probe.periodSeconds || 10,
    successThreshold: probe.successThreshold || 1,
    failureThreshold: probe.failureThreshold || 3,
  };
}
