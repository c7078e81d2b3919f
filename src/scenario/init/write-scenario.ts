/** The text of a first scenario, part by part. */
import { PodreachError } from '../../errors.ts';
import { objectKey } from '../../keys.ts';
import { describePort, describePortName } from '../../pair.ts';
import { foreignPoliciesOf, type Plan } from '../scenario.ts';
import { EndNames } from './ends.ts';
import { type AskedQuestion, askQuestions } from './questions.ts';
import { groupByRule, type RuledPairs, rulePairs, writePairs } from './ruled-pairs.ts';
import { comment } from './text.ts';

/** A scenario, and how much there is in it. */
export interface WrittenText {
  readonly text: string;
  readonly pods: number;
  readonly policies: number;
  /** How many connections are expected to be open, and to be cut. */
  readonly reachable: number;
  readonly unreachable: number;
  readonly questions: number;
}

/**
 * @param head the lines that say what is deployed
 * @param plan of a scenario that expects the same of every pair
 * @throws PodreachError `usage` where the policies leave everything open
 */
export function writeScenario(head: readonly string[], plan: Plan): WrittenText {
  const [first] = plan.steps;
  const names = new EndNames(plan.pods);
  const pairs = rulePairs(first.checks, first.oracle());
  const { allowed, denied, undefined: open } = pairs;
  if (allowed.length + denied.length === 0) throw allLeftOpen(plan);
  const questions = askQuestions(plan, pairs, names);
  const lines = [
    ...comment(
      '',
      'A first scenario, as podreach init writes it. "reachable" says what the policies allow today, and which of them. Read it, and make it say what is meant.',
    ),
    ...head,
    ...listWorkloads(plan),
    ...listPolicies(plan),
    ...writeReachable(pairs, names),
    ...(open.length === 0 ? ['', 'otherwise: unreachable'] : writeUnreachable(pairs, names)),
    ...writeQuestions(questions),
  ];
  return {
    text: `${lines.join('\n')}\n`,
    pods: plan.pods.length,
    policies: first.policies.length,
    reachable: allowed.length,
    unreachable: denied.length,
    questions: questions.length,
  };
}

function listWorkloads({ pods, manifests }: Plan): readonly string[] {
  const ports = new Map(pods.map((pod) => [objectKey(pod), pod.ports]));
  return [
    '',
    ...comment('', 'The workloads, each of which is a pod here, and their ports:'),
    ...(manifests?.workloads ?? []).flatMap(({ pod, kind }) => {
      const own = ports.get(pod)?.map((port) => `${describePort(port)}${describePortName(port.name)}`);
      return comment('', `${pod}, ${kind}: ${own?.join(', ') || 'no ports'}`, '  ', '      ');
    }),
  ];
}

function listPolicies({ steps: [{ policies }] }: Plan): readonly string[] {
  if (policies.length === 0) return comment('', 'There is no policy: everything is open.');
  return [
    ...comment('', 'The policies:'),
    ...policies.flatMap((policy) => {
      const { file, line } = policy.location;
      return comment('', `${objectKey(policy)} (${file}:${line})`, '  ', '      ');
    }),
  ];
}

function writeReachable({ allowed }: RuledPairs, names: EndNames): readonly string[] {
  if (allowed.length === 0) return [];
  return [
    '',
    'reachable:',
    ...groupByRule(allowed).flatMap(({ reason, pairs }) => [
      ...comment('  ', reason || 'No policy isolates either end: these are open to each other.'),
      ...writePairs('  ', pairs, names),
    ]),
  ];
}

/** What is left open is to be left out, so what is cut is listed. */
function writeUnreachable({ denied }: RuledPairs, names: EndNames): readonly string[] {
  return [
    '',
    ...comment(
      '',
      'In place of "otherwise: unreachable", because the policies leave some connections to the network plugin: see the questions below.',
    ),
    ...(denied.length === 0 ? [] : ['unreachable:', ...writePairs('  ', denied, names)]),
  ];
}

function writeQuestions(questions: readonly AskedQuestion[]): readonly string[] {
  if (questions.length === 0) return [];
  return [
    '',
    ...comment(
      '',
      'Questions. Mend the manifest, or write what is meant. A finding with its name in brackets that is meant is accepted with - { lint: NAME, because: … } under "accept".',
    ),
    ...questions.flatMap(({ text, lines }, index) => {
      const number = `${index + 1}. `;
      const rest = ' '.repeat(number.length);
      return [
        '#',
        ...comment('', text, number, rest),
        ...lines.flatMap((line) => comment('', line.trimStart(), `${rest}${/^ */.exec(line)?.[0] ?? ''}  `)),
      ];
    }),
  ];
}

function allLeftOpen(plan: Plan): PodreachError {
  const deciding = foreignPoliciesOf(plan).filter(({ policyKind }) => policyKind.decides);
  const [first] = deciding;
  if (first === undefined)
    return new PodreachError(
      'usage',
      'there is nothing to try: the policies leave every connection open to the network plugin',
      {
        hint: 'Select pods by podSelector and namespaceSelector: an ipBlock means other pods on each cluster.',
      },
    );
  const { title, location } = first;
  const more = deciding.length === 1 ? '' : `, and ${deciding.length - 1} more like it,`;
  return new PodreachError(
    'usage',
    `there is nothing to try: ${title}${more} may decide about every connection, and what that means is for the network plugin to say`,
    {
      location,
      hint: 'Name the files beside it one by one, or with a glob: then the scenario is about the NetworkPolicies alone. Or write by hand what is expected with it.',
    },
  );
}
