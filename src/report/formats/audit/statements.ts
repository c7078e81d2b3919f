/** Checks as statements about the ports of a pod: who can reach it, and who cannot. */
import { isDecidedByHeld } from '../../../judge/held.ts';
import { namespaceOf } from '../../../keys.ts';
import { describeTarget } from '../../../pair.ts';
import { isPassedContrary, passedContrary } from '../../parts/contrary.ts';
import { describeLocation } from '../../parts/describe.ts';
import { isDecidedByFirstInstant } from '../../parts/first-instant.ts';
import { groupBy } from '../../parts/group.ts';
import { letThroughElsewhere } from '../../parts/opinion.ts';
import { describeDelay } from '../../parts/steps.ts';
import { isDecidedByWatch } from '../../parts/watched.ts';
import { restsOnNoControl } from '../../parts/without-control.ts';
import { isMismatch } from '../../view/mismatch.ts';
import type { CheckView, StepView } from '../../view/view.ts';
import {
  describeCannot,
  describePod,
  describePods,
  describePodsInFull,
  describePorts,
  type StatedPort,
} from './names.ts';
import { capitalise, join, name, type Phrase, say } from './phrase.ts';
import { describeEvidence, phraseSeen } from './statement-evidence.ts';

export const STANDINGS = ['confirmed', 'contradicted', 'not proven'] as const;
/** Whether the run showed that it is so: `contradicted` as soon as one pair was otherwise. */
export type Standing = (typeof STANDINGS)[number];

export interface Statement {
  /** `Pods of web in shop can reach api on TCP 8080; nobody else can.` */
  readonly sentence: Phrase;
  /** The pods of which the sentence tells only the number: who can and who cannot, as far as it speaks of them. */
  readonly inFull: readonly Phrase[];
  readonly standing: Standing;
  /** What was otherwise, or not proven. */
  readonly deviations: readonly Phrase[];
  /** What is as stated, and not the doing of these policies. */
  readonly reservation?: Phrase;
  /** Why it is to be so, in the words of the scenario. */
  readonly reasons: readonly Phrase[];
  /** Those of several pairs that passed, and not in every attempt, with their numbers; of a single one the evidence says so. */
  readonly contrary: readonly Phrase[];
  readonly evidence: Phrase;
  /** Where it is written: `file:line`. */
  readonly declared: readonly string[];
  /** Whether it only repeats what the step before has shown: nothing of it has changed, and all of it passed as before. */
  readonly isRepeated: boolean;
}

/** What statements are made of: a step, or all of a scenario. */
type Scope = Pick<StepView, 'pods' | 'checks'>;

/** Pods that nothing was said about, and the pod and its ports that they could have tried. */
export interface Gap {
  readonly sources: readonly string[];
  readonly to: string;
  readonly ports: readonly StatedPort[];
}

export interface Claims {
  readonly statements: readonly Statement[];
  /** What lies beside the statements: pairs of pods of the scenario that no check looks at. */
  readonly gaps: readonly Gap[];
}

/** One port of a pod with everybody who could try it. */
interface TriedPort {
  readonly to: string;
  readonly port: StatedPort;
  readonly checks: readonly CheckView[];
  readonly allowed: readonly string[];
  readonly denied: readonly string[];
  readonly untested: readonly string[];
}

/** Statements in the order of the scenario's checks; ports of a pod of which the same is said come together. */
export function claimsOf(scope: Scope): Claims {
  const targets = targetsOf(scope);
  const tested = targets.filter(({ checks }) => checks.length > 0);
  const sameClaim = groupBy(tested, ({ to, allowed, denied, untested }) =>
    JSON.stringify([to, allowed, denied, untested]),
  );
  const sameGap = groupBy(
    targets.filter(({ untested }) => untested.length > 0),
    ({ to, untested }) => JSON.stringify([to, untested]),
  );
  return {
    statements: sameClaim.flatMap((group) => {
      const [first] = group;
      return first === undefined ? [] : [state(first, group, scope.pods)];
    }),
    gaps: sameGap.flatMap((group) => {
      const [first] = group;
      return first === undefined
        ? []
        : [{ sources: first.untested, to: first.to, ports: group.map(({ port }) => port) }];
    }),
  };
}

