/** Services of a testbed: written, waited for, and tried until every backend has had its chance. */
import { once } from 'node:events';
import { request } from 'node:https';
import { json } from 'node:stream/consumers';
import { parse } from 'yaml';
import type { Target, Testbed } from '../testbed.ts';

interface ServiceObject {
  readonly metadata: { readonly resourceVersion: string };
  readonly spec: {
    readonly clusterIP: string;
    readonly clusterIPs: readonly string[];
    readonly ports: readonly { readonly nodePort: number }[];
  };
}

/** Enough for one of three backends to be missed by chance once in three million times. */
const TRIES = 40;

export class ServiceBed {
  readonly #bed: Testbed;

  constructor(bed: Testbed) {
    this.#bed = bed;
  }

  /** Writes a Service and waits until all nodes have taken it up. */
  async write(name: string, spec: object): Promise<ServiceObject['spec']> {
    const body = { apiVersion: 'v1', kind: 'Service', metadata: { name }, spec };
    const stored = (await this.call('PATCH', `${SERVICES}/${name}`, body)) as ServiceObject; // the object that was sent
    await this.inForce();
    return stored.spec;
  }

  async remove(name: string): Promise<void> {
    await this.call('DELETE', `${SERVICES}/${name}`);
  }

  /** Waits until all nodes have taken up all Services and EndpointSlices that there are. */
  async inForce(): Promise<void> {
    const lists = await Promise.all([this.call('GET', SERVICES), this.call('GET', SLICES)]);
    const versions = lists.flatMap((list) =>
      (list as { items: ServiceObject[] }).items.map(({ metadata }) => Number(metadata.resourceVersion)),
    );
    await this.#bed.until('Services are in force', async () => {
      const nodes = await this.#bed.kube.list({ resource: 'nodes' });
      return nodes.every((node) => inForceOn(node['status']) >= Math.max(...versions));
    });
  }

  /** Who answers connections from a pod, each once, and what becomes of those that nobody answers. */
  async answers(
    source: string,
    host: string,
    port: number,
    protocol: Target['protocol'] = 'TCP',
  ): Promise<string[]> {
    const [namespace = '', name = ''] = source.split('/');
    const targets = Array.from({ length: TRIES }, () => ({ host, port, protocol }));
    return [...new Set(await this.#bed.attempts(namespace, name, targets, 1500))].toSorted();
  }

  async call(method: string, path: string, body?: object): Promise<unknown> {
    const { clusters, users } = parse(this.#bed.sandbox.kubeconfig);
    const { server, 'certificate-authority-data': ca } = clusters[0].cluster;
    const outgoing = request(`${server}${path}${method === 'PATCH' ? '?fieldManager=test&force=true' : ''}`, {
      method,
      ca: Buffer.from(ca, 'base64'),
      headers: {
        authorization: `Bearer ${users[0].user.token}`,
        'content-type': method === 'PATCH' ? 'application/apply-patch+yaml' : 'application/json',
      },
    });
    outgoing.end(body === undefined ? undefined : JSON.stringify(body));
    const [response] = await once(outgoing, 'response');
    const answer = await json(response);
    if (response.statusCode >= 300) throw new Error(JSON.stringify(answer));
    return answer;
  }
}

const SERVICES = '/api/v1/namespaces/shop/services';
const SLICES = '/apis/discovery.k8s.io/v1/namespaces/shop/endpointslices';

function inForceOn(status: unknown): number {
  const { conditions } = status as { conditions: { type: string; message?: string }[] }; // a node's
  const message = conditions.find(({ type }) => type === 'ServicesInForce')?.message;
  return Number(message?.replace('resourceVersion ', '') ?? -1);
}
