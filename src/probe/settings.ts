/** How a cluster wants its pods and namespaces to be: what a run takes over into everything that it creates there. */
import type { Labels } from '../model/labels.ts';

export interface Toleration {
  /** Absent: every taint. */
  readonly key?: string;
  readonly operator: 'Exists' | 'Equal';
  readonly value?: string;
  /** Absent: every effect. */
  readonly effect?: string;
}

export const TAINT_EFFECTS = ['NoSchedule', 'PreferNoSchedule', 'NoExecute'] as const;

/** A Secret for pulling images. With a namespace it is copied from there into every namespace that the run creates. */
export interface PullSecret {
  readonly name: string;
  readonly copyFrom?: string;
}

export interface ProbeSettings {
  readonly image: string;
  /** Labels that a node must have to get a probe pod. */
  readonly nodeSelector: Labels;
  readonly tolerations: readonly Toleration[];
  readonly pullSecrets: readonly PullSecret[];
  /** On every namespace that the run creates, beside those that the scenario gives. */
  readonly namespaceLabels: Labels;
}

/**
 * A stock Node.js image for amd64, arm64 and more: Docker's official one, from the mirror that Docker itself keeps on a
 * registry which does not count anonymous pulls as Docker Hub does. Any image with `node` 18 or newer in its PATH will do.
 */
export const DEFAULT_PROBE_IMAGE = 'public.ecr.aws/docker/library/node:24.11.1-slim';

export const DEFAULT_PROBE_SETTINGS: ProbeSettings = {
  image: DEFAULT_PROBE_IMAGE,
  nodeSelector: {},
  tolerations: [],
  pullSecrets: [],
  namespaceLabels: {},
};

/** The settings in the words of the command line's options, without those that are empty. */
export interface DescribedSettings {
  image: string;
  nodeSelector?: Record<string, string>;
  tolerations?: string[];
  pullSecrets?: string[];
  namespaceLabels?: Record<string, string>;
}

/** For the record of a run. */
export function describeSettings(settings: ProbeSettings): DescribedSettings {
  const { image, nodeSelector, tolerations, pullSecrets, namespaceLabels } = settings;
  return {
    image,
    ...(isEmpty(nodeSelector) ? {} : { nodeSelector: { ...nodeSelector } }),
    ...(isEmpty(tolerations) ? {} : { tolerations: tolerations.map(describeToleration) }),
    ...(isEmpty(pullSecrets) ? {} : { pullSecrets: pullSecrets.map(describeSecret) }),
    ...(isEmpty(namespaceLabels) ? {} : { namespaceLabels: { ...namespaceLabels } }),
  };
}

function isEmpty(value: object): boolean {
  return Object.keys(value).length === 0;
}

function describeToleration({ key = '*', value, effect }: Toleration): string {
  return `${key}${value === undefined ? '' : `=${value}`}${effect === undefined ? '' : `:${effect}`}`;
}

function describeSecret({ name, copyFrom }: PullSecret): string {
  return copyFrom === undefined ? name : `${copyFrom}/${name}`;
}
