/** Laws of steps, held against random lists of actions that can be done, and a second opinion on what they do. */
import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { objectKey } from '../../src/keys.ts';
import type { Plan } from '../../src/scenario/scenario.ts';
import { createProject } from './project.ts';

const NAMESPACES = ['n0', 'n1', 'n2'];
const PODS = ['n0/a', 'n0/b', 'n1/a', 'n1/b', 'n2/a'];
const LATER = ['namespace/n2', 'n1/b', 'n2/a'];
const POLICIES = NAMESPACES.flatMap((namespace) => [`${namespace}/one`, `${namespace}/two`]);

type Expected = 'reachable' | 'unreachable';

/** What there is, kept in the simplest way: a text for each thing, a namespace or pod with its label. */
class World {
  readonly labels = new Map<string, string | undefined>();
  /** The version of each. */
  readonly policies = new Map<string, number>();
  readonly expected = new Map<string, Expected>();

  constructor() {
    for (const thing of [...NAMESPACES.map((name) => `namespace/${name}`), ...PODS])
      if (!LATER.includes(thing)) this.labels.set(thing, undefined);
  }

  has(thing: string): boolean {
    return this.labels.has(thing);
  }

  get pods(): string[] {
    return PODS.filter((pod) => this.has(pod));
  }

  hasNamespaceOf(thing: string): boolean {
    return thing.startsWith('namespace/') || this.has(`namespace/${thing.split('/')[0]}`);
  }

  remove(thing: string): void {
    this.labels.delete(thing);
    if (!thing.startsWith('namespace/')) return;
    const inside = `${thing.split('/')[1]}/`;
    for (const map of [this.labels, this.policies])
      for (const key of map.keys()) if (key.startsWith(inside)) map.delete(key);
  }

  expect(from: readonly string[], to: readonly string[], expected: Expected): void {
    for (const source of from)
      for (const target of to) if (source !== target) this.expected.set(`${source} ${target}`, expected);
  }

  describe() {
    const things = [...this.labels].map(([thing, label]) => `${thing} ${label ?? '-'}`);
    const checks = [...this.expected].flatMap(([pair, expected]) =>
      pair.split(' ').every((pod) => this.has(pod)) ? [`${pair} ${expected}`] : [],
    );
    return {
      things: things.toSorted(),
      policies: [...this.policies].map(([key, version]) => `${key} ${version}`).toSorted(),
      checks: checks.toSorted(),
    };
  }
}

/** Chooses some of a list; what else is chosen follows from what was chosen before. */
type Choose = <T>(from: readonly T[], most: number) => T[];

/** A step of actions that can be done in their order; the world is what they make of it. */
function takeStep(world: World, choose: Choose, index: number, mustCreate: boolean): Record<string, unknown> {
  const step: Record<string, unknown[] | Record<string, unknown> | string> = { name: `step ${index}` };
  const applied = choose(
    POLICIES.filter((policy) => world.hasNamespaceOf(policy)),
    2,
  );
  step['apply'] = applied.map((policy) => manifest(policy, index));
  for (const policy of applied) world.policies.set(policy, index);

  const deleted = choose([...world.policies.keys()], 1);
  step['delete'] = deleted.map((policy) => `networkpolicy/${policy}`);
  for (const policy of deleted) world.policies.delete(policy);

  step['label'] = Object.fromEntries(
    choose([...world.labels.keys()], 2).map((thing) => {
      const value = world.labels.get(thing) === undefined ? `v${index}` : undefined;
      world.labels.set(thing, value);
      return [thing, { mark: value ?? null }];
    }),
  );

  const absent = [...NAMESPACES.map((name) => `namespace/${name}`), ...PODS].filter(
    (thing) => !world.has(thing),
  );
  const created = mustCreate ? absent : choose(absent, 3);
  // A pod comes with its namespace, or not at all.
  const possible = created.filter((thing) => {
    const namespace = `namespace/${thing.split('/')[0]}`;
    return thing.startsWith('namespace/') || world.has(namespace) || created.includes(namespace);
  });
  step['create'] = possible;
  for (const thing of possible) world.labels.set(thing, undefined);

  // One namespace with its pods always stays, so that there is something to expect.
  const removable = [...world.labels.keys()].filter((thing) => !/^n0\/|^namespace\/n0/.test(thing));
  const [removed] = mustCreate ? [] : choose(removable, 1);
  step['remove'] = removed === undefined ? [] : [removed];
  if (removed !== undefined) world.remove(removed);

  step['replace'] = [
    'n0/a',
    ...choose(
      world.pods.filter((pod) => pod !== 'n0/a'),
      1,
    ),
  ];

  const [otherwise] = choose<Expected>(['reachable', 'unreachable'], 1);
  if (otherwise !== undefined) {
    step['otherwise'] = otherwise;
    world.expect(PODS, PODS, otherwise);
  }
  const [from] = choose(world.pods, 1);
  const [to] = choose(['n0/*', ...world.pods], 1);
  const [expected] = choose<Expected>(['reachable', 'unreachable'], 1);
  if (from !== undefined && to !== undefined && expected !== undefined && from !== to) {
    step[expected] = [{ from, to }];
    world.expect([from], to === 'n0/*' ? ['n0/a', 'n0/b'] : [to], expected);
  }
  return step;
}

