/** The schema of a container's probes, in full: what it asks of the kubelet is validated whether the sandbox does it or not. */
import { int32, int64, intOrString, listOf, named, string, struct } from '../../schema/schema.ts';

export const probe = struct('Probe', {
  exec: struct('ExecAction', { command: listOf(string) }),
  httpGet: struct('HTTPGetAction', {
    path: string,
    port: intOrString,
    host: string,
    scheme: named('v1.URIScheme'),
    httpHeaders: listOf(struct('HTTPHeader', { name: string, value: string })),
  }),
  tcpSocket: struct('TCPSocketAction', { port: intOrString, host: string }),
  grpc: struct('GRPCAction', { port: int32, service: string }),
  initialDelaySeconds: int32,
  timeoutSeconds: int32,
  periodSeconds: int32,
  successThreshold: int32,
  failureThreshold: int32,
  terminationGracePeriodSeconds: int64,
});
