/** Workloads as pods: what policies see of the pods that a controller makes. */
import type { Problem } from '../../errors.ts';
import { PORT_NAME } from '../../labels.ts';
import type { Labels } from '../../model/labels.ts';
import { describePort } from '../../pair.ts';
import { readSelector } from '../../policy/manifest.ts';
import { POLICY_PROTOCOLS } from '../../policy/model.ts';
import { selectorMatches } from '../../policy/selectors.ts';
import type { Mark, Marked, Port } from '../scenario.ts';
import { isMapping } from '../source.ts';
import { quote } from '../suggest.ts';
import type { DocumentPath } from '../walk.ts';
import type { ManifestDocument } from './document.ts';
import { groupOf, listAt, problemWithin, readLabels, valueAt } from './fields.ts';
import type { ManifestDoubt } from './inventory.ts';

/** What becomes a probe pod. */
export interface Workload {
  readonly kind: string;
  readonly namespace: string;
  readonly name: string;
  readonly labels: Labels;
  readonly ports: readonly Marked<Port>[];
  readonly hostNetwork: boolean;
  readonly mark: Mark;
  readonly problems: readonly Problem[];
  readonly doubts: readonly ManifestDoubt[];
}

const TEMPLATE: DocumentPath = ['spec', 'template'];

/** By API group, whatever the version: where in an object of this kind its pods are described. */
const POD_TEMPLATES: Readonly<Record<string, Readonly<Record<string, DocumentPath>>>> = {
  '': { Pod: [], ReplicationController: TEMPLATE },
  apps: { Deployment: TEMPLATE, ReplicaSet: TEMPLATE, StatefulSet: TEMPLATE, DaemonSet: TEMPLATE },
  extensions: { Deployment: TEMPLATE, ReplicaSet: TEMPLATE, DaemonSet: TEMPLATE },
  batch: { Job: TEMPLATE, CronJob: ['spec', 'jobTemplate', ...TEMPLATE] },
};

/** Where an object describes its pods; undefined where it makes none that are known of. */
export function podTemplateOf({ apiVersion, kind }: ManifestDocument): DocumentPath | undefined {
  const kinds = POD_TEMPLATES[groupOf(apiVersion)];
  return kinds !== undefined && Object.hasOwn(kinds, kind) ? kinds[kind] : undefined;
}

/** Reads a workload. What is wrong with it is told only where it is not left out. */
export function readWorkload(
  document: ManifestDocument,
  template: DocumentPath,
  place: { readonly namespace: string; readonly name: string },
): Workload {
  const read = new TemplateReader(document, template);
  const labels = read.labels();
  const ports = read.ports();
  return {
    kind: document.kind,
    ...place,
    labels,
    ports,
    hostNetwork: valueAt(document.value, [...template, 'spec', 'hostNetwork']) === true,
    mark: document.at([]),
    problems: [...document.problems, ...read.problems],
    doubts: [...read.doubts, ...refusals(document, labels)],
  };
}

class TemplateReader {
  readonly problems: Problem[] = [];
  readonly doubts: ManifestDoubt[] = [];
  readonly #document: ManifestDocument;
  readonly #template: DocumentPath;

  constructor(document: ManifestDocument, template: DocumentPath) {
    this.#document = document;
    this.#template = template;
  }

