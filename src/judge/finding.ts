/** One attempt held against the expectation. */
import { type Moment, NAME_LED, type Shown } from '../model/attempt.ts';
import type { CheckRecord } from '../record/schema.ts';

export type Finding =
  | { readonly kind: 'agrees' }
  | { readonly kind: 'contradicts' }
  | { readonly kind: 'proves-nothing'; readonly reason: string };

type JudgedAttempt = Shown & Pick<Moment, 'seen'>;

const AGREES: Finding = { kind: 'agrees' };
const CONTRADICTS: Finding = { kind: 'contradicts' };
const LATE = 'it was answered late: the network was slow';

/**
 * What an attempt says about its check. What got through to it, if only one way, contradicts *unreachable* wherever it is seen. What was cut
 * off counts only with its whole triangle: the listener alive, both ends visited by their kubelets, and the way between their nodes
 * open. A dead listener, a pod whose link is down and a broken network all look the same as a policy.
 */
export function findingOf(expected: CheckRecord['expected'], attempt: JudgedAttempt): Finding {
  switch (attempt.outcome) {
    case 'connected':
      return expected === 'reachable' ? AGREES : CONTRADICTS;
    case 'timeout':
    case 'prohibited':
    case 'refused':
      if (attempt.late === true) return expected === 'unreachable' ? CONTRADICTS : provesNothing(LATE);
      return provenCut(attempt) ?? (expected === 'unreachable' ? AGREES : CONTRADICTS);
    case 'reset':
    case 'one-way':
      // Something got through (D19a): that blocks nothing, and it does not reach anybody either.
      return expected === 'unreachable' ? CONTRADICTS : (provenCut(attempt) ?? CONTRADICTS);
    case 'wrong-peer':
      if (expected === 'reachable')
        return provesNothing(withDetail('something else answered', attempt.detail));
      // Another may have got the address of a pod that is gone.
      return attempt.listenerAlive === true
        ? CONTRADICTS
        : provesNothing(
            withDetail(
              'something else answered, and nobody knows that the destination was there',
              attempt.detail,
            ),
          );
    case 'partial':
      return expected === 'unreachable' ? CONTRADICTS : partOf(attempt);
    case 'dns-failure':
      return provesNothing(whyUnnamed(attempt));
    case 'error':
      return provesNothing(withDetail('the probe could not try', attempt.detail));
  }
}

/** What it means for a Service that must be reachable that a part of its pods answered: the others must be proven to be cut off. */
function partOf(attempt: JudgedAttempt): Finding {
  const { answered = [], silent = [] } = attempt.backends ?? {};
  if (answered.length === 0)
    return provesNothing(
      withDetail(
        'some connections were answered and others were not, and nobody tells by whom',
        attempt.detail,
      ),
    );
  if (silent.length === 0)
    return provesNothing(
      withDetail('every pod of the Service answered, but not every connection', attempt.detail),
    );
  if (attempt.late === true) return provesNothing(LATE);
  return provenCut(attempt) ?? CONTRADICTS;
}

function whyUnnamed(attempt: Pick<Shown, 'detail'>): string {
  return namedElsewhere(attempt) ?? withDetail('the name did not resolve', attempt.detail);
}

/** Of a name that did resolve, but led elsewhere than to its Service: where it did. */
export function namedElsewhere({ detail }: Pick<Shown, 'detail'>): string | undefined {
  return detail?.startsWith(NAME_LED) === true ? detail : undefined;
}

/** Whether something of it arrived, and no answer of the right pod came back. */
export function gotThrough({ outcome }: Pick<Shown, 'outcome'>): boolean {
  return outcome === 'reset' || outcome === 'one-way';
}

/** Why an attempt that reached nobody proves nothing; undefined where its triangle is whole. */
function provenCut({ listenerAlive, unasked, seen = {} }: JudgedAttempt): Finding | undefined {
  if (listenerAlive === false) return provesNothing('nothing was listening on the destination port');
  if (listenerAlive === undefined)
    return provesNothing(withDetail('the destination could not be asked whether its port was open', unasked));
  const missing = (['source', 'destination', 'between'] as const).find((side) => seen[side] === undefined);
  return missing === undefined ? undefined : provesNothing(MISSING[missing]);
}

const MISSING = {
  source: "the source's own network was not proven: its node had not reached it in time",
  destination: "the destination's own network was not proven: its node had not reached it in time",
  between: 'the way between them was not open: its witnesses could not connect either',
} as const;

function provesNothing(reason: string): Finding {
  return { kind: 'proves-nothing', reason };
}

function withDetail(text: string, detail: string | undefined): string {
  return detail === undefined ? text : `${text}: ${detail}`;
}
