/** Namespaces, pods, hosts and Services. */
import { isIP } from 'node:net';
import { z } from 'zod';
import { DNS_LABEL, DNS_SUBDOMAIN, NAMESPACE_NAME_LABEL } from '../../labels.ts';
import { NODE_PORT_TYPES } from '../../model/service.ts';
import { quote } from '../suggest.ts';
import { families } from './families.ts';
import { ANY_ADDRESS, labels, NUMBERED_PORT, POD_KEY, portName, text } from './text.ts';

export const namespaceName = text(
  DNS_LABEL,
  'is not a namespace name: use lower-case letters, digits and "-", at most 63 characters',
);
export const podName = text(
  POD_KEY,
  'is not a pod name: write "namespace/name", each in lower-case letters, digits and "-", at most 63 characters',
);
export const portNumber = z.int().min(1).max(65535);
const protocol = z.enum(['TCP', 'UDP']);

const declaredPort = z
  .union([
    portNumber,
    text(
      NUMBERED_PORT,
      'is not a port: write a number from 1 to 65535, alone or followed by "/TCP" or "/UDP"',
    ),
    z
      .strictObject({
        name: portName
          .describe('The name by which rules and policies may refer to this port; unique within the pod.')
          .exactOptional(),
        port: portNumber.describe('The port number.'),
        protocol: protocol.describe('TCP unless said otherwise.').exactOptional(),
      })
      .meta({ title: 'port' }),
  ])
  .meta({
    id: 'DeclaredPort',
    description:
      'A port that the pod listens on: a number (TCP), text such as "5432/UDP", or a port with a name.',
    examples: [8080, '5432/UDP', { name: 'metrics', port: 9090 }],
  });

const created = z
  .literal('later')
  .describe(
    'It is not there from the start: a step creates it, under "create". Rules may speak of it from the start.',
  )
  .meta({ examples: ['later'] })
  .exactOptional();

const madeNamespace = z.strictObject({
  labels: labels
    .describe(`Labels of the namespace. Kubernetes adds ${NAMESPACE_NAME_LABEL} by itself.`)
    .exactOptional(),
  created,
});

export const namespace = z
  .union([
    text(
      'existing',
      'is not a namespace: write its labels, such as { labels: { team: shop } }, or "existing"',
    )
      .describe('It is there already: policies may let it in, and nothing is put into it.')
      .meta({ enum: ['existing'] }),
    madeNamespace,
  ])
  .nullable()
  .meta({
    id: 'Namespace',
    description:
      'A namespace that the run creates. Or "existing" for one that is there already, such as kube-system.',
    examples: [{ labels: { team: 'shop' } }, 'existing'],
  });

const declaredPod = z.strictObject({
  labels: labels.describe('Labels of the pod, for the selectors of policies and rules.').exactOptional(),
  ports: z
    .array(declaredPort)
    .describe(
      'The ports that the pod listens on, beside those of its workload. A pod without ports can only be a source.',
    )
    .exactOptional(),
  workload: text(
    `[A-Za-z]+/${DNS_SUBDOMAIN}`,
    'is not a workload: write its kind and its name, such as "deployment/web"',
  )
    .describe(
      'The workload of the manifests, in the namespace of this pod, that it stands for, where it has another name: "cronjob/web".',
    )
    .exactOptional(),
  node: z
    .int()
    .min(1)
    .describe(
      'A number for the node that it runs on, which podreach chooses: pods with the same number are on one node, those with other numbers on other nodes. Without: any node.',
    )
    .exactOptional(),
  hostNetwork: z
    .literal(true)
    .describe(
      'The pod is on the network of its node, and has its address. Policies mostly do not see it as a pod.',
    )
    .exactOptional(),
  created,
});

export const pod = z
  .union([
    text('absent', 'is not a pod: write what it has, such as { ports: [8080] }, or "absent"')
      .describe('Leaves out the workload of this name.')
      .meta({ enum: ['absent'] }),
    declaredPod,
  ])
  .nullable()
  .meta({
    id: 'Pod',
    description:
      'A probe pod: it listens on its ports and starts connections to other pods. Where a workload of the manifests has this name, it adds to it; "absent" leaves the workload out.',
    examples: [{ labels: { app: 'api' }, ports: [8080, { name: 'metrics', port: 9090 }] }],
  });

const NO_ADDRESS =
  'is not an address of a host: write an IPv4 address, such as "203.0.113.10", or an IPv6 address, such as "2001:db8::10"';
const address = text(ANY_ADDRESS, NO_ADDRESS).refine((written) => isIP(written) !== 0, {
  error: (issue) => `${quote(String(issue.input))} ${NO_ADDRESS}`,
});

const hostFields = z.strictObject({
  address: z
    .union([address, z.array(address).min(1).max(2)])
    .describe(
      'Where it is: an address, or a list of an IPv4 and an IPv6 address. Policies are held against these, and where hosts are simulated, it has them.',
    )
    .meta({ examples: ['203.0.113.10', ['203.0.113.10', '2001:db8::10']] })
    .exactOptional(),
  name: text(
    `(?=.*[a-z])${DNS_SUBDOMAIN}`,
    'is not a name in DNS: write one such as "registry.example.com", or an "address"',
  )
    .describe(
      'The name in DNS by which it is dialled. Beside an address: the name leads there, also where hosts are simulated.',
    )
    .exactOptional(),
  ports: z
    .array(declaredPort)
    .describe('The ports that it listens on. A host without ports can only be a source.')
    .exactOptional(),
});

