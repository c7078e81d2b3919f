/**
 * What editors are told of a NetworkPolicy that stands in a scenario, so that they complete it. podreach itself asks less of it, and
 * the API server more: what a policy may say is not for this schema to decide, so nothing is refused as unknown.
 */

const SELECTOR = { $ref: '#/definitions/LabelSelector' };

const ports = {
  type: 'array',
  description: 'On which ports. Left out: on all of them.',
  items: {
    type: 'object',
    properties: {
      protocol: { enum: ['TCP', 'UDP', 'SCTP'], description: 'TCP unless said otherwise.' },
      port: {
        type: ['integer', 'string'],
        description: "A number, or the name of a port of the destination's pods. Left out: every port.",
      },
      endPort: { type: 'integer', description: 'The last port of a range that begins with port.' },
    },
  },
};

function peers(description: string) {
  return {
    type: 'array',
    description,
    items: {
      type: 'object',
      properties: {
        podSelector: {
          ...SELECTOR,
          description:
            "Pods, by their labels; in the policy's own namespace unless namespaceSelector stands beside it.",
        },
        namespaceSelector: { ...SELECTOR, description: 'Namespaces, by their labels.' },
        ipBlock: {
          type: 'object',
          description: 'Addresses outside the cluster.',
          properties: {
            cidr: { type: 'string', description: 'The block, such as 203.0.113.0/24.' },
            except: {
              type: 'array',
              items: { type: 'string' },
              description: 'Blocks within it that are left out.',
            },
          },
          required: ['cidr'],
        },
      },
    },
  };
}

export const NETWORK_POLICY_SCHEMA = {
  properties: {
    apiVersion: { const: 'networking.k8s.io/v1', description: 'The version of NetworkPolicy.' },
    kind: { const: 'NetworkPolicy', description: 'What this object is.' },
    metadata: {
      type: 'object',
      description: 'Its name, and the namespace that it belongs to.',
      properties: {
        name: { type: 'string', description: 'Unique among the policies of its namespace.' },
        namespace: {
          type: 'string',
          description: 'A namespace of the scenario. May be left out where there is only one.',
        },
      },
      required: ['name'],
    },
    spec: {
      type: 'object',
      description: 'Whom it restricts, and what it lets through.',
      properties: {
        podSelector: {
          ...SELECTOR,
          description: 'The pods that it restricts. {} is all pods of its namespace.',
        },
        policyTypes: {
          type: 'array',
          items: { enum: ['Ingress', 'Egress'] },
          description: 'Which directions it restricts. A direction without a rule lets nothing through.',
        },
        ingress: {
          type: 'array',
          description: 'What it lets in. A connection needs one rule that fits.',
          items: {
            type: 'object',
            properties: { from: peers('Who may connect. Left out: everybody.'), ports },
          },
        },
        egress: {
          type: 'array',
          description: 'What it lets out. A connection needs one rule that fits.',
          items: {
            type: 'object',
            properties: { to: peers('Who may be connected to. Left out: everybody.'), ports },
          },
        },
      },
    },
  },
  required: ['apiVersion', 'kind', 'metadata'],
};
