/** What the oracle says about each check of a scenario, for the record. */
import type { Oracle } from '../policy/oracle.ts';
import type { Responsible } from '../policy/policy.ts';
import type { CheckRecord, ScenarioRecord } from '../record.ts';

type Grounds = ScenarioRecord['grounds'];

type Flowing = Pick<CheckRecord, 'from' | 'to' | 'port' | 'protocol'>;

export interface Predictions {
  /** In the order of the checks. */
  readonly predicted: readonly CheckRecord['predicted'][];
  /** What decides, each once: many checks have the same. */
  readonly grounds: Grounds;
}

/** Predicts every check, with what decides it. */
export function predictChecks(oracle: Oracle, checks: readonly Flowing[]): Predictions {
  const grounds: Grounds = [];
  const known = new Map<string, number>();
  const numbers = new Map<Responsible, number>();
  const numberOf = (one: Responsible): number => {
    const number = numbers.get(one) ?? numbers.size;
    numbers.set(one, number);
    return number;
  };
  const predicted = checks.map(({ from, to, port, protocol }): CheckRecord['predicted'] => {
    const { answer, responsible } = oracle.rule({
      from: { kind: 'pod', pod: from },
      to: { kind: 'pod', pod: to },
      port,
      protocol,
    });
    const key = responsible.map(numberOf).join();
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

function groundsOf(responsible: readonly Responsible[]): Grounds[number] {
  return responsible.map(({ direction, policy, rule, location }) => ({
    direction,
    policy,
    ...(rule === undefined ? {} : { rule: rule + 1 }),
    ...(location === undefined ? {} : { location }),
  }));
}
