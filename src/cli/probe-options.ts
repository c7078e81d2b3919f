/** The options that say how probe pods and namespaces are to be on a cluster, as `run` takes them. */
import { InvalidArgumentError, Option } from 'commander';
import { PodreachError } from '../errors.ts';
import { LABEL_KEY, LABEL_VALUE } from '../labels.ts';
import {
  DEFAULT_PROBE_IMAGE,
  type ProbeSettings,
  type PullSecret,
  TAINT_EFFECTS,
  type Toleration,
} from '../probe/settings.ts';
import type { Plan } from '../scenario/scenario.ts';

/** As commander hands them over. */
export interface ProbeCommandOptions {
  readonly probeImage?: string;
  readonly nodeSelector?: readonly LabelPair[];
  readonly toleration?: readonly Toleration[];
  readonly imagePullSecret?: readonly PullSecret[];
  readonly namespaceLabel?: readonly LabelPair[];
}

type LabelPair = readonly [key: string, value: string];

const NAME = /^[a-z0-9]([-a-z0-9.]{0,251}[a-z0-9])?$/;

/** New options each time: commander notes in them what was given. */
export function probeOptions(): Option[] {
  return [
    new Option(
      '--probe-image <image>',
      `the image of the probe pods, with Node.js 18 or newer (default: ${DEFAULT_PROBE_IMAGE})`,
    ).argParser(parseImage),
    new Option(
      '--node-selector <key=value>',
      'only nodes with this label get probe pods (repeatable)',
    ).argParser(collecting(parseLabel)),
    new Option(
      '--toleration <key[=value][:effect]>',
      'a taint that probe pods tolerate; "*" is every taint (repeatable)',
    ).argParser(collecting(parseToleration)),
    new Option(
      '--image-pull-secret <[namespace/]name>',
      'a Secret for pulling; with a namespace it is copied from there (repeatable)',
    ).argParser(collecting(parsePullSecret)),
    new Option(
      '--namespace-label <key=value>',
      'a label for every namespace that the run creates (repeatable)',
    ).argParser(collecting(parseLabel)),
  ];
}

/** The flags among those of {@link probeOptions} that were given: the sandbox has no use for them. */
export function givenProbeFlags(options: ProbeCommandOptions): string[] {
  const given: Readonly<Record<string, unknown>> = { ...options };
  return probeOptions()
    .filter((option) => given[option.attributeName()] !== undefined)
    .map(({ long }) => long ?? '');
}

export function readProbeSettings(options: ProbeCommandOptions): ProbeSettings {
  return {
    image: options.probeImage ?? DEFAULT_PROBE_IMAGE,
    nodeSelector: Object.fromEntries(options.nodeSelector ?? []),
    tolerations: options.toleration ?? [],
    pullSecrets: options.imagePullSecret ?? [],
    namespaceLabels: Object.fromEntries(options.namespaceLabel ?? []),
  };
}

/**
 * What a label on every namespace would change in what the scenarios say.
 * @throws PodreachError `usage` where a scenario gives that label another value, or a policy selects namespaces by it
 */
export function checkNamespaceLabels({ namespaceLabels }: ProbeSettings, plans: readonly Plan[]): void {
  for (const [key, value] of Object.entries(namespaceLabels)) {
    for (const { scenario, namespaces, policies } of plans) {
      const other = namespaces.find(({ labels }) => labels[key] !== undefined && labels[key] !== value);
      if (other !== undefined) {
        throw new PodreachError(
          'usage',
          `--namespace-label ${key}=${value}: scenario ${scenario.name} gives the namespace ${other.name} the value "${other.labels[key]}"`,
          { hint: 'Leave the option out, or change the scenario.', location: scenario.location },
        );
      }
      const selecting = policies.find(({ object }) => namespaceKeysOf(object.spec).has(key));
      if (selecting !== undefined) {
        throw new PodreachError(
          'usage',
          `--namespace-label ${key}=${value}: the policy ${selecting.namespace}/${selecting.name} selects namespaces by this label, so it would mean something else`,
          { hint: 'Give the label in the scenario, where it is meant.', location: selecting.location },
        );
      }
    }
  }
}

/** The label keys in the namespace selectors anywhere below a value. */
function namespaceKeysOf(value: unknown): ReadonlySet<string> {
  const keys = new Set<string>();
  const walk = (node: unknown, isSelector: boolean): void => {
    if (typeof node !== 'object' || node === null) return;
    if (isSelector) {
      const { matchLabels, matchExpressions } = node as {
        matchLabels?: object | null;
        matchExpressions?: readonly { key?: unknown }[] | null;
      };
      for (const key of Object.keys(matchLabels ?? {})) keys.add(key);
      for (const { key } of matchExpressions ?? []) keys.add(String(key));
      return;
    }
    for (const [name, child] of Object.entries(node)) walk(child, name === 'namespaceSelector');
  };
  walk(value, false);
  return keys;
}

function collecting<Value>(parse: (text: string) => Value) {
  return (text: string, previous: readonly Value[] | undefined): readonly Value[] => [
    ...(previous ?? []),
    parse(text),
  ];
}

function parseImage(text: string): string {
  if (/^\S+$/.test(text)) return text;
  throw new InvalidArgumentError('Write an image such as registry.example/node:24.');
}

function parseLabel(text: string): LabelPair {
  const [, key = '', value = ''] = /^([^=]*)=(.*)$/s.exec(text) ?? [];
  if (!matches(LABEL_KEY, key) || !matches(LABEL_VALUE, value)) {
    throw new InvalidArgumentError('Write a label as key=value, such as pool=probes.');
  }
  return [key, value];
}

function parseToleration(text: string): Toleration {
  if (text === '*') return { operator: 'Exists' };
  const [, key = '', value, effect] = /^([^=:]*)(?:=([^:]*))?(?::(.*))?$/s.exec(text) ?? [];
  const isEffect = effect === undefined || TAINT_EFFECTS.some((known) => known === effect);
  if (!matches(LABEL_KEY, key) || !matches(LABEL_VALUE, value ?? '') || !isEffect) {
    throw new InvalidArgumentError(
      `Write key, key=value or key=value:EFFECT with ${TAINT_EFFECTS.join(', ')}; or "*" for every taint.`,
    );
  }
  return {
    key,
    ...(value === undefined ? { operator: 'Exists' } : { operator: 'Equal', value }),
    ...(effect === undefined ? {} : { effect }),
  };
}

function parsePullSecret(text: string): PullSecret {
  const parts = text.split('/');
  const [name = '', copyFrom] = parts.toReversed();
  if (parts.length > 2 || !parts.every((part) => NAME.test(part))) {
    throw new InvalidArgumentError('Write the name of a Secret, or namespace/name to have it copied.');
  }
  return copyFrom === undefined ? { name } : { name, copyFrom };
}

function matches(pattern: string, text: string): boolean {
  return new RegExp(`^${pattern}$`).test(text);
}
