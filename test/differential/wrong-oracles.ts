/** Oracles that are wrong in one thing: the comparison with packets must find each of them out, or it proves nothing. */
import type { Flow } from '../../src/policy/model.ts';
import { OPINION, type Opinion } from './opinions.ts';
import { FIRST_PORT } from './services.ts';

/** Takes every policy to isolate both directions (D1). */
export const isolatingBoth: Opinion = {
  ...OPINION,
  predict: rewriting((spec) => ({ ...spec, policyTypes: ['Ingress', 'Egress'] })),
};

/** Takes no policy for deleted. */
export const forgetful: Opinion = {
  ...OPINION,
  act: (action, state, declared) => (action.kind === 'delete' ? state : OPINION.act(action, state, declared)),
};

/** Takes every pod to keep the labels that it had. */
const unmoved: Opinion = {
  ...OPINION,
  act: (action, state, declared) =>
    action.kind === 'label' && state.pods.has(action.object) ? state : OPINION.act(action, state, declared),
};

const holeless = rereading(/,"except":\[[^\]]*\]/g, '');

/** By what they take for true. */
export const WRONG_ORACLES: ReadonlyMap<string, Opinion> = new Map([
  ['every policy isolates both directions (D1)', isolatingBoth],
  [
    'no policy isolates egress (D4)',
    { ...OPINION, predict: rewriting((spec) => ({ ...spec, policyTypes: ['Ingress'] })) },
  ],
  ['what is deleted stays', forgetful],
  ['pods keep their labels (D11)', unmoved],
  [
    'no block around a host has a hole (D12)',
    {
      ...OPINION,
      predict: (world) => {
        const [right, wrong] = [OPINION.predict(world), holeless(world)];
        const oracleFor = ({ from, to }: Flow) =>
          from.kind === 'host' || to.kind === 'host' ? wrong : right;
        return { evaluate: (flow) => oracleFor(flow).evaluate(flow) };
      },
    },
  ],
  [
    'a block of IPv4 holds every address of IPv6 (D12)',
    {
      ...OPINION,
      predict: rereading(/\{"ipBlock":\{"cidr":"[\d.]+\/[^}]*\}\}/g, '$&,{"ipBlock":{"cidr":"::/0"}}'),
    },
  ],
  [
    'pods on the network of their nodes are pods as all others (I5)',
    {
      ...OPINION,
      predict: ({ pods, ...world }) =>
        OPINION.predict({ ...world, pods: pods.map(({ hostNetwork: _, ...pod }) => pod) }),
    },
  ],
  [
    'namespaces have no labels but their names (D9)',
    {
      ...OPINION,
      predict: ({ namespaces = [], ...world }) =>
        OPINION.predict({ ...world, namespaces: namespaces.map((one) => ({ ...one, labels: {} })) }),
    },
  ],
  [
    'a rule for UDP is one for TCP (D16)',
    { ...OPINION, predict: rereading(/"protocol":"UDP"/g, '"protocol":"TCP"') },
  ],
  [
    'the port of a Service counts, and not that of its pods (D23)',
    {
      ...OPINION,
      predict: redirecting((flow) => (flow.to.kind === 'service' ? { ...flow, port: FIRST_PORT } : flow)),
    },
  ],
  [
    'clients keep their addresses at every port of a node (D25)',
    { ...OPINION, predict: redirecting(({ through: _, ...flow }) => flow) },
  ],
  [
    'clients lose their addresses at every port of a node (D25)',
    {
      ...OPINION,
      predict: redirecting(({ through, ...flow }) =>
        through === undefined ? flow : { ...flow, through: { ...through, keepsSource: false } },
      ),
    },
  ],
]);

/** Made as those are, with nothing wrong: no packet may contradict them. */
export const RIGHT_ORACLES: ReadonlyMap<string, Opinion> = new Map([
  ['rewrites nothing', { ...OPINION, predict: rewriting((spec) => ({ ...spec })) }],
  ['reads nothing anew', { ...OPINION, predict: rereading(/"nothing":[^,}]*/g, '') }],
  ['redirects nothing', { ...OPINION, predict: redirecting((flow) => ({ ...flow })) }],
]);

/** Takes the specs of policies for other ones. */
function rewriting(rewrite: (spec: object) => object): Opinion['predict'] {
  return ({ policies, ...world }) =>
    OPINION.predict({
      ...world,
      policies: policies.map((policy) => ({
        ...policy,
        object: { spec: rewrite(policy.object.spec as object) },
      })),
    });
}

/** Takes them for others as JSON writes them. */
function rereading(pattern: RegExp, text: string): Opinion['predict'] {
  return rewriting((spec) => JSON.parse(JSON.stringify(spec).replaceAll(pattern, text)));
}

/** Takes flows for other ones. */
function redirecting(redirect: (flow: Flow) => Flow): Opinion['predict'] {
  return (world) => {
    const oracle = OPINION.predict(world);
    return { evaluate: (flow) => oracle.evaluate(redirect(flow)) };
  };
}
