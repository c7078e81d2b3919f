import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { objectKey } from '../../src/keys.ts';
import { parseAddress, parseCidr, placeAddress } from '../../src/policy/addresses.ts';
import { effectivePolicyTypes } from '../../src/policy/isolation.ts';
import type { PolicyVerdict } from '../../src/policy/match.ts';
import type { PolicyPod, World, WrittenPolicy } from '../../src/policy/model.ts';
import { compile } from '../../src/policy/oracle.ts';
import type { Assumptions } from '../../src/policy/peers.ts';
import {
  DEFAULT_ALPHABET,
  flowsOf,
  type Manifest,
  manifests,
  type Peer,
  type Spec,
  specs,
  toWritten,
  worlds,
} from './arbitraries.ts';

const RUNS = { numRuns: 150 };
const ORDER: Readonly<Record<PolicyVerdict, number>> = { denied: 0, undefined: 1, allowed: 2 };

/** The verdicts of all flows, in the order of {@link flowsOf}. */
function predict(world: World, assumptions?: Assumptions): readonly PolicyVerdict[] {
  const oracle = compile(world, assumptions);
  expect(oracle.problems).toEqual([]);
  return flowsOf(world).map((flow) => oracle.evaluate(flow).verdict);
}

function placeOf({ address, node }: PolicyPod): Pick<PolicyPod, 'address' | 'node'> {
  return { ...(address === undefined ? {} : { address }), ...(node === undefined ? {} : { node }) };
}

function withPolicies(world: World, policies: readonly Manifest[]): World {
  return { ...world, policies: policies.map(toWritten) };
}

/** Says that no flow is further from being allowed than before. */
function expectNoLess(after: readonly PolicyVerdict[], before: readonly PolicyVerdict[]): void {
  expect(after.filter((verdict, index) => ORDER[verdict] < ORDER[before[index] ?? 'denied'])).toEqual([]);
}

/** The same policy with what D1 makes of its types written out. */
function explicit({ spec, ...rest }: Manifest): Manifest {
  return { ...rest, spec: { ...spec, policyTypes: effectivePolicyTypes(spec) } };
}

/** Every list of a policy in another order, with items twice. */
function rearranged({ spec, ...rest }: Manifest, seed: number): Manifest {
  const shuffle = <Item>(items: readonly Item[]): Item[] => {
    const turn = items.length === 0 ? 0 : seed % items.length;
    return [...items.slice(turn), ...items].toReversed();
  };
  const { policyTypes, ingress, egress, ...others } = spec;
  return {
    ...rest,
    spec: {
      ...others,
      ...(policyTypes === undefined ? {} : { policyTypes: policyTypes.toReversed() }),
      ...(ingress === undefined
        ? {}
        : {
            ingress: shuffle(ingress).map(({ from, ports }) => ({
              ...(from === undefined ? {} : { from: shuffle(from) }),
              ...(ports === undefined ? {} : { ports: shuffle(ports) }),
            })),
          }),
      ...(egress === undefined
        ? {}
        : {
            egress: shuffle(egress).map(({ to, ports }) => ({
              ...(to === undefined ? {} : { to: shuffle(to) }),
              ...(ports === undefined ? {} : { ports: shuffle(ports) }),
            })),
          }),
    },
  };
}

/** One policy per rule, and one without rules that isolates. */
function split(manifest: Manifest, index: number): Manifest[] {
  const { metadata, spec } = explicit(manifest);
  const { ingress = [], egress = [], ...common } = spec;
  const parts: Spec[] = [
    common,
    ...ingress.map((rule) => ({ ...common, ingress: [rule] })),
    ...egress.map((rule) => ({ ...common, egress: [rule] })),
  ];
  return parts.map((part, number) => ({
    ...manifest,
    metadata: { ...metadata, name: `split-${index}-${number}` },
    spec: part,
  }));
}

