/** Calico's manifest: what is in it, which images it needs, and how its packets are wrapped between nodes. */
import { parseAllDocuments } from 'yaml';
import { z } from 'zod';
import { PodreachError } from '../../errors.ts';
import type { Encapsulation } from './choices.ts';
import { digest } from './digest.ts';

/** The workloads that make Calico work, by the names that its manifest gives them. */
export const CALICO_NODE = 'calico-node';
export const CALICO_CONTROLLERS = 'calico-kube-controllers';

const BACKEND_KEY = 'calico_backend';
/** Felix's and BIRD's checks of themselves; without BIRD its own never succeed. */
const BIRD_CHECKS = ['-bird-live', '-bird-ready'];

const container = z.looseObject({ name: z.string(), image: z.string() });
const podTemplate = z.looseObject({
  spec: z.looseObject({ containers: z.array(container), initContainers: z.array(container).optional() }),
});
const workload = z.looseObject({ spec: z.looseObject({ template: podTemplate }) });
const object = z.looseObject({
  apiVersion: z.string(),
  kind: z.string(),
  metadata: z.looseObject({ name: z.string() }),
});
type ManifestObject = z.infer<typeof object>;

export interface CalicoManifest {
  /** What is applied: the file as it is, where nothing has to be changed. */
  readonly text: string;
  /** All images that its workloads name, each once. */
  readonly images: readonly string[];
  /** The one of calico-node, whose tag is the release. */
  readonly nodeImage: string;
  /** Its custom resource definitions by name, and what applies them alone. */
  readonly definitions: { readonly names: readonly string[]; readonly text: string };
  /** Of the file as it came. */
  readonly digest: string;
}

/**
 * Reads a manifest and sets what the user wants changed in it.
 *
 * @param text YAML with any number of documents
 * @param origin where it comes from, for errors
 * @param encapsulation absent: as the manifest says
 * @throws PodreachError `cluster-unavailable` where it is not a manifest that installs Calico
 */
export function readManifest(text: string, origin: string, encapsulation?: Encapsulation): CalicoManifest {
  const objects = parseObjects(text, origin);
  const find = (kind: string, name: string): ManifestObject => {
    const found = objects.find((candidate) => candidate.kind === kind && candidate.metadata.name === name);
    if (found === undefined) throw badManifest(origin, `it has no ${kind} ${name}`);
    return found;
  };
  const node = find('DaemonSet', CALICO_NODE);
  find('Deployment', CALICO_CONTROLLERS);
  const images = imagesOf(objects, origin);
  const definitions = objects.filter(({ kind }) => kind === 'CustomResourceDefinition');
  const facts = {
    images,
    nodeImage: mainContainer(workload.parse(node), origin).image,
    definitions: { names: definitions.map(({ metadata }) => metadata.name), text: writeObjects(definitions) },
    digest: digest(text),
  };
  const settings = new Map([...detectionFor(node, origin), ...poolFor(encapsulation)]);
  if (settings.size === 0) return { text, ...facts };
  const changed = objects.map((candidate) => {
    if (candidate === node) return withSettings(candidate, { settings, encapsulation }, origin);
    const isConfig = candidate.kind === 'ConfigMap' && candidate.metadata.name === 'calico-config';
    return isConfig && encapsulation === 'vxlan' ? withBackend(candidate, 'vxlan') : candidate;
  });
  return { text: writeObjects(changed), ...facts };
}

/** JSON is YAML, and leaves nothing to how a scalar is written. */
function writeObjects(objects: readonly ManifestObject[]): string {
  return objects.map((candidate) => JSON.stringify(candidate)).join('\n---\n');
}

/** The release in the tag of an image of Calico's, such as `v3.32.1`; undefined where it has no such tag. */
export function releaseOf(image: string): string | undefined {
  return /:(v\d+\.\d+\.\d+[^@]*)/.exec(image)?.[1];
}

/** Whether a release is older than another one, by its three numbers; false where one of them is no release. */
export function isOlder(release: string, other: string): boolean {
  const numbersOf = (text: string): string | undefined => /^v\d+\.\d+\.\d+/.exec(text)?.[0];
  const [ours, theirs] = [numbersOf(release), numbersOf(other)];
  if (ours === undefined || theirs === undefined) return false;
  return ours.localeCompare(theirs, 'en', { numeric: true }) < 0;
}

function badManifest(origin: string, words: string, cause?: unknown): PodreachError {
  return new PodreachError('cluster-unavailable', `${origin} does not install Calico: ${words}`, {
    hint: 'Take manifests/calico.yaml of a Calico release, not the one for its operator.',
    cause,
  });
}

/** Of a YAML error, whose other lines are a code frame. */
function firstLine(message: string): string {
  return (message.split('\n')[0] ?? '').replace(/:$/, '');
}