  labels(): Labels {
    const { labels, problems } = readLabels(this.#document, [...this.#template, 'metadata', 'labels']);
    this.problems.push(...problems);
    return labels;
  }

  /** Of init containers too: those that go on running are sidecars. */
  ports(): readonly Marked<Port>[] {
    const spec = [...this.#template, 'spec'];
    const containers = valueAt(this.#document.value, [...spec, 'containers']);
    if (!Array.isArray(containers) || containers.length === 0)
      this.#complain(spec, `a ${this.#document.kind} needs containers: ${[...spec, 'containers'].join('.')}`);
    const ports = ['containers', 'initContainers'].flatMap((list) => this.#portsOf([...spec, list]));
    return this.#merge(ports);
  }

  #portsOf(list: DocumentPath): readonly Marked<TemplatePort>[] {
    return listAt(this.#document.value, list).flatMap((container, index) => {
      const path = [...list, index, 'ports'];
      const written = isMapping(container) ? container['ports'] : undefined;
      if (written === undefined || written === null) return [];
      if (!Array.isArray(written)) {
        this.#complain(path, 'ports must be a list');
        return [];
      }
      return written.flatMap((port: unknown, place) => this.#readPort(port, [...path, place]));
    });
  }

  #readPort(written: unknown, path: DocumentPath): readonly Marked<TemplatePort>[] {
    const before = this.problems.length;
    const { name, containerPort: port, protocol = 'TCP' } = isMapping(written) ? written : {};
    if (typeof port !== 'number' || !Number.isInteger(port) || port < 1 || port > 65_535)
      this.#complain([...path, 'containerPort'], 'containerPort must be a number from 1 to 65535');
    if (name !== undefined && name !== null && !(typeof name === 'string' && PORT_NAME_FORM.test(name)))
      this.#complain(
        [...path, 'name'],
        'the name of a port has at most 15 lower-case letters, digits and single "-", with at least one letter',
      );
    const known = POLICY_PROTOCOLS.find((one) => one === (protocol ?? 'TCP'));
    if (known === undefined) this.#complain([...path, 'protocol'], 'a protocol is TCP, UDP or SCTP');
    if (this.problems.length > before || typeof port !== 'number' || known === undefined) return [];
    const value = { port, protocol: known, ...(typeof name === 'string' ? { name } : {}) };
    return [{ value, mark: this.#document.at(path) }];
  }

  /** A pod listens once on a port, and calls it by one name. What does not go into that is told. */
  #merge(ports: readonly Marked<TemplatePort>[]): readonly Marked<Port>[] {
    const merged = new Map<string, Marked<Port>>();
    const names = new Set<string>();
    for (const { value, mark } of ports) {
      const { name, port, protocol } = value;
      if (protocol === 'SCTP') {
        this.#leaveOut(`port ${describePort(value)}`, 'podreach tries TCP and UDP only', mark);
        continue;
      }
      const key = describePort(value);
      const known = merged.get(key)?.value;
      const named = known?.name ?? (name !== undefined && names.has(name) ? undefined : name);
      if (name !== undefined && named !== name)
        this.#leaveOut(
          `the name ${quote(name)} of port ${key}`,
          known?.name === undefined
            ? 'another port of the pod has it'
            : `the port has the name ${quote(known.name)} already`,
          mark,
        );
      if (named !== undefined) names.add(named);
      merged.set(key, {
        value: { port, protocol, ...(named === undefined ? {} : { name: named }) },
        mark: merged.get(key)?.mark ?? mark,
      });
    }
    return [...merged.values()];
  }

  #leaveOut(what: string, why: string, { location }: Mark): void {
    const { kind } = this.#document;
    this.doubts.push({
      code: 'left-out-port',
      message: `${what} of this ${kind} is left out: ${why}`,
      location,
    });
  }

  #complain(path: DocumentPath, message: string): void {
    this.problems.push(problemWithin(this.#document, path, message));
  }
}

interface TemplatePort {
  readonly name?: string;
  readonly port: number;
  readonly protocol: (typeof POLICY_PROTOCOLS)[number];
}

const PORT_NAME_FORM = new RegExp(`^${PORT_NAME}$`);

/** A controller whose selector does not match the labels of its own pods is refused, for the kinds that need a selector. */
function refusals({ value, kind, at }: ManifestDocument, labels: Labels): readonly ManifestDoubt[] {
  const path = ['spec', 'selector'];
  const written = valueAt(value, path);
  if (!SELECTING.has(kind) || !isMapping(written)) return [];
  const refuse = (why: string, advice: string, place: DocumentPath = path): ManifestDoubt => ({
    code: 'refused-workload',
    message: `the API server will refuse this ${kind}: ${why}`,
    location: at(place).location,
    advice,
  });
  const read = readSelector(written, path);
  if ('problems' in read)
    return read.problems.map((one) => refuse(`in its selector, ${one.message}`, 'Correct it.', one.path));
  const { matchLabels, matchExpressions } = read.selector;
  const isEmpty = [matchLabels, matchExpressions].every((part) => Object.keys(part ?? {}).length === 0);
  if (isEmpty) return [refuse('its selector is empty', 'Write labels of the template in spec.selector.')];
  if (selectorMatches(read.selector, labels)) return [];
  return [
    refuse(
      'its selector does not match the labels of its own template',
      'Write the same labels in spec.selector and in the template.',
    ),
  ];
}

const SELECTING: ReadonlySet<string> = new Set(['Deployment', 'ReplicaSet', 'StatefulSet', 'DaemonSet']);
