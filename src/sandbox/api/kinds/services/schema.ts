/** The schema of Services: the field names of ServiceSpec in full. */
import { typeMeta } from '../../schema/meta.ts';
import {
  any,
  bool,
  int32,
  intOrString,
  keyedList,
  listOf,
  named,
  string,
  strings,
  struct,
} from '../../schema/schema.ts';

const port = struct('ServicePort', {
  name: string,
  protocol: named('v1.Protocol'),
  appProtocol: string,
  port: int32,
  targetPort: intOrString,
  nodePort: int32,
});

const spec = struct('ServiceSpec', {
  ports: keyedList(port, { name: 'port', default: 0 }, { name: 'protocol', default: 'TCP' }),
  selector: { ...strings, atomic: true },
  clusterIP: string,
  clusterIPs: listOf(string),
  type: named('v1.ServiceType'),
  externalIPs: listOf(string),
  sessionAffinity: named('v1.ServiceAffinity'),
  loadBalancerIP: string,
  loadBalancerSourceRanges: listOf(string),
  externalName: string,
  externalTrafficPolicy: named('v1.ServiceExternalTrafficPolicy'),
  healthCheckNodePort: int32,
  publishNotReadyAddresses: bool,
  sessionAffinityConfig: struct('SessionAffinityConfig', {
    clientIP: struct('ClientIPConfig', { timeoutSeconds: int32 }),
  }),
  ipFamilies: listOf(named('v1.IPFamily')),
  ipFamilyPolicy: named('v1.IPFamilyPolicy'),
  allocateLoadBalancerNodePorts: bool,
  loadBalancerClass: string,
  internalTrafficPolicy: named('v1.ServiceInternalTrafficPolicy'),
  trafficDistribution: string,
});

export const serviceSchema = struct('Service', { ...typeMeta, spec, status: any });