/** Ports that are tested come first, in the order of their checks. */
function targetsOf({ checks, pods }: Scope): TriedPort[] {
  const keys = pods.map(({ key }) => key);
  const tested = groupBy(checks, describeTarget).flatMap((group): TriedPort[] => {
    const [first] = group;
    if (first === undefined) return [];
    const { to, port, protocol, portName, path, backends, family } = first;
    const allowed = group.filter(({ expected }) => expected === 'reachable').map(({ from }) => from);
    const denied = group.filter(({ expected }) => expected === 'unreachable').map(({ from }) => from);
    const spoken = new Set<string>([to, ...allowed, ...denied]);
    return [
      {
        to,
        port: {
          port,
          protocol,
          ...(portName === undefined ? {} : { portName }),
          ...(backends === undefined ? {} : { path }),
          ...(family === 'IPv4' ? {} : { family }),
        },
        checks: group,
        allowed,
        denied,
        untested: keys.filter((key) => !spoken.has(key)),
      },
    ];
  });
  // In whichever family.
  const known = new Set(
    tested.map(({ to, port: { port, protocol } }) => describeTarget({ to, port, protocol })),
  );
  const silent = pods.flatMap(({ key: to, ports }) =>
    ports.flatMap(({ name: portName, port, protocol }): TriedPort[] => {
      const own = { port, protocol, ...(portName === undefined ? {} : { portName }) };
      if (known.has(describeTarget({ to, ...own }))) return [];
      return [
        { to, port: own, checks: [], allowed: [], denied: [], untested: keys.filter((key) => key !== to) },
      ];
    }),
  );
  return [...tested, ...silent];
}

function state(first: TriedPort, group: readonly TriedPort[], pods: Scope['pods']): Statement {
  const checks = group.flatMap((target) => target.checks);
  const deviations = checks.filter(({ verdict }) => verdict !== 'pass');
  const because = [...new Set(checks.flatMap((check) => check.because ?? []))];
  const reservation = reservationOf(checks, pods);
  return {
    sentence: sentenceOf(
      first,
      group.map(({ port }) => port),
      pods,
    ),
    inFull: inFullOf(first, pods),
    standing: deviations.some(isMismatch)
      ? 'contradicted'
      : deviations.length > 0
        ? 'not proven'
        : 'confirmed',
    deviations: deviations.map(
      (check) =>
        say`${describeDeviation(check)}${check.known === undefined ? '' : say`, which is known until ${name(check.known.expires)} (${name(check.known.owner)})`}`,
    ),
    ...(reservation === undefined ? {} : { reservation }),
    reasons: because.map(name),
    contrary:
      checks.length === 1
        ? []
        : passedContrary(checks).map(
            (check) => say`${describePod(check.from)} to ${phraseTarget(check)}: ${phraseSeen(check)}`,
          ),
    evidence: describeEvidence(checks),
    declared: placesOf(checks),
    isRepeated: checks.every(
      (check) =>
        check.step.number > 1 &&
        check.change === undefined &&
        check.verdict === 'pass' &&
        !isPassedContrary(check) &&
        !restsOnNoControl(check),
    ),
  };
}

/** What is as stated, and not the doing of these policies. */
function reservationOf(checks: readonly CheckView[], pods: Scope['pods']): Phrase | undefined {
  const cutByOthers = checks.filter(({ cutBy, verdict }) => cutBy !== undefined && verdict === 'pass');
  const letThrough = letThroughElsewhere(checks);
  const told = [
    ...groupBy(cutByOthers, ({ because }) => because).map((group) => {
      const what = group[0]?.because;
      return say`That ${describeCannot(sourcesOf(group), pods)} is not the doing of these policies: the scenario says that something else cuts it${what === undefined ? '' : say` (${name(what)})`}. What cuts it was not tested.`;
    }),
    ...(letThrough.length === 0
      ? []
      : [
          say`That ${describePods(sourcesOf(letThrough), pods)} can is not because of these policies: they do not let it through. Something else does, such as a policy of the whole cluster.`,
        ]),
  ];
  return told.length === 0 ? undefined : join(told, ' ');
}

