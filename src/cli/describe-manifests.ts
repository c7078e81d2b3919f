/** What was found in manifests, as text: what was taken, what was left out, and what was skipped. */

import type { Location } from '../errors.ts';
import { objectKey } from '../keys.ts';
import type { FoundService, ManifestInventory, SkippedKind } from '../scenario/manifests/inventory.ts';
import type { Plan } from '../scenario/scenario.ts';

export type Cells = readonly string[];

/** Each list with its title, in the order in which they are shown; those that are empty are left out. */
export function describeManifests(
  manifests: ManifestInventory,
): readonly (readonly [string, readonly Cells[]])[] {
  const { leftOut, services, foreignPolicies, unknownPolicies, skipped, rendered } = manifests;
  const lists: readonly (readonly [string, readonly Cells[]])[] = [
    ['services', services.map(describeService)],
    [
      'left out',
      leftOut.map((one) => [objectKey(one), one.kind, placeOf(one.location), 'absent in the scenario']),
    ],
    [
      'policies of other kinds, applied where the cluster serves them',
      foreignPolicies.map((one) => [nameOf(one), `${one.kind} (${one.apiVersion})`, placeOf(one.location)]),
    ],
    [
      'policies of unknown kinds, not applied',
      unknownPolicies.map((one) => [nameOf(one), `${one.kind} (${one.apiVersion})`, placeOf(one.location)]),
    ],
    ['skipped', skipped.map(describeSkipped)],
    [
      'rendered',
      rendered.flatMap(({ command, warnings }) => [[command], ...warnings.map((one) => ['', one])]),
    ],
  ];
  return lists.filter(([, rows]) => rows.length > 0);
}

/** Where pods come from that are not of the scenario's own file, by their names: `Deployment deploy/web.yaml:1`, `topology.yaml:7`. */
export function originsOfPods({ manifests, included = [] }: Plan): ReadonlyMap<string, string> {
  return new Map([
    ...included.flatMap(({ pods }) =>
      pods.map(({ pod, location }): readonly [string, string] => [pod, placeOf(location)]),
    ),
    // What is declared of a workload only adds to it.
    ...(manifests?.workloads ?? []).map(({ pod, kind, name, location }): readonly [string, string] => [
      pod,
      `${pod.endsWith(`/${name}`) ? kind : `${kind} ${name}`} ${placeOf(location)}`,
    ]),
  ]);
}

function describeService(service: FoundService): Cells {
  const ports = service.ports.map(
    ({ port, protocol, targetPort }) => `${port}/${protocol}${targetPort === port ? '' : ` → ${targetPort}`}`,
  );
  const selector = Object.entries(service.selector ?? {}).map(([key, value]) => `${key}=${value}`);
  return [
    objectKey(service),
    ports.join(' ') || 'no ports',
    selector.join(',') || 'no selector',
    placeOf(service.location),
  ];
}

/** How many files a line names. */
const NAMED = 3;

function describeSkipped({ count, kind, apiVersion, files }: SkippedKind): Cells {
  const more = files.length - NAMED;
  const named = more > 0 ? `${files.slice(0, NAMED).join(', ')} and ${more} more` : files.join(', ');
  return [String(count), `${kind} (${apiVersion})`, named];
}

function nameOf({ namespace, name }: { readonly namespace?: string; readonly name: string }): string {
  return namespace === undefined ? name : `${namespace}/${name}`;
}

function placeOf({ file, line }: Location): string {
  return `${file}:${line}`;
}
