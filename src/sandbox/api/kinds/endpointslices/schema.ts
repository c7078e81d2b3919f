/** The schema of EndpointSlices. */
import { typeMeta } from '../../schema/meta.ts';
import {
  any,
  atomicStruct,
  bool,
  int32,
  listOf,
  named,
  setOf,
  string,
  strings,
  struct,
} from '../../schema/schema.ts';

const targetRef = atomicStruct('ObjectReference', {
  kind: string,
  namespace: string,
  name: string,
  uid: named('types.UID'),
  apiVersion: string,
  resourceVersion: string,
  fieldPath: string,
});

const endpoint = struct('Endpoint', {
  addresses: setOf(string),
  conditions: struct('EndpointConditions', { ready: bool, serving: bool, terminating: bool }),
  hostname: string,
  targetRef,
  deprecatedTopology: strings,
  nodeName: string,
  zone: string,
  hints: any,
});

const port = struct('EndpointPort', {
  name: string,
  protocol: named('v1.Protocol'),
  port: int32,
  appProtocol: string,
});

export const endpointSliceSchema = struct('EndpointSlice', {
  ...typeMeta,
  addressType: named('v1.AddressType'),
  endpoints: listOf(endpoint),
  ports: listOf(port),
});
