/** Validation of a container's probes, in the order and the words of a real API server. */
import type { Invalidity } from '../../status.ts';
import { forbiddenValue, invalidFor, invalidValue, notSupported, required } from '../../validate/fields.ts';
import { httpHeaderNameProblems, portNameProblems, portNumberProblems } from '../../validate/names.ts';
import type { Container, HTTPGetAction, Probe } from './object.ts';

const SCHEMES = ['HTTP', 'HTTPS'];
const HANDLERS = ['exec', 'httpGet', 'tcpSocket', 'grpc'] as const;
const COUNTS = [
  'initialDelaySeconds',
  'timeoutSeconds',
  'periodSeconds',
  'successThreshold',
  'failureThreshold',
] as const;

export function probesProblems(container: Container, field: string): Invalidity[] {
  const { livenessProbe, readinessProbe, startupProbe } = container;
  return [
    ...restartingProbeProblems(livenessProbe, `${field}.livenessProbe`),
    ...readinessProbeProblems(readinessProbe, `${field}.readinessProbe`),
    ...restartingProbeProblems(startupProbe, `${field}.startupProbe`),
  ];
}

/** Liveness and startup probes, whose failure restarts the container. */
function restartingProbeProblems(probe: Probe | undefined, field: string): Invalidity[] {
  if (probe === undefined) return [];
  const { successThreshold } = probe;
  const at = `${field}.successThreshold`;
  return [
    ...probeProblems(probe, field),
    ...(successThreshold === 1 ? [] : [invalidValue(at, successThreshold, 'must be 1')]),
  ];
}

function readinessProbeProblems(probe: Probe | undefined, field: string): Invalidity[] {
  if (probe === undefined) return [];
  const { terminationGracePeriodSeconds: grace } = probe;
  const at = `${field}.terminationGracePeriodSeconds`;
  return [
    ...probeProblems(probe, field),
    ...(grace === undefined ? [] : [invalidValue(at, grace, 'must not be set for readinessProbes')]),
  ];
}

function probeProblems(probe: Probe, field: string): Invalidity[] {
  const { terminationGracePeriodSeconds: grace } = probe;
  return [
    ...handlerProblems(probe, field),
    ...COUNTS.flatMap((name) =>
      (probe[name] ?? 0) < 0
        ? [invalidValue(`${field}.${name}`, probe[name], 'must be greater than or equal to 0')]
        : [],
    ),
    ...(grace !== undefined && grace <= 0
      ? [invalidValue(`${field}.terminationGracePeriodSeconds`, grace, 'must be greater than 0')]
      : []),
  ];
}

/** Only the first handler is looked into. */
function handlerProblems(probe: Probe, field: string): Invalidity[] {
  const [first, ...others] = HANDLERS.filter((name) => probe[name] !== undefined);
  if (first === undefined) return [required(field, 'must specify a handler type')];
  return [
    ...actionProblems(probe, first, `${field}.${first}`),
    ...others.map((name) => forbiddenValue(`${field}.${name}`, 'may not specify more than 1 handler type')),
  ];
}

function actionProblems(probe: Probe, handler: (typeof HANDLERS)[number], field: string): Invalidity[] {
  switch (handler) {
    case 'exec':
      return (probe.exec?.command ?? []).length === 0 ? [required(`${field}.command`)] : [];
    case 'httpGet':
      return httpGetProblems(probe.httpGet ?? {}, field);
    case 'tcpSocket':
    case 'grpc':
      return portProblems(probe[handler]?.port, `${field}.port`);
  }
}

function httpGetProblems(
  { path = '', port, scheme = '', httpHeaders = [] }: HTTPGetAction,
  field: string,
): Invalidity[] {
  return [
    ...(path === '' ? [required(`${field}.path`)] : []),
    ...portProblems(port, `${field}.port`),
    ...(SCHEMES.includes(scheme) ? [] : [notSupported(`${field}.scheme`, scheme, SCHEMES)]),
    ...httpHeaders.flatMap(({ name = '' }) =>
      invalidFor(`${field}.httpHeaders`, name, httpHeaderNameProblems(name)),
    ),
  ];
}

function portProblems(port: number | string = 0, field: string): Invalidity[] {
  return invalidFor(
    field,
    port,
    typeof port === 'number' ? portNumberProblems(port) : portNameProblems(port),
  );
}
