/** Services among manifests: held against the workloads, and beside those that the scenario declares. */
import type { Problem } from '../../errors.ts';
import { objectKey } from '../../keys.ts';
import { FAMILIES, type Family } from '../../model/family.ts';
import { NODE_PORT_TYPES } from '../../model/service.ts';
import type { Mark, ScenarioService } from '../scenario.ts';
import { isMapping } from '../source.ts';
import { quote } from '../suggest.ts';
import type { ManifestDocument } from './document.ts';
import { listAt, valueAt } from './fields.ts';
import type { FoundService, FoundServicePort } from './inventory.ts';
import { thereTwice } from './twice.ts';

/** What of a Service is not as the API wants it is left out: the API server will say so. */
export function readService(
  { value, at }: ManifestDocument,
  place: { readonly namespace: string; readonly name: string },
): FoundService {
  const selector = valueAt(value, ['spec', 'selector']);
  const labels = isMapping(selector) ? Object.entries(selector) : [];
  return {
    ...place,
    ...(labels.length === 0
      ? {}
      : { selector: Object.fromEntries(labels.map(([key, label]) => [key, String(label)])) }),
    ports: listAt(value, ['spec', 'ports']).flatMap((written, index): readonly FoundServicePort[] => {
      if (!isMapping(written)) return [];
      const { name, port, protocol, targetPort = port, nodePort } = written;
      if (typeof port !== 'number') return [];
      return [
        {
          ...(typeof name === 'string' ? { name } : {}),
          port,
          protocol: typeof protocol === 'string' ? protocol : 'TCP',
          targetPort: typeof targetPort === 'string' || typeof targetPort === 'number' ? targetPort : port,
          ...(typeof nodePort === 'number' ? { nodePort } : {}),
          location: at(['spec', 'ports', index]).location,
        },
      ];
    }),
    ...(valueAt(value, ['spec', 'clusterIP']) === 'None' ? { headless: true } : {}),
    ...familiesIn(value),
    ...onNodesIn(value),
    ...narrowedIn(value),
    location: at([]).location,
  };
}

function familiesIn(value: ManifestDocument['value']): Pick<FoundService, 'ipFamilies' | 'ipFamilyPolicy'> {
  const families = listAt(value, ['spec', 'ipFamilies']).flatMap((written): readonly Family[] =>
    FAMILIES.filter((family) => family === written),
  );
  const policy = valueAt(value, ['spec', 'ipFamilyPolicy']);
  return {
    ...(families.length === 0 ? {} : { ipFamilies: families }),
    ...(typeof policy === 'string' ? { ipFamilyPolicy: policy } : {}),
  };
}

/** One of type LoadBalancer need not have ports on nodes. */
function onNodesIn(value: ManifestDocument['value']): Pick<FoundService, 'type' | 'externalTrafficPolicy'> {
  const type = NODE_PORT_TYPES.find((one) => one === valueAt(value, ['spec', 'type']));
  if (type === undefined || valueAt(value, ['spec', 'allocateLoadBalancerNodePorts']) === false) return {};
  const isLocal = valueAt(value, ['spec', 'externalTrafficPolicy']) === 'Local';
  return { type, ...(isLocal ? { externalTrafficPolicy: 'Local' } : {}) };
}

function narrowedIn(value: ManifestDocument['value']): Pick<FoundService, 'narrowed'> {
  if (valueAt(value, ['spec', 'sessionAffinity']) === 'ClientIP')
    return { narrowed: 'sessionAffinity: ClientIP' };
  return valueAt(value, ['spec', 'internalTrafficPolicy']) === 'Local'
    ? { narrowed: 'internalTrafficPolicy: Local' }
    : {};
}

/** A Service of a manifest, with where it stands. */
export interface TakenService {
  readonly service: FoundService;
  readonly mark: Mark;
}

/** All Services of a scenario: a declared one adds to those of the manifests, and changes none. */
export function mergeServices(
  written: readonly ScenarioService[],
  taken: readonly TakenService[],
): { readonly services: readonly ScenarioService[]; readonly problems: readonly Problem[] } {
  const services = [...taken.map(asScenarioService), ...written];
  const first = new Map<string, Mark>();
  const problems = services.flatMap((service) => {
    const key = objectKey(service);
    const earlier = first.get(key);
    if (earlier !== undefined) return [thereTwice(`the Service ${quote(key)}`, service.mark, earlier)];
    first.set(key, service.mark);
    return [];
  });
  return { services, problems };
}

function asScenarioService({ service, mark }: TakenService): ScenarioService {
  const { namespace, name, selector = {}, headless, ipFamilies, ipFamilyPolicy } = service;
  const { type, externalTrafficPolicy } = service;
  const ports = service.ports.flatMap(({ location: _, protocol, ...port }) =>
    protocol === 'TCP' || protocol === 'UDP' ? [{ ...port, protocol } as const] : [],
  );
  const unfit = unfitnessOf(service, ports.length);
  return {
    namespace,
    name,
    selector,
    ports,
    ...(headless === undefined ? {} : { headless }),
    ...(ipFamilies === undefined ? {} : { ipFamilies }),
    ...(ipFamilyPolicy === undefined ? {} : { ipFamilyPolicy }),
    ...(type === undefined ? {} : { type }),
    ...(externalTrafficPolicy === undefined ? {} : { externalTrafficPolicy }),
    ...(unfit === undefined ? {} : { unfit }),
    mark,
  };
}

/** What keeps a Service from being dialled. */
function unfitnessOf({ selector, narrowed }: FoundService, ports: number): ScenarioService['unfit'] {
  const hint = 'Name the pods behind it instead.';
  if (selector === undefined) return { why: 'it has no selector, so who answers there is not known', hint };
  if (narrowed !== undefined)
    return { why: `with "${narrowed}" a pod reaches only some of those behind it`, hint };
  return ports === 0 ? { why: 'it has no port over TCP or UDP', hint } : undefined;
}