/** Whether a host has no two addresses of one family: it could be dialled at one of them only. */
function hasOneOfEach({ address: written = [] }: { readonly address?: string | readonly string[] }): boolean {
  const own = [written].flat().map(isIP);
  return new Set(own).size === own.length;
}

/** Whether it is known how to get to a host. */
function hasPlace({ address, name }: { readonly address?: unknown; readonly name?: unknown }): boolean {
  return address !== undefined || name !== undefined;
}

export const host = hostFields
  .refine(hasPlace, {
    error: 'a host is at an address or has a name: write "address", "name", or both',
    when: (payload) => payload.issues.length === 0,
  })
  .refine(hasOneOfEach, {
    error: 'a host has at most one address of each family: write another host for the other',
    path: ['address'],
    when: (payload) => payload.issues.length === 0,
  })
  .meta({
    id: 'Host',
    description:
      'Something outside the cluster, which no policy selects. The sandbox simulates it: it has its address, listens and can be a source. So does a kind cluster that podreach makes, where it comes by ports of nodes. On other clusters it is the real one, and can only be a destination.',
    examples: [
      { address: '203.0.113.10', ports: [443] },
      { name: 'registry.example.com', address: '203.0.113.11', ports: [443] },
    ],
    anyOf: [{ required: ['address'] }, { required: ['name'] }],
  });
export const hostName = text(
  DNS_LABEL,
  'is not the name of a host: use lower-case letters, digits and "-", at most 63 characters, without "host/" in front',
);
const servicePort = z
  .strictObject({
    name: portName.describe('The name by which rules may refer to this port.').exactOptional(),
    port: portNumber.describe('The port that is connected to.'),
    protocol: protocol.describe('TCP unless said otherwise.').exactOptional(),
    targetPort: z
      .union([portNumber, portName])
      .describe('The number or the name of the port of its pods. Left out: the same number.')
      .exactOptional(),
    nodePort: portNumber.describe('The port on every node. Left out: whichever is free.').exactOptional(),
  })
  .meta({ id: 'ServicePort', description: 'A port of a Service, as in Kubernetes.' });

interface ServiceFields {
  readonly type?: unknown;
  readonly clusterIP?: unknown;
  readonly externalTrafficPolicy?: unknown;
  readonly ports: readonly { readonly nodePort?: unknown }[];
}

function isOnNodes({ type, externalTrafficPolicy, ports }: ServiceFields): boolean {
  const speaksOfNodes =
    externalTrafficPolicy !== undefined || ports.some(({ nodePort }) => nodePort !== undefined);
  return type !== undefined || !speaksOfNodes;
}

/** Says nothing where more is wrong already. */
const when = (payload: { readonly issues: readonly unknown[] }): boolean => payload.issues.length === 0;

const madeService = z
  .strictObject({
    selector: labels.describe('The labels of its pods, which are in its own namespace.'),
    ports: z.array(servicePort).min(1).describe('Its ports.'),
    clusterIP: z
      .literal('None')
      .describe('It is headless: it has no address, and its name gives the addresses of its pods.')
      .exactOptional(),
    ipFamilies: families
      .describe('Its families, in their order. Left out: as "ipFamilyPolicy" gives them.')
      .exactOptional(),
    ipFamilyPolicy: z
      .enum(['SingleStack', 'PreferDualStack', 'RequireDualStack'])
      .describe(
        'As in Kubernetes. With neither of the two it has the families that the scenario lists under "families" or, without these, the first of the cluster.',
      )
      .exactOptional(),
    type: z
      .enum(NODE_PORT_TYPES)
      .describe('It has a port on every node as well, to which rules go "via: nodePort".')
      .exactOptional(),
    externalTrafficPolicy: z
      .enum(['Cluster', 'Local'])
      .describe(
        'Whom a node leads to that is connected to at its port. "Cluster", as without it: to all pods, mostly with its own address in place of the client\'s. "Local": to those that it has itself, with the client\'s address.',
      )
      .exactOptional(),
  })
  .refine(isOnNodes, {
    error: '"nodePort" and "externalTrafficPolicy" are about ports of nodes: write "type: NodePort" as well',
    when,
  })
  .refine(({ type, clusterIP }) => type === undefined || clusterIP === undefined, {
    error: 'a headless Service has no ports on nodes: leave out "type" or "clusterIP"',
    path: ['type'],
    when,
  });

export const service = z
  .union([
    text('existing', 'is not a Service: write its selector and its ports, or "existing"')
      .describe('It is there already: it is used, never made and never deleted.')
      .meta({ enum: ['existing'] }),
    madeService,
  ])
  .meta({
    id: 'Service',
    description:
      'A Service that the run creates: of the fields of a ServiceSpec those that matter here. Or "existing" for one that is there already, such as default/kubernetes, the API server.',
    examples: [
      { selector: { app: 'api' }, ports: [{ port: 80, targetPort: 8080 }] },
      { type: 'NodePort', selector: { app: 'api' }, ports: [{ port: 80, nodePort: 30080 }] },
      'existing',
    ],
  });

export type DeclaredPort = z.infer<typeof declaredPort>;
