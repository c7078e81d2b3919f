/** Which pod a name means: in the steps of a scenario there may be several of one name, one after the other. A host is there from the first. */
import { objectKey } from '../keys.ts';
import { endpointKey, isHost } from '../model/endpoint.ts';
import type { CheckRecord, ScenarioRecord } from './schema.ts';

/** What of a scenario tells who is there. */
export type RecordedEnds = Pick<ScenarioRecord, 'pods' | 'hosts' | 'steps'>;

/** The pods of a step by `namespace/name`, each with the index of the step that brought it. */
export type Lives = ReadonlyMap<string, number>;

/** Of each step of a scenario, as it is planned. */
export function livesOf({ pods, hosts = [], steps }: RecordedEnds): readonly Lives[] {
  const outside = hosts.map(({ name }) => [endpointKey({ kind: 'host', name }), 0] as const);
  let lives: Lives = new Map();
  return steps.map((step, index) => {
    const before = lives;
    const names =
      (index === 0 ? pods : step.pods)?.map(objectKey) ?? [...before.keys()].filter((name) => !isHost(name));
    const replaced = new Set(
      (step.actions ?? []).flatMap(({ kind, object }) => (kind === 'replace' ? [object] : [])),
    );
    const lifeOf = (name: string): number => (replaced.has(name) ? index : (before.get(name) ?? index));
    lives = new Map([...outside, ...names.map((name) => [name, lifeOf(name)] as const)]);
    return lives;
  });
}

/** The same for the same connection between the same two pods, in whichever step. */
export function pairOf({ id, from, to }: Pick<CheckRecord, 'id' | 'from' | 'to'>, lives: Lives): string {
  return [id, lives.get(from), lives.get(to)].join(' ');
}