function manifest(policy: string, version: number) {
  const [namespace, name] = policy.split('/');
  return {
    apiVersion: 'networking.k8s.io/v1',
    kind: 'NetworkPolicy',
    metadata: { namespace, name, annotations: { version: `${version}` } },
    spec: { podSelector: {} },
  };
}

function describeStep({ namespaces, pods, policies, checks }: Plan['steps'][number]) {
  const marked = (thing: string, labels: Readonly<Record<string, string>>) =>
    `${thing} ${labels['mark'] ?? '-'}`;
  return {
    things: [
      ...namespaces.map(({ name, labels }) => marked(`namespace/${name}`, labels)),
      ...pods.map((pod) => marked(objectKey(pod), pod.labels)),
    ].toSorted(),
    policies: policies
      .map((policy) => `${objectKey(policy)} ${/version: "?(\d+)"?/.exec(policy.text)?.[1]}`)
      .toSorted(),
    checks: checks.map(({ from, to, expected }) => `${from} ${to} ${expected}`).toSorted(),
  };
}

/** A scenario in which all that is done can be, and what there is after each step. */
function randomScenario(choose: Choose, length: number) {
  const world = new World();
  const [first = 'unreachable'] = choose<Expected>(['reachable', 'unreachable'], 1);
  world.expect(PODS, PODS, first);
  const worlds = [world.describe()];
  const steps = Array.from({ length }, (_, index) => {
    const step = takeStep(world, choose, index + 2, index === length - 1);
    worlds.push(world.describe());
    return step;
  });
  const declared = (things: readonly string[], kind: string, value: object) =>
    Object.fromEntries(
      things.map((thing) => [thing, LATER.includes(kind + thing) ? { ...value, created: 'later' } : value]),
    );
  const scenario = {
    apiVersion: 'podreach/v1',
    kind: 'Scenario',
    name: 'random',
    namespaces: declared(NAMESPACES, 'namespace/', {}),
    pods: declared(PODS, '', { ports: [80] }),
    otherwise: first,
    steps,
  };
  return { scenario, worlds };
}

function chooser(generate: fc.GeneratorValue): Choose {
  return (from, most) => [
    ...generate(fc.subarray<(typeof from)[number]>, [...from], { maxLength: Math.min(most, from.length) }),
  ];
}

test('whatever can be done leads to what doing it by hand leads to, and a pair has one number in all steps', async () => {
  const counts = { steps: 0, changed: 0 };
  await fc.assert(
    fc.asyncProperty(fc.gen(), fc.integer({ min: 1, max: 6 }), async (generate, length) => {
      const { scenario, worlds } = randomScenario(chooser(generate), length);
      await using project = await createProject({ 'a.yaml': JSON.stringify(scenario) });
      const [plan] = await project.load();
      expect(plan?.steps.map(describeStep)).toEqual(worlds);
      const ids = new Map<string, number>();
      for (const { checks } of plan?.steps ?? []) {
        expect(checks.map(({ id }) => id)).toEqual(checks.map(({ id }) => id).toSorted((a, b) => a - b));
        for (const { id, from, to } of checks) {
          expect(ids.get(`${from} ${to}`) ?? id).toBe(id);
          ids.set(`${from} ${to}`, id);
        }
      }
      expect([...ids.values()].toSorted((a, b) => a - b)).toEqual(
        Array.from({ length: ids.size }, (_, id) => id),
      );
      counts.steps += length;
      counts.changed += new Set(worlds.map((one) => JSON.stringify(one))).size - 1;
    }),
    { numRuns: 150 },
  );
  // The random lists are worth something: most steps lead to another state.
  expect(counts.changed).toBeGreaterThan(counts.steps / 2);
});

/** What one entry of an action is instead. Each is one mistake, and leaves open what was meant. */
const MISTAKES: readonly (readonly [kind: string, mistake: unknown])[] = [
  ['apply', 'missing.yaml'],
  ['delete', 'networkpolicy/n9/zzz'],
  ...['create', 'remove', 'replace'].map((kind) => [kind, 'n9/zzz'] as const),
  ...['delete', 'create', 'remove', 'replace'].map((kind) => [kind, 'zzz'] as const),
  ...['apply', 'delete', 'create', 'remove', 'replace'].map((kind) => [kind, 1] as const),
];

test.each(MISTAKES)(
  'nothing that follows from a mistake is told as one, too: %s: %j',
  async (kind, mistake) => {
    await fc.assert(
      fc.asyncProperty(fc.gen(), fc.integer({ min: 1, max: 6 }), async (generate, length) => {
        const { scenario } = randomScenario(chooser(generate), length);
        const places = scenario.steps.flatMap(({ [kind]: entries }) =>
          Array.isArray(entries) ? entries.map((_, entry) => ({ entries, entry })) : [],
        );
        fc.pre(places.length > 0);
        const { entries, entry } = generate(fc.constantFrom, ...places);
        entries[entry] = mistake;
        await using project = await createProject({ 'a.yaml': JSON.stringify(scenario) });
        expect(await project.failure()).toMatch(/scenario-invalid: 1 problem in a\.yaml/);
      }),
      { numRuns: 20 },
    );
  },
);
