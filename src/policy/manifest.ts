/**
 * Reads the `spec` of a NetworkPolicy. What the API server would refuse (D3) becomes problems. As there, a null field is
 * absent and a null item of a list is an empty one: `ingress: [null]` is one empty rule.
 */
import { z } from 'zod';
import { LABEL_KEY, LABEL_VALUE, PORT_NAME } from '../labels.ts';
import { type Block, isWithin, parseCidr } from './addresses.ts';
import { type ManifestPath, POLICY_PROTOCOLS } from './model.ts';
import type { Peer } from './peers.ts';
import type { PortEntry } from './ports.ts';
import type { LabelSelector } from './selectors.ts';

const portName = new RegExp(`^${PORT_NAME}$`);

/** One entry of `ingress` or `egress`. An empty list of peers or ports is one that restricts nothing (D7). */
export interface PolicyRule {
  readonly peers: readonly Peer[];
  readonly ports: readonly PortEntry[];
}

export interface ManifestProblem {
  readonly path: ManifestPath;
  readonly message: string;
}

/** A list that may be absent; its null items are taken for `zero`. */
function list<Item extends z.ZodType>(item: Item, zero: unknown) {
  return z
    .array(z.preprocess((value) => value ?? zero, item))
    .nullish()
    .transform((items) => items ?? []);
}

function text(form: RegExp, complaint: string) {
  return z.string().regex(form, { error: ({ input }) => `${shown(input)} ${complaint}`, abort: true });
}

/** A value on one line; what could be large or cyclic is only named. */
function shown(value: unknown): string {
  if (typeof value === 'string') return JSON.stringify(value);
  if (Array.isArray(value)) return 'a list';
  return typeof value === 'object' && value !== null ? 'a mapping' : String(value);
}

function oneOf<const Value extends string>(values: readonly Value[]) {
  return z.enum(values, {
    error: ({ input }) => `${shown(input)} is none of ${values.join(', ')}`,
  });
}

const labelKey = text(new RegExp(`^${LABEL_KEY}$`), 'is not a label key');
const labelValue = text(new RegExp(`^${LABEL_VALUE}$`), 'is not a label value');

const requirement = z
  .strictObject({
    key: labelKey,
    operator: oneOf(['In', 'NotIn', 'Exists', 'DoesNotExist']),
    values: list(labelValue, ''),
  })
  .superRefine(({ operator, values }, { addIssue }) => {
    const needsValues = operator === 'In' || operator === 'NotIn';
    if (needsValues === values.length > 0) return;
    addIssue({
      code: 'custom',
      path: ['values'],
      message: needsValues ? `${operator} needs values` : `${operator} must not have values`,
    });
  });

const selector = z.strictObject({
  matchLabels: z
    .record(
      labelKey,
      z.preprocess((value) => value ?? '', labelValue),
    )
    .nullish()
    .transform((labels) => labels ?? {}),
  matchExpressions: list(requirement, {}),
});

const cidr = z.string().transform((written, { addIssue }) => {
  const parsed = parseCidr(written);
  if (parsed !== undefined) return parsed;
  addIssue({
    code: 'custom',
    message: `${shown(written)} is not a CIDR such as 10.9.8.0/24 or 2001:db8::/64`,
  });
  return z.NEVER;
});

const ipBlock = z.strictObject({ cidr, except: list(cidr, '') }).superRefine((block: Block, { addIssue }) => {
  for (const [index, hole] of block.except.entries()) {
    if (hole.bits > block.cidr.bits && isWithin(hole, block.cidr)) continue;
    addIssue({
      code: 'custom',
      path: ['except', index],
      message: `${hole.text} is not a strict subset of ${block.cidr.text}`,
    });
  }
});

const peer = z
  .strictObject({
    podSelector: selector.nullish(),
    namespaceSelector: selector.nullish(),
    ipBlock: ipBlock.nullish(),
  })
  .transform((written, { addIssue }): Peer => {
    const podSelector = written.podSelector ?? undefined;
    const namespaceSelector = written.namespaceSelector ?? undefined;
    const block = written.ipBlock ?? undefined;
    if (block !== undefined && podSelector === undefined && namespaceSelector === undefined) {
      return { kind: 'block', ...block };
    }
    if (block === undefined && podSelector !== undefined) {
      return namespaceSelector === undefined
        ? { kind: 'pods', podSelector }
        : { kind: 'pods-of-namespaces', namespaceSelector, podSelector };
    }
    if (block === undefined && namespaceSelector !== undefined) {
      return { kind: 'namespaces', namespaceSelector };
    }
    const message =
      block === undefined
        ? 'a peer needs a podSelector, a namespaceSelector or an ipBlock'
        : 'a peer may not have both an ipBlock and a selector';
    addIssue({ code: 'custom', message });
    return z.NEVER;
  });

