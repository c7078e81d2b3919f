import {
  V1Container,
  V1ContainerPort,
  V1EnvVar,
  V1EphemeralContainer,
  V1ExecAction,
  V1GRPCAction,
  V1HTTPGetAction,
  V1HTTPHeader,
  V1IPBlock,
  V1LabelSelector,
  V1LabelSelectorRequirement,
  V1NetworkPolicyEgressRule,
  V1NetworkPolicyIngressRule,
  V1NetworkPolicyPeer,
  V1NetworkPolicyPort,
  V1NetworkPolicySpec,
  V1NodeSpec,
  V1ObjectMeta,
  V1OwnerReference,
  V1PodSpec,
  V1Probe,
  V1TCPSocketAction,
  V1VolumeMount,
} from '@kubernetes/client-node';
import { describe, expect, it } from 'vitest';
import { isJsonObject } from '../../../src/sandbox/api/json.ts';
import { KINDS } from '../../../src/sandbox/api/kinds/kinds.ts';
import { decode } from '../../../src/sandbox/api/schema/decode.ts';
import { firstMismatch, typedErrors, unknownFields } from '../../../src/sandbox/api/schema/messages.ts';
import type { Schema, StructSchema } from '../../../src/sandbox/api/schema/schema.ts';
import { tidy } from '../../../src/sandbox/api/schema/tidy.ts';

const policySchema = KINDS.networkpolicies.schema;

/** All structs in a schema by name. */
function structsIn(schema: Schema, found = new Map<string, StructSchema>()): Map<string, StructSchema> {
  if (schema.kind === 'list') structsIn(schema.items, found);
  if (schema.kind === 'struct' && !found.has(schema.name)) {
    found.set(schema.name, schema);
    for (const field of Object.values(schema.fields)) structsIn(field, found);
  }
  return found;
}

describe('the schemas', () => {
  const structs = new Map(Object.values(KINDS).flatMap(({ schema }) => [...structsIn(schema)]));

  it.each([
    ['Container', V1Container],
    ['ContainerPort', V1ContainerPort],
    ['EnvVar', V1EnvVar],
    ['EphemeralContainer', V1EphemeralContainer],
    ['ExecAction', V1ExecAction],
    ['GRPCAction', V1GRPCAction],
    ['HTTPGetAction', V1HTTPGetAction],
    ['HTTPHeader', V1HTTPHeader],
    ['IPBlock', V1IPBlock],
    ['LabelSelector', V1LabelSelector],
    ['LabelSelectorRequirement', V1LabelSelectorRequirement],
    ['NetworkPolicyEgressRule', V1NetworkPolicyEgressRule],
    ['NetworkPolicyIngressRule', V1NetworkPolicyIngressRule],
    ['NetworkPolicyPeer', V1NetworkPolicyPeer],
    ['NetworkPolicyPort', V1NetworkPolicyPort],
    ['NetworkPolicySpec', V1NetworkPolicySpec],
    ['NodeSpec', V1NodeSpec],
    ['ObjectMeta', V1ObjectMeta],
    ['OwnerReference', V1OwnerReference],
    ['PodSpec', V1PodSpec],
    ['Probe', V1Probe],
    ['TCPSocketAction', V1TCPSocketAction],
    ['VolumeMount', V1VolumeMount],
  ])('know the same fields of %s as the Kubernetes API', (name, model) => {
    const real = model.getAttributeTypeMap().map(({ baseName }) => baseName);
    expect(Object.keys(structs.get(name)?.fields ?? {}).toSorted()).toEqual(real.toSorted());
  });
});

function policy(spec: unknown, metadata: unknown = { name: 'x' }): unknown {
  return { apiVersion: 'networking.k8s.io/v1', kind: 'NetworkPolicy', metadata, spec };
}

