/** What the oracle says about each check of a scenario, for the record. */
import type { Oracle } from '../policy/oracle.ts';
import type { Trace } from '../policy/trace.ts';
import type { CheckRecord, ScenarioRecord } from '../record.ts';
import type { Check } from '../scenario/scenario.ts';

type Grounds = ScenarioRecord['grounds'];

export interface Predictions {
  /** In the order of the checks. */
  readonly predicted: readonly CheckRecord['predicted'][];
  /** What decides, each once: many checks have the same. */
  readonly grounds: Grounds;
}

/** Predicts every check, with what decides it. */
export function predictChecks(oracle: Oracle, checks: readonly Check[]): Predictions {
  const grounds: Grounds = [];
  const known = new Map<string, number>();
  const predicted = checks.map(({ from, to, port, protocol }): CheckRecord['predicted'] => {
    const { answer, responsible } = oracle.explain({
      from: { kind: 'pod', pod: from },
      to: { kind: 'pod', pod: to },
      port,
      protocol,
    });
    const key = JSON.stringify(responsible);
    const index = known.get(key) ?? grounds.push(groundsOf(responsible)) - 1;
    known.set(key, index);
    return answer.verdict === 'undefined'
      ? {
          verdict: 'undefined',
          grounds: index,
          reason: answer.reason,
          ...(answer.rule === undefined ? {} : { rule: answer.rule }),
        }
      : { verdict: answer.verdict, grounds: index };
  });
  return { predicted, grounds };
}

function groundsOf(responsible: Trace['responsible']): Grounds[number] {
  return responsible.map(({ direction, policy, rule, location }) => ({
    direction,
    policy,
    ...(rule === undefined ? {} : { rule: rule + 1 }),
    ...(location === undefined ? {} : { location }),
  }));
}