test('random clusters show every verdict often enough to prove something', () => {
  const verdicts = fc.sample(worlds(), { numRuns: 200, seed: 1 }).flatMap((world) => predict(world));
  for (const verdict of ['allowed', 'denied', 'undefined']) {
    const share = verdicts.filter((one) => one === verdict).length / verdicts.length;
    expect(share, verdict).toBeGreaterThan(0.01);
  }
});

describe('what both ways of asking agree on', () => {
  test('evaluating and explaining give the same answer', () => {
    fc.assert(
      fc.property(worlds(), fc.constantFrom(undefined, true, false), (world, known) => {
        const oracle = compile(world, known === undefined ? {} : { ipBlocksMatchPods: known });
        for (const flow of flowsOf(world)) expect(oracle.evaluate(flow)).toEqual(oracle.explain(flow).answer);
      }),
      { numRuns: 50 },
    );
  });

  test('an oracle without a policy is one that never had it', () => {
    fc.assert(
      fc.property(worlds(), fc.nat(), (world, seed) => {
        fc.pre(world.policies.length > 0);
        const removed = seed % world.policies.length;
        const whole = compile(world);
        const policy = whole.policies[removed];
        if (policy === undefined) throw new Error('a valid policy was not read');
        const without = whole.without(policy);
        expect(flowsOf(world).map((flow) => without.evaluate(flow).verdict)).toEqual(
          predict({ ...world, policies: world.policies.toSpliced(removed, 1) }),
        );
      }),
      RUNS,
    );
  });

  test('an oracle that learns where pods are is one that has always known it', () => {
    fc.assert(
      fc.property(worlds(), fc.constantFrom(undefined, true, false), (world, known) => {
        const unborn: World = { ...world, pods: world.pods.map(({ address: _, node: __, ...pod }) => pod) };
        const places = new Map(world.pods.map((pod) => [objectKey(pod), placeOf(pod)]));
        const assumptions = known === undefined ? {} : { ipBlocksMatchPods: known };
        const flows = flowsOf(world);
        const before = compile(unborn);
        // What was worked out without the places must not be taken for what holds with them.
        const early = flows.map((flow) => before.rule(flow));
        const placed = before.placed(places, assumptions);
        const always = compile(world, assumptions);
        for (const flow of flows) expect(placed.rule(flow)).toEqual(always.rule(flow));
        expect(flows.map((flow) => before.rule(flow))).toEqual(early);
      }),
      RUNS,
    );
  });

  test('a verdict is open because of blocks if and only if the two kinds of network plugin differ', () => {
    fc.assert(
      fc.property(worlds(), (world) => {
        const matching = predict(world, { ipBlocksMatchPods: true });
        const ignoring = predict(world, { ipBlocksMatchPods: false });
        expect(predict(world)).toEqual(
          matching.map((verdict, index) => (verdict === ignoring[index] ? verdict : 'undefined')),
        );
      }),
      RUNS,
    );
  });

  test('knowing the addresses of pods settles verdicts, and overturns none', () => {
    fc.assert(
      fc.property(worlds(), (world) => {
        const unborn: World = {
          ...world,
          pods: world.pods.map(({ address: _, ...pod }) => pod),
        };
        const assumptions = { ipBlocksMatchPods: true };
        const settled = predict(world, assumptions);
        const early = predict(unborn, assumptions);
        expect(early).toEqual(
          settled.map((verdict, index) => (early[index] === 'undefined' ? 'undefined' : verdict)),
        );
      }),
      RUNS,
    );
  });
});

