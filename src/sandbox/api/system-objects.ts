/** What a cluster has from the start beside its namespaces: its API as a Service, and a DNS server. */
import { API_SERVICE_ADDRESS, DNS_SERVICE_ADDRESS } from '../kept-ranges.ts';
import { deployments } from './kinds/deployments/definition.ts';
import { SERVICE_NAME } from './kinds/endpointslices/object.ts';
import { services } from './kinds/services/definition.ts';
import type { Service } from './kinds/services/object.ts';
import type { Store } from './store.ts';

/** The names under which pods reach the API. */
export const API_SERVICE_NAMES = ['kubernetes', 'kubernetes.default', 'kubernetes.default.svc'];

/** The API's Service. No pod is behind it, so no selector means it (D24). */
export function createApiService(store: Store, address: string, port: number): void {
  const name = 'https';
  createService(
    store,
    { namespace: 'default', name: 'kubernetes', labels: { component: 'apiserver', provider: 'kubernetes' } },
    {
      clusterIP: API_SERVICE_ADDRESS,
      ports: [{ name, protocol: 'TCP', port: 443, targetPort: port }],
    },
  );
  store.create('endpointslices', {
    apiVersion: 'discovery.k8s.io/v1',
    kind: 'EndpointSlice',
    metadata: { namespace: 'default', name: 'kubernetes', labels: { [SERVICE_NAME]: 'kubernetes' } },
    addressType: 'IPv4',
    ports: [{ name, protocol: 'TCP', port }],
    endpoints: [{ addresses: [address], conditions: { ready: true } }],
  });
}

const DNS_LABELS = { 'k8s-app': 'kube-dns' };

const DNS_METADATA = { namespace: 'kube-system', name: 'kube-dns', labels: DNS_LABELS };

/** In front of the DNS server. */
export function createDnsService(store: Store): void {
  createService(store, DNS_METADATA, {
    clusterIP: DNS_SERVICE_ADDRESS,
    selector: DNS_LABELS,
    ports: [
      { name: 'dns', protocol: 'UDP', port: 53, targetPort: 53 },
      { name: 'dns-tcp', protocol: 'TCP', port: 53, targetPort: 53 },
    ],
  });
}

/** The DNS server, in a pod like any other: policies may cut it off. */
export function createDnsServer(store: Store, command: readonly string[]): void {
  const deployment = deployments.withDefaults({
    apiVersion: 'apps/v1',
    kind: 'Deployment',
    metadata: { ...DNS_METADATA, generation: 1 },
    spec: {
      selector: { matchLabels: DNS_LABELS },
      template: {
        metadata: { labels: DNS_LABELS },
        spec: {
          dnsPolicy: 'Default',
          containers: [
            {
              name: 'dns',
              image: 'podreach/sandbox-dns',
              command: [...command],
              ports: [
                { name: 'dns', containerPort: 53, protocol: 'UDP' },
                { name: 'dns-tcp', containerPort: 53, protocol: 'TCP' },
              ],
              readinessProbe: { tcpSocket: { port: 53 } },
            },
          ],
        },
      },
    },
  });
  store.create('deployments', deployments.initial(deployment));
}

function createService(store: Store, metadata: Service['metadata'], spec: Service['spec']): void {
  const { clusterIP = '' } = spec;
  const service = services.withDefaults({
    apiVersion: 'v1',
    kind: 'Service',
    metadata,
    spec: { ...spec, clusterIPs: [clusterIP], ipFamilies: ['IPv4'], ipFamilyPolicy: 'SingleStack' },
  });
  store.create('services', services.initial(service));
}
