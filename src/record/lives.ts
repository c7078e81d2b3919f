/** Which pod a name means: in the steps of a scenario there may be several of one name, one after the other. A host is there from the first, as is a Service that was there already. */
import { objectKey } from '../keys.ts';
import { endpointKey, isPod } from '../model/endpoint.ts';
import { backendsOf, serviceKey } from '../model/service.ts';
import type { CheckRecord, ScenarioRecord } from './schema.ts';

/** What of a scenario tells who is there. */
export type RecordedEnds = Pick<ScenarioRecord, 'pods' | 'hosts' | 'services' | 'existingServices' | 'steps'>;

/** The pods, hosts and Services of a step by their keys, each with the index of the step that brought it. */
export type Lives = ReadonlyMap<string, number>;

/**
 * Of each step of a scenario, as it is planned. A Service is another when other pods answer for it: what was seen of it says nothing about
 * those.
 */
export function livesOf(scenario: RecordedEnds): readonly Lives[] {
  const { pods, steps, services = [] } = scenario;
  const ofEnds = livesOfEnds(scenario);
  if (services.length === 0) return ofEnds;
  let placed = pods;
  let lives: ReadonlyMap<string, { readonly life: number; readonly behind: string }> = new Map();
  return ofEnds.map((own, index) => {
    const before = lives;
    placed = steps[index]?.pods ?? placed;
    lives = new Map(
      services.map((service) => {
        const key = serviceKey(service);
        const behind = JSON.stringify(
          service.ports.map((port) =>
            backendsOf(service, port, placed).map((one) => [one.pod, one.port, own.get(one.pod)]),
          ),
        );
        const last = before.get(key);
        return [key, { behind, life: last?.behind === behind ? last.life : index }];
      }),
    );
    return new Map([...own, ...[...lives].map(([key, { life }]) => [key, life] as const)]);
  });
}

/** Of pods, hosts and Services that were there already. */
function livesOfEnds({ pods, hosts = [], existingServices = [], steps }: RecordedEnds): readonly Lives[] {
  const outside = [
    ...hosts.map(({ name }) => endpointKey({ kind: 'host', name })),
    ...existingServices.map(serviceKey),
  ].map((key) => [key, 0] as const);
  let lives: Lives = new Map();
  return steps.map((step, index) => {
    const before = lives;
    const names = (index === 0 ? pods : step.pods)?.map(objectKey) ?? [...before.keys()].filter(isPod);
    const replaced = new Set(
      (step.actions ?? []).flatMap(({ kind, object }) => (kind === 'replace' ? [object] : [])),
    );
    const lifeOf = (name: string): number => (replaced.has(name) ? index : (before.get(name) ?? index));
    lives = new Map([...outside, ...names.map((name) => [name, lifeOf(name)] as const)]);
    return lives;
  });
}

/** The same for the same connection between the same two ends, in whichever step. */
export function pairOf({ id, from, to }: Pick<CheckRecord, 'id' | 'from' | 'to'>, lives: Lives): string {
  return [id, lives.get(from), lives.get(to)].join(' ');
}