function sourcesOf(checks: readonly CheckView[]): readonly string[] {
  return [...new Set(checks.map(({ from }) => from))];
}

/** In the order in which a reader of the files comes by them. */
function placesOf(checks: readonly CheckView[]): string[] {
  const places = checks
    .map(({ declared }) => declared)
    .sort((left, right) => left.file.localeCompare(right.file) || left.line - right.line);
  return [...new Set(places.map(describeLocation))];
}

function sentenceOf(
  { to, allowed, denied, untested }: TriedPort,
  ports: readonly StatedPort[],
  pods: Scope['pods'],
): Phrase {
  const portPhrase = describePorts(ports);
  const isWhole = untested.length === 0;
  const speakers = allowed.length > 0 ? allowed : denied;
  const spaces = new Set(speakers.map(namespaceOf));
  const [only] = spaces;
  // Where everybody who is named is of one namespace, the reader takes the other end to be there too.
  const destination = describePod(to, spaces.size === 1 ? only : undefined);
  if (allowed.length === 0) {
    return isWhole && denied.length > 1
      ? say`Nobody can reach ${describePod(to)} on ${portPhrase}.`
      : say`${capitalise(describeCannot(denied, pods, say` reach ${destination} on ${portPhrase}`))}.`;
  }
  if (isWhole && denied.length === 0 && allowed.length > 1)
    return say`Everybody can reach ${describePod(to)} on ${portPhrase}.`;
  const can = say`${capitalise(describePods(allowed, pods))} can reach ${destination} on ${portPhrase}`;
  if (denied.length === 0) return say`${can}.`;
  return isWhole ? say`${can}; nobody else can.` : say`${can}; ${describeCannot(denied, pods)}.`;
}

/** Where everybody can, or nobody else, the sentence says of all others what holds for them. */
function inFullOf({ allowed, denied, untested }: TriedPort, pods: Scope['pods']): Phrase[] {
  const isWhole = untested.length === 0;
  const can = isWhole && denied.length === 0 ? undefined : describePodsInFull(allowed, pods);
  const cannot = isWhole ? undefined : describePodsInFull(denied, pods);
  return [
    ...(can === undefined ? [] : [say`Who can, by name: ${can}.`]),
    ...(cannot === undefined ? [] : [say`Who cannot, by name: ${cannot}.`]),
  ];
}

/** `leaked: web in shop reached db on UDP 53 although it must not` */
function describeDeviation(check: CheckView): Phrase {
  const pair = describePod(check.from);
  const target = phraseTarget(check);
  if (isDecidedByHeld(check))
    return check.verdict === 'leaked'
      ? say`a connection of ${pair} to ${target} that was open before went on although it must be cut`
      : say`a connection of ${pair} to ${target} that was open before did not go on although it must be kept`;
  const when = isDecidedByWatch(check)
    ? ' for a time, while it was watched,'
    : isDecidedByFirstInstant(check)
      ? ' for a time, just after it had come,'
      : '';
  switch (check.verdict) {
    case 'leaked':
      return say`${pair} reached ${target}${when} although it must not`;
    case 'broken':
      return say`${pair} could not reach ${target}${when} although it must`;
    case 'flapping':
      return check.expected === 'reachable'
        ? say`${pair} could reach ${target} at one time and not at another`
        : say`${pair} could not reach ${target} at one time and could at another`;
    case 'late':
      return say`${pair} ${check.expected === 'reachable' ? 'could reach' : 'could no longer reach'} ${target} as stated, but only ${describeDelay(check)}`;
    default:
      return say`for ${pair} and ${target}: ${reasonOf(check)}`;
  }
}

function phraseTarget(check: CheckView): Phrase {
  return say`${describePod(check.to, namespaceOf(check.from))} on ${describePorts([check])}`;
}

function reasonOf({ verdict, reason }: CheckView): Phrase {
  if (verdict === undefined) return say`the run ended before it was decided`;
  return reason === undefined ? say`no reason was recorded` : name(reason);
}