function isPortNumber(value: unknown): value is number {
  return Number.isInteger(value) && Number(value) >= 1 && Number(value) <= 65535;
}

const portNumber = z.custom<number>(isPortNumber, {
  error: ({ input }) => `${shown(input)} is not a port from 1 to 65535`,
});
const portNumberOrName = z.custom<number | string>(
  (value) => isPortNumber(value) || (typeof value === 'string' && portName.test(value)),
  { error: ({ input }) => `${shown(input)} is neither a port from 1 to 65535 nor the name of one` },
);

const port = z
  .strictObject({
    protocol: oneOf(POLICY_PROTOCOLS).nullish(),
    port: portNumberOrName.nullish(),
    endPort: portNumber.nullish(),
  })
  .transform((written, { addIssue }): PortEntry => {
    const protocol = written.protocol ?? 'TCP';
    const first = written.port ?? undefined;
    const last = written.endPort ?? undefined;
    if (typeof first === 'number' && (last === undefined || last >= first)) {
      return { kind: 'numbers', protocol, first, last: last ?? first };
    }
    if (last !== undefined) {
      const message =
        typeof first === 'number'
          ? `endPort ${last} is below port ${first}`
          : 'endPort needs a port that is a number';
      addIssue({ code: 'custom', path: ['endPort'], message });
      return z.NEVER;
    }
    return first === undefined
      ? { kind: 'every', protocol }
      : { kind: 'name', protocol, name: String(first) };
  });

const ports = list(port, {});
const peers = list(peer, {});

const spec = z.preprocess(
  (value) => value ?? {},
  z.strictObject({
    podSelector: z.preprocess((value) => value ?? {}, selector),
    policyTypes: z
      .array(oneOf(['Ingress', 'Egress']))
      .max(2, { error: 'there may be no more than two policyTypes' })
      .nullish()
      .transform((types) => types ?? []),
    ingress: list(
      z
        .strictObject({ from: peers, ports })
        .transform(({ from, ports }): PolicyRule => ({ peers: from, ports })),
      {},
    ),
    egress: list(
      z.strictObject({ to: peers, ports }).transform(({ to, ports }): PolicyRule => ({ peers: to, ports })),
      {},
    ),
  }),
);

export type Spec = z.output<typeof spec>;

/**
 * Reads the `spec` of a manifest, with what is absent filled in (D2) but for `policyTypes` (D1).
 *
 * @param written anything: what is not of a NetworkPolicy's form becomes problems
 */
export function readSpec(
  written: unknown,
): { readonly spec: Spec } | { readonly problems: readonly ManifestProblem[] } {
  const result = spec.safeParse(written, { error: describeType });
  if (result.success) return { spec: result.data };
  return { problems: result.error.issues.flatMap((issue) => describeIssue(issue, ['spec'])) };
}

/** Reads the selector of anything, at a path of its manifest: controllers select their pods as policies do. */
export function readSelector(
  written: unknown,
  path: ManifestPath,
): { readonly selector: LabelSelector } | { readonly problems: readonly ManifestProblem[] } {
  const result = selector.safeParse(written, { error: describeType });
  if (result.success) return { selector: result.data };
  return { problems: result.error.issues.flatMap((issue) => describeIssue(issue, path)) };
}

/** A value of another type altogether, such as a number where text belongs. */
function describeType(issue: z.core.$ZodRawIssue): string | undefined {
  if (issue.code !== 'invalid_type') return undefined;
  return `${shown(issue.input)} is not ${TYPE_NAMES[issue.expected] ?? issue.expected}`;
}

const TYPE_NAMES: Readonly<Record<string, string>> = {
  string: 'text',
  array: 'a list',
  object: 'a mapping',
  record: 'a mapping',
};

function describeIssue(issue: z.core.$ZodIssue, base: ManifestPath): readonly ManifestProblem[] {
  const path = [...base, ...issue.path.map((step) => (typeof step === 'number' ? step : String(step)))];
  switch (issue.code) {
    case 'unrecognized_keys':
      return issue.keys.map((key) => ({
        path: [...path, key],
        message: `there is no field ${JSON.stringify(key)} here`,
      }));
    case 'invalid_key':
      return issue.issues.map(({ message }) => ({ path, message }));
    default:
      return [{ path, message: issue.message }];
  }
}
