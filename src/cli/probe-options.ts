/** The options that say how probe pods and namespaces are to be on a cluster, as `run` takes them. */
import { InvalidArgumentError, Option } from 'commander';
import { PodreachError } from '../errors.ts';
import {
  DNS_LABEL,
  DNS_SUBDOMAIN,
  LABEL_KEY,
  LABEL_VALUE,
  NAMESPACE_NAME_LABEL,
  RESERVED_PREFIX,
} from '../labels.ts';
import { namespaceKeysOf } from '../policy/namespace-keys.ts';
import {
  DEFAULT_PROBE_IMAGE,
  type ProbeSettings,
  type PullSecret,
  TAINT_EFFECTS,
  type Toleration,
} from '../probe/settings.ts';
import { type Plan, policiesOf } from '../scenario/scenario.ts';
import { givenFlags } from './options.ts';

/** As commander hands them over. */
export interface ProbeCommandOptions {
  readonly probeImage?: string;
  readonly nodeSelector?: readonly LabelPair[];
  readonly toleration?: readonly Toleration[];
  readonly imagePullSecret?: readonly PullSecret[];
  readonly namespaceLabel?: readonly LabelPair[];
}

type LabelPair = readonly [key: string, value: string];

const LONGEST_NAME = 253;

export function probeImageOption(): Option {
  return new Option(
    '--probe-image <image>',
    `the image of the probe pods, with Node.js 18 or newer (default: ${DEFAULT_PROBE_IMAGE})`,
  ).argParser(parseImage);
}

/** New options each time: commander notes in them what was given. */
export function probeOptions(): Option[] {
  return [
    probeImageOption(),
    new Option(
      '--node-selector <key=value>',
      'only nodes with this label get probe pods (repeatable)',
    ).argParser(collecting(parseLabel, differInValue)),
    new Option(
      '--toleration <key[=value][:effect]>',
      'a taint that probe pods tolerate; "*" in place of the key is every taint (repeatable)',
    ).argParser(collecting(parseToleration)),
    new Option(
      '--image-pull-secret <[namespace/]name>',
      'a Secret for pulling; with a namespace it is copied from there (repeatable)',
    ).argParser(collecting(parsePullSecret, differInSource)),
    new Option(
      '--namespace-label <key=value>',
      'a label for every namespace that the run creates (repeatable)',
    ).argParser(collecting(parseNamespaceLabel, differInValue)),
  ];
}

/** The flags among those of {@link probeOptions} that were given: the sandbox has no use for them. */
export function givenProbeFlags(options: ProbeCommandOptions): string[] {
  return givenFlags(probeOptions(), options);
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
    for (const plan of plans) {
      const { scenario, steps } = plan;
      const namespaces = steps.flatMap((step) => step.namespaces);
      const other = namespaces.find(({ labels }) => labels[key] !== undefined && labels[key] !== value);
      if (other !== undefined) {
        throw new PodreachError(
          'usage',
          `--namespace-label ${key}=${value}: scenario ${scenario.name} gives the namespace ${other.name} the value "${other.labels[key]}"`,
          { hint: 'Leave the option out, or change the scenario.', location: scenario.location },
        );
      }
      const selecting = policiesOf(plan).find(({ object }) => namespaceKeysOf(object.spec).has(key));
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

/** @param differ whether two values cannot both hold */
function collecting<Value>(
  parse: (text: string) => Value,
  differ: (one: Value, other: Value) => boolean = () => false,
) {
  return (text: string, previous: readonly Value[] = []): readonly Value[] => {
    const value = parse(text);
    if (previous.some((other) => differ(value, other)))
      throw new InvalidArgumentError('It was given before with something else, and only one can hold.');
    return [...previous, value];
  };
}

function differInValue([key, value]: LabelPair, [otherKey, otherValue]: LabelPair): boolean {
  return key === otherKey && value !== otherValue;
}

function differInSource(one: PullSecret, other: PullSecret): boolean {
  return one.name === other.name && one.copyFrom !== other.copyFrom;
}

function parseImage(text: string): string {
  if (/^[^\s-]\S*$/.test(text)) return text;
  throw new InvalidArgumentError('Write an image such as registry.example/node:24.');
}

function parseLabel(text: string): LabelPair {
  const [, key, value = ''] = /^([^=]*)=(.*)$/s.exec(text) ?? [];
  if (key === undefined) throw new InvalidArgumentError('Write a label as key=value, such as pool=probes.');
  if (!matches(LABEL_KEY, key)) {
    throw new InvalidArgumentError(
      `"${key}" cannot be the key of a label: write up to 63 letters, digits, ".", "_" and "-" that begin and end with a letter or a digit, if need be after a DNS name and "/".`,
    );
  }
  if (!matches(LABEL_VALUE, value)) {
    throw new InvalidArgumentError(
      `"${value}" cannot be the value of a label: write up to 63 letters, digits, ".", "_" and "-" that begin and end with a letter or a digit, or nothing.`,
    );
  }
  return [key, value];
}

function parseNamespaceLabel(text: string): LabelPair {
  const [key, value] = parseLabel(text);
  if (key !== NAMESPACE_NAME_LABEL && !key.startsWith(RESERVED_PREFIX)) return [key, value];
  throw new InvalidArgumentError(`${key} is not to be chosen: podreach or Kubernetes gives it.`);
}

function parseToleration(text: string): Toleration {
  const [, key = '', value, effect] = /^([^=:]*)(?:=([^:]*))?(?::(.*))?$/s.exec(text) ?? [];
  const isTaint =
    key === '*' ? value === undefined : matches(LABEL_KEY, key) && matches(LABEL_VALUE, value ?? '');
  if (!isTaint || (effect !== undefined && !TAINT_EFFECTS.some((known) => known === effect))) {
    throw new InvalidArgumentError(
      `Write key, key=value or key=value:EFFECT with ${TAINT_EFFECTS.join(', ')}; or "*" for every taint.`,
    );
  }
  return {
    ...(key === '*' ? {} : { key }),
    ...(value === undefined ? { operator: 'Exists' } : { operator: 'Equal', value }),
    ...(effect === undefined ? {} : { effect }),
  };
}

function parsePullSecret(text: string): PullSecret {
  const parts = text.split('/');
  const [name = '', copyFrom] = parts.toReversed();
  const isName = name.length <= LONGEST_NAME && matches(DNS_SUBDOMAIN, name);
  const isNamespace = copyFrom === undefined || matches(DNS_LABEL, copyFrom);
  if (parts.length > 2 || !isName || !isNamespace) {
    throw new InvalidArgumentError('Write the name of a Secret, or namespace/name to have it copied.');
  }
  return copyFrom === undefined ? { name } : { name, copyFrom };
}

function matches(pattern: string, text: string): boolean {
  return new RegExp(`^(?:${pattern})$`).test(text);
}
