/**
 * What a change of manifests opens and closes, by what their policies mean: a pure function of both states. Each state is taken by
 * itself, as it would be on an empty cluster.
 */
import { isDeepStrictEqual } from 'node:util';
import { objectKey } from '../../keys.ts';
import type { DeployedState, DeployedWorkload } from '../../policy/deployed.ts';
import { compile, type Oracle } from '../../policy/oracle.ts';
import { comparePolicyTexts } from '../policies.ts';
import { pairUp } from '../sides.ts';
import { compareConnections, isOpening } from './connections.ts';
import { doubtsOf, findKept } from './doubts.ts';
import { compareElsewhere } from './elsewhere.ts';
import type { ManifestComparison } from './schema.ts';

export function compareManifests(before: DeployedState, after: DeployedState): ManifestComparison {
  const [was, is] = [before, after].map((state) => ({ ...state, oracle: oracleOf(state) })) as [
    DeployedState & { readonly oracle: Oracle },
    DeployedState & { readonly oracle: Oracle },
  ];
  const { connections, same } = compareConnections(was, is);
  const elsewhere = compareElsewhere(was, is);
  return {
    before: factsOf(before),
    after: factsOf(after),
    outcome: outcomeOf({ connections, elsewhere }),
    connections,
    elsewhere,
    same,
    workloads: differencesOf(before.workloads, after.workloads, objectKey, workloadSide).map(
      ({ key: workload, ...rest }) => ({ workload, ...rest }),
    ),
    namespaces: differencesOf(
      before.namespaces,
      after.namespaces,
      ({ name }) => name,
      ({ labels }) => ({ labels }),
    ).map(({ key: namespace, ...rest }) => ({ namespace, ...rest })),
    policies: comparePolicyTexts(before.policies, after.policies),
    warnings: [
      ...doubtsOf(was).map((doubt) => ({ side: 'before' as const, ...doubt })),
      ...[...doubtsOf(is), ...findKept(before, after)].map((doubt) => ({ side: 'after' as const, ...doubt })),
    ],
  };
}

function oracleOf({ workloads, namespaces, policies }: DeployedState): Oracle {
  return compile({ pods: workloads, namespaces, policies });
}

function factsOf({ name, commit, workloads, policies }: DeployedState): ManifestComparison['before'] {
  return {
    name,
    ...(commit === undefined ? {} : { commit }),
    workloads: workloads.length,
    policies: policies.length,
  };
}

function outcomeOf({
  connections,
  elsewhere,
}: Pick<ManifestComparison, 'connections' | 'elsewhere'>): ManifestComparison['outcome'] {
  const changes = [...connections, ...elsewhere].map(({ change }) => change);
  const opens = changes.some(isOpening);
  const closes = !changes.every(isOpening);
  if (opens) return closes ? 'opens-and-closes' : 'opens';
  return closes ? 'closes' : 'same';
}

interface Difference<Side> {
  readonly key: string;
  readonly change: 'new' | 'gone' | 'changed';
  readonly before?: Side;
  readonly after?: Side;
}

/** @param sideOf what is told of one; where only its place is another, nothing differs */
function differencesOf<One, Side extends object>(
  before: readonly One[],
  after: readonly One[],
  keyOf: (one: One) => string,
  sideOf: (one: One) => Side,
): Difference<Side>[] {
  const keyed = (all: readonly One[]) => all.map((one) => ({ key: keyOf(one), side: sideOf(one) }));
  return pairUp(keyed(before), keyed(after), ({ key }) => key).flatMap((sides): Difference<Side>[] => {
    const was = sides.before?.side;
    const is = sides.after?.side;
    if (isDeepStrictEqual(withoutPlace(was), withoutPlace(is))) return [];
    return [
      {
        key: (sides.after ?? sides.before).key,
        change: was === undefined ? 'new' : is === undefined ? 'gone' : 'changed',
        ...(was === undefined ? {} : { before: was }),
        ...(is === undefined ? {} : { after: is }),
      },
    ];
  });
}

function withoutPlace(side: object | undefined): object | undefined {
  return side === undefined ? undefined : { ...side, location: undefined };
}

function workloadSide({
  kind,
  labels,
  ports,
  hostNetwork,
  location,
}: DeployedWorkload): NonNullable<ManifestComparison['workloads'][number]['before']> {
  return { kind, labels, ports, hostNetwork, location };
}