describe('laws of policies', () => {
  test('adding a rule to a policy never denies what was allowed', () => {
    fc.assert(
      fc.property(worlds(), manifests(), specs(), fc.nat(), (world, policies, addition, seed) => {
        fc.pre(policies.length > 0);
        const before = policies.map(explicit);
        const after = before.map((manifest, index) =>
          index === seed % before.length
            ? {
                ...manifest,
                spec: {
                  ...manifest.spec,
                  ingress: [...(manifest.spec.ingress ?? []), ...(addition.ingress ?? [])],
                  egress: [...(manifest.spec.egress ?? []), ...(addition.egress ?? [])],
                },
              }
            : manifest,
        );
        expectNoLess(predict(withPolicies(world, after)), predict(withPolicies(world, before)));
      }),
      RUNS,
    );
  });

  test('policies for ingress leave egress open, and open all that they do not select', () => {
    fc.assert(
      fc.property(worlds(), manifests(), (world, policies) => {
        const forIngress = policies.filter(({ spec }) => !effectivePolicyTypes(spec).includes('Egress'));
        const oracle = compile(withPolicies(world, forIngress));
        for (const flow of flowsOf(world)) {
          const [walk] = oracle.explain(flow).walks;
          expect(walk?.egress.kind).toBe('not-isolated');
          if (walk?.ingress.kind === 'not-isolated') expect(oracle.evaluate(flow).verdict).toBe('allowed');
        }
      }),
      { numRuns: 50 },
    );
  });

  test('order and repetition never matter', () => {
    fc.assert(
      fc.property(worlds(), manifests(), fc.nat(), (world, policies, seed) => {
        const changed = policies.map((manifest) => rearranged(manifest, seed));
        const copies = changed.map((manifest) => ({
          ...manifest,
          metadata: { ...manifest.metadata, name: `${manifest.metadata.name}-again` },
        }));
        expect(predict(withPolicies(world, [...changed.toReversed(), ...copies]))).toEqual(
          predict(withPolicies(world, policies)),
        );
      }),
      RUNS,
    );
  });

  test('splitting a policy into one per rule never matters', () => {
    fc.assert(
      fc.property(worlds(), manifests(), (world, policies) => {
        expect(predict(withPolicies(world, policies.flatMap(split)))).toEqual(
          predict(withPolicies(world, policies)),
        );
      }),
      RUNS,
    );
  });

  test('renaming everything never matters', () => {
    fc.assert(
      fc.property(worlds(), (world) => {
        // Other words, same shape.
        const renamed = renameAll(world) as World;
        expect(renamed).not.toEqual(world);
        expect(predict(renamed)).toEqual(predict(world));
      }),
      RUNS,
    );
  });

  test('the order of pods and namespaces never matters', () => {
    fc.assert(
      fc.property(worlds(), (world) => {
        const oracle = compile(world);
        const reversed = compile({
          ...world,
          pods: world.pods.toReversed(),
          namespaces: (world.namespaces ?? []).toReversed(),
        });
        for (const flow of flowsOf(world)) expect(reversed.evaluate(flow)).toEqual(oracle.evaluate(flow));
      }),
      RUNS,
    );
  });
});

describe('laws of blocks', () => {
  const octet = fc.nat({ max: 255 });
  const addresses = fc.tuple(octet, octet, octet, octet).map((octets) => octets.join('.'));
  const cidrs = fc.tuple(addresses, fc.nat({ max: 32 })).map(([address, bits]) => `${address}/${bits}`);

  test('an exception only takes out, and takes out only what it contains', () => {
    fc.assert(
      fc.property(
        fc.constantFrom(...DEFAULT_ALPHABET.addresses),
        cidrs,
        fc.array(cidrs),
        (text, cidr, except) => {
          const address = parseAddress(text) ?? never();
          const isIn = (block: string, holes: readonly string[] = []): boolean =>
            placeAddress(address, {
              cidr: parseCidr(block) ?? never(),
              except: holes.map((hole) => parseCidr(hole) ?? never()),
            }).kind === 'inside';
          expect(isIn(cidr, except)).toBe(isIn(cidr) && !except.some((hole) => isIn(hole)));
        },
      ),
    );
  });

  test('adding an exception never allows more', () => {
    fc.assert(
      fc.property(worlds(), manifests(), (world, policies) => {
        const assumptions = { ipBlocksMatchPods: true };
        const narrowed = mapPeers(policies, (peer) =>
          peer.ipBlock?.cidr === '10.64.0.0/24'
            ? { ipBlock: { cidr: '10.64.0.0/24', except: ['10.64.0.4/31'] } }
            : peer,
        );
        expectNoLess(
          predict(withPolicies(world, policies), assumptions),
          predict(withPolicies(world, narrowed), assumptions),
        );
      }),
      RUNS,
    );
  });

  test('exceptions given back by peers of their own leave the block whole', () => {
    fc.assert(
      fc.property(worlds(), manifests(), (world, policies) => {
        const assumptions = { ipBlocksMatchPods: true };
        const whole = mapPeers(policies, ({ ipBlock, ...peer }) =>
          ipBlock === undefined ? peer : { ipBlock: { cidr: ipBlock.cidr } },
        );
        const returned = flatMapPeers(policies, (peer) => [
          peer,
          ...(peer.ipBlock?.except ?? []).map((cidr) => ({ ipBlock: { cidr } })),
        ]);
        expect(predict(withPolicies(world, returned), assumptions)).toEqual(
          predict(withPolicies(world, whole), assumptions),
        );
      }),
      RUNS,
    );
  });
});