function parseObjects(text: string, origin: string): ManifestObject[] {
  // Kubernetes reads YAML 1.1, where 0444 is octal.
  const documents = parseAllDocuments(text, { version: '1.1' });
  const parsed: unknown[] = [];
  for (const document of 'empty' in documents ? [] : documents) {
    const [error] = document.errors;
    if (error !== undefined) throw badManifest(origin, firstLine(error.message), error);
    const value: unknown = document.toJS();
    if (value !== null) parsed.push(value);
  }
  if (parsed.length === 0) throw badManifest(origin, 'it is empty');
  return parsed.map((value, index) => {
    const result = object.safeParse(value);
    if (!result.success) {
      throw badManifest(origin, `its document ${index + 1} is not a Kubernetes object`, result.error);
    }
    return result.data;
  });
}

function imagesOf(objects: readonly ManifestObject[], origin: string): string[] {
  const images = objects.flatMap((candidate) => {
    const isWorkload = candidate.kind === 'DaemonSet' || candidate.kind === 'Deployment';
    if (!isWorkload) return [];
    const result = workload.safeParse(candidate);
    if (!result.success) {
      throw badManifest(
        origin,
        `its ${candidate.kind} ${candidate.metadata.name} has no containers`,
        result.error,
      );
    }
    const { containers, initContainers = [] } = result.data.spec.template.spec;
    return [...initContainers, ...containers].map(({ image }) => image);
  });
  return [...new Set(images)];
}

function mainContainer({ spec }: z.infer<typeof workload>, origin: string): z.infer<typeof container> {
  const main = spec.template.spec.containers.find(({ name }) => name === CALICO_NODE);
  if (main === undefined) throw badManifest(origin, `its DaemonSet has no container ${CALICO_NODE}`);
  return main;
}

const environment = z.array(z.looseObject({ name: z.string(), value: z.unknown() })).catch([]);
type Settings = ReadonlyMap<string, string>;

/** The variables that say how calico-node finds the address of its node, by those that say that it is to. */
const DETECTION = [
  ['IP', 'IP_AUTODETECTION_METHOD'],
  ['IP6', 'IP6_AUTODETECTION_METHOD'],
] as const;

/**
 * A node has the address that Kubernetes knows. Left to itself calico-node takes one of the last interface that has any, and looks again each
 * minute: with hosts outside, nodes get further interfaces for as long as a run lasts. What the manifest says itself stays.
 */
function detectionFor(node: ManifestObject, origin: string): readonly (readonly [string, string])[] {
  const env = environment.parse(mainContainer(workload.parse(node), origin)['env']);
  const has = (name: string): boolean => env.some((one) => one.name === name);
  return DETECTION.flatMap(([address, method]) =>
    env.some(({ name, value }) => name === address && value === 'autodetect') && !has(method)
      ? [[method, 'kubernetes-internal-ip'] as const]
      : [],
  );
}

/** calico-node creates the pool of pod addresses when it first starts, from these variables. */
function poolFor(encapsulation: Encapsulation | undefined): readonly (readonly [string, string])[] {
  if (encapsulation === undefined) return [];
  return [
    ['CALICO_IPV4POOL_IPIP', encapsulation === 'ipip' ? 'Always' : 'Never'],
    ['CALICO_IPV4POOL_VXLAN', encapsulation === 'vxlan' ? 'Always' : 'Never'],
  ];
}

function withSettings(
  node: ManifestObject,
  {
    settings,
    encapsulation,
  }: { readonly settings: Settings; readonly encapsulation: Encapsulation | undefined },
  origin: string,
): ManifestObject {
  const daemonSet = structuredClone(workload.parse(node));
  const main = mainContainer(daemonSet, origin);
  main['env'] = [
    ...environment.parse(main['env']).filter(({ name }) => !settings.has(name)),
    ...[...settings].map(([name, value]) => ({ name, value })),
  ];
  if (encapsulation === 'vxlan') {
    for (const probe of ['livenessProbe', 'readinessProbe']) main[probe] = withoutBird(main[probe]);
  }
  return { ...node, spec: daemonSet.spec };
}

/** VXLAN needs no BGP, so BIRD is not started. */
function withBackend(config: ManifestObject, backend: string): ManifestObject {
  const data = z.record(z.string(), z.string()).catch({}).parse(config['data']);
  return { ...config, data: { ...data, [BACKEND_KEY]: backend } };
}

function withoutBird(probe: unknown): unknown {
  const withCommand = z
    .looseObject({ exec: z.looseObject({ command: z.array(z.string()) }) })
    .safeParse(probe);
  if (!withCommand.success) return probe;
  const { exec } = withCommand.data;
  const command = exec.command.filter((argument) => !BIRD_CHECKS.includes(argument));
  return { ...withCommand.data, exec: { ...exec, command } };
}