describe('decode', () => {
  it('keeps what the schema knows', () => {
    const sent = policy({
      podSelector: {},
      ingress: [{ from: [{ ipBlock: { cidr: '10.0.0.0/8', except: ['10.1.0.0/16'] } }] }],
    });
    expect(decode(policySchema, sent)).toEqual({ value: sent, findings: [] });
  });

  it('counts a null field as absent and a null item as the zero value', () => {
    const { value, findings } = decode(
      policySchema,
      policy({ egress: null, ingress: [null] }, { name: 'x', labels: { a: null } }),
    );
    expect(value).toEqual(policy({ ingress: [{}] }, { name: 'x', labels: { a: '' } }));
    expect(findings).toEqual([]);
  });

  it('keeps nulls for an apply', () => {
    const sent = policy({ egress: null, ingress: [null] });
    expect(decode(policySchema, sent, 'apply').value).toEqual(sent);
  });

  it('names every unknown field, in the words of strict decoding', () => {
    const sent = policy({ ingres: [], ingress: [{ frm: [] }, { from: [{ podSelecter: {} }] }] });
    const { findings } = decode(policySchema, sent);
    expect(unknownFields(findings)).toEqual([
      'unknown field "spec.ingres"',
      'unknown field "spec.ingress[0].frm"',
      'unknown field "spec.ingress[1].from[0].podSelecter"',
    ]);
  });

  it('looks in an apply at no field behind an unknown one, and at all other values', () => {
    const errors = (spec: unknown): string[] =>
      typedErrors(decode(policySchema, policy(spec), 'apply').findings);
    expect(errors({ ingres: [], egres: [], ingress: [{ frm: [] }] })).toEqual([
      '.spec.ingres: field not declared in schema',
    ]);
    expect(errors({ policyTypes: 'Ingress', ingress: [{ ports: [{ prt: 1 }] }, { frm: [] }] })).toEqual([
      '.spec.policyTypes: expected list, got &{Ingress}',
      '.spec.ingress[0].ports[0].prt: field not declared in schema',
      '.spec.ingress[1].frm: field not declared in schema',
    ]);
  });

  it.each([
    [
      'a string for a list',
      { policyTypes: 'Ingress' },
      'json: cannot unmarshal string into Go struct field NetworkPolicySpec.spec.policyTypes of type []v1.PolicyType',
      '.spec.policyTypes: expected list, got &{Ingress}',
    ],
    [
      'a number in a list of strings',
      { policyTypes: [1] },
      'json: cannot unmarshal number into Go struct field NetworkPolicySpec.spec.policyTypes of type v1.PolicyType',
      '.spec.policyTypes[0]: expected string, got &value.valueUnstructured{Value:1}',
    ],
    [
      'an object for a list',
      { ingress: { from: [] } },
      'json: cannot unmarshal object into Go struct field NetworkPolicySpec.spec.ingress of type []v1.NetworkPolicyIngressRule',
      '.spec.ingress: expected list, got &{map[from:[]]}',
    ],
    [
      'a list for an object',
      { ingress: [{ from: [{ podSelector: [] }] }] },
      'json: cannot unmarshal array into Go struct field NetworkPolicyPeer.spec.ingress.from.podSelector of type v1.LabelSelector',
      '.spec.ingress[0].from[0].podSelector: expected map, got &{[]}',
    ],
    [
      'a boolean for a port',
      { ingress: [{ ports: [{ port: true }] }] },
      'json: cannot unmarshal bool into Go struct field NetworkPolicyPort.spec.ingress.ports.port of type int32',
      '.spec.ingress[0].ports[0].port: expected any scalar, got &{true}',
    ],
    [
      'a fraction for a number',
      { ingress: [{ ports: [{ endPort: 80.5 }] }] },
      'json: cannot unmarshal number 80.5 into Go struct field NetworkPolicyPort.spec.ingress.ports.endPort of type int32',
      '.spec.ingress[0].ports[0].endPort: expected numeric (int or float), got float64',
    ],
    [
      'a number for a label',
      { podSelector: { matchLabels: { version: 1 } } },
      'json: cannot unmarshal number into Go struct field LabelSelector.spec.podSelector.matchLabels of type string',
      '.spec.podSelector.matchLabels.version: expected string, got &value.valueUnstructured{Value:1}',
    ],
  ])('objects to %s', (_what, spec, goMessage, typedMessage) => {
    const { findings } = decode(policySchema, policy(spec));
    expect(firstMismatch(findings)).toBe(goMessage);
    expect(typedErrors(findings)).toEqual([typedMessage]);
  });

  it('names the items of keyed lists by their keys', () => {
    const sent = {
      metadata: {},
      spec: { containers: [{ name: 'c', imag: 'x', env: [{ name: 'A', value: 1 }] }] },
    };
    expect(typedErrors(decode(KINDS.pods.schema, sent).findings)).toEqual([
      '.spec.containers[name="c"].imag: field not declared in schema',
      '.spec.containers[name="c"].env[name="A"].value: expected string, got &value.valueUnstructured{Value:1}',
    ]);
  });
});

describe('tidy', () => {
  it('leaves out empty lists and maps and keeps empty structs', () => {
    const sent = policy(
      {
        podSelector: { matchLabels: {}, matchExpressions: [] },
        ingress: [],
        egress: [{}, { to: [], ports: [{}] }],
      },
      { name: 'x', labels: {}, annotations: {}, finalizers: [] },
    );
    expect(isJsonObject(sent) && tidy(policySchema, sent)).toEqual(
      policy({ podSelector: {}, egress: [{}, { ports: [{}] }] }, { name: 'x' }),
    );
  });
});