describe('manifests of any kind', () => {
  test('are read or refused, and never throw', () => {
    const junk = fc.oneof(
      fc.anything(),
      fc.record({
        podSelector: fc.anything(),
        ingress: fc.anything(),
        egress: fc.anything(),
        policyTypes: fc.anything(),
      }),
      specs().chain((spec) =>
        fc
          .constantFrom('podSelector', 'ingress', 'egress', 'policyTypes')
          .chain((field) => fc.anything().map((value) => ({ ...spec, [field]: value }))),
      ),
    );
    fc.assert(
      fc.property(worlds(), junk, (world, spec) => {
        const policy: WrittenPolicy = { namespace: 'red', name: 'junk', object: { spec } };
        const oracle = compile({ ...world, policies: [policy] });
        expect(oracle.policies.length === 1).toBe(oracle.problems.length === 0);
        for (const flow of flowsOf(world).slice(0, 12)) oracle.evaluate(flow);
      }),
      { numRuns: 500 },
    );
  });
});

function mapPeers(policies: readonly Manifest[], change: (peer: Peer) => Peer): readonly Manifest[] {
  return flatMapPeers(policies, (peer) => [change(peer)]);
}

function flatMapPeers(
  policies: readonly Manifest[],
  change: (peer: Peer) => readonly Peer[],
): readonly Manifest[] {
  return policies.map(({ spec, ...rest }) => ({
    ...rest,
    spec: {
      ...spec,
      ...(spec.ingress === undefined
        ? {}
        : {
            ingress: spec.ingress.map(({ from, ...rule }) => ({
              ...rule,
              ...(from === undefined ? {} : { from: from.flatMap(change) }),
            })),
          }),
      ...(spec.egress === undefined
        ? {}
        : {
            egress: spec.egress.map(({ to, ...rule }) => ({
              ...rule,
              ...(to === undefined ? {} : { to: to.flatMap(change) }),
            })),
          }),
    },
  }));
}

const OTHER_WORDS: ReadonlyMap<string, string> = new Map([
  ...['red', 'blue', 'app', 'tier', 'team', 'a', 'b', 'http', 'dns'].map(
    (word) => [word, `z${word}`] as const,
  ),
  ...Array.from({ length: 6 }, (_, index) => [`pod-${index}`, `workload-${5 - index}`] as const),
  ...Array.from({ length: 6 }, (_, index) => [`policy-${index}`, `rule-${5 - index}`] as const),
  ['', 'empty'],
]);

/** The same data with other names for namespaces, pods, policies, labels, their values and ports, one for one. */
function renameAll(value: unknown): unknown {
  if (typeof value === 'string') return OTHER_WORDS.get(value) ?? value;
  if (Array.isArray(value)) return value.map(renameAll);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(
    Object.entries(value).map(([key, inner]) => [OTHER_WORDS.get(key) ?? key, renameAll(inner)]),
  );
}

function never(): never {
  throw new Error('the generator made something that cannot be read');
}
