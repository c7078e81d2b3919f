/** The options that describe a kind cluster, as `cluster create` and `run --cluster kind` take them. */
import { resolve } from 'node:path';
import { InvalidArgumentError, Option } from 'commander';
import {
  CALICO_PINS,
  type CalicoSource,
  DEFAULT_CALICO_VERSION,
  DEFAULT_CLUSTER_NAME,
  ENCAPSULATIONS,
  type Encapsulation,
} from '../cluster/kind/choices.ts';
import type { KindOptions } from '../cluster/kind/context.ts';
import { PodreachError } from '../errors.ts';
import { givenFlags } from './options.ts';

/** As commander hands them over. */
export interface KindCommandOptions {
  readonly kindConfig?: string;
  readonly nodeImage?: string;
  readonly calicoVersion?: string;
  readonly calicoManifest?: string;
  readonly calicoEncapsulation?: Encapsulation;
  readonly loadImages?: boolean;
  readonly retain?: boolean;
}

/** Those that decide which images a cluster needs. New options each time: commander notes in them what was given. */
export function kindImageOptions(): Option[] {
  return [
    new Option('--kind-config <file>', "kind's configuration (default: one control plane, two workers)"),
    new Option(
      '--node-image <image>',
      "the nodes' image, which decides the Kubernetes version (default: kind's own)",
    ),
    ...calicoOptions(` (default: ${DEFAULT_CALICO_VERSION})`),
  ];
}

/** Those that name a Calico. @param note follows what is said of the version */
export function calicoOptions(note = ''): Option[] {
  return [
    new Option(
      '--calico-version <version>',
      `which Calico: ${Object.keys(CALICO_PINS).join(', ')}${note}`,
    ).argParser(parseCalicoVersion),
    new Option(
      '--calico-manifest <file|url>',
      'a calico.yaml of your own, where the release cannot be fetched',
    ).conflicts('calicoVersion'),
  ];
}

/** All of them. */
export function kindOptions(): Option[] {
  return [
    ...kindImageOptions(),
    new Option(
      '--calico-encapsulation <mode>',
      'how packets travel between nodes (default: as the manifest says, which is ipip)',
    ).choices(ENCAPSULATIONS),
    new Option(
      '--load-images',
      "put Calico's images into the nodes from the local Docker, as is done with the probe's",
    ),
    new Option(
      '--retain',
      'where something fails, keep the nodes of the kind cluster and collect their logs',
    ),
  ];
}

/** With or without its `v`. */
function parseCalicoVersion(text: string): string {
  const version = text.startsWith('v') ? text : `v${text}`;
  if (CALICO_PINS[version] === undefined) {
    throw new InvalidArgumentError(
      `Choose ${Object.keys(CALICO_PINS).join(' or ')}; any other with --calico-manifest.`,
    );
  }
  return version;
}

/** The flags among those of {@link kindOptions} that were given: nothing but a kind cluster has a use for them. */
export function givenKindFlags(options: KindCommandOptions): string[] {
  return givenFlags(kindOptions(), options);
}

/**
 * What kind is asked to make.
 * @param name absent: podreach's default
 * @throws PodreachError `usage` for a name that no cluster can have
 */
export function readKindOptions(
  name: string | undefined,
  options: KindCommandOptions,
  more: { readonly probeImage: string; readonly keep: boolean },
): KindOptions {
  const { kindConfig, nodeImage, calicoEncapsulation, loadImages, retain } = options;
  return {
    name: checkClusterName(name ?? DEFAULT_CLUSTER_NAME),
    configFile: kindConfig === undefined ? undefined : resolve(kindConfig),
    nodeImage,
    calico: calicoSource(options),
    encapsulation: calicoEncapsulation,
    loadImages,
    retain,
    ...more,
  };
}

/** The Calico that the options of {@link calicoOptions} name; undefined where none of them was given. */
export function calicoSource({
  calicoVersion: version,
  calicoManifest: manifest,
}: KindCommandOptions): CalicoSource | undefined {
  if (version !== undefined) return { type: 'version', version };
  if (manifest === undefined) return undefined;
  return { type: 'manifest', from: /^https?:\/\//.test(manifest) ? manifest : resolve(manifest) };
}

/** The nodes are named after the cluster, and a host name has 63 characters. */
export function checkClusterName(name: string): string {
  if (/^[a-z0-9](?:[a-z0-9-]{0,38}[a-z0-9])?$/.test(name)) return name;
  throw new PodreachError('usage', `"${name}" is no name for a kind cluster`, {
    hint: 'Write up to 40 lower-case letters, digits and hyphens, such as podreach.',
  });
}
