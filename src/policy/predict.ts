/** Declared against predicted: which checks the policies, as they are written, cannot meet. */
import type { Location } from '../errors.ts';
import type { World } from './model.ts';
import { compile } from './oracle.ts';

export interface PredictableCheck {
  /** `namespace/pod` */
  readonly from: string;
  /** `namespace/pod` */
  readonly to: string;
  readonly port: number;
  readonly protocol: 'TCP' | 'UDP';
  readonly expected: 'reachable' | 'unreachable';
  readonly declared: Location;
}

/**
 * The checks whose expectation contradicts what the policies mean. What the rules leave open (I1 to I5) contradicts nothing.
 * Policies that cannot be read are left out of the prediction: the API server will say what is wrong with them.
 */
export function contradictedChecks<Check extends PredictableCheck>(
  world: World,
  checks: readonly Check[],
): readonly Check[] {
  const oracle = compile(world);
  return checks.filter(({ from, to, port, protocol, expected }) => {
    const { verdict } = oracle.evaluate({
      from: { kind: 'pod', pod: from },
      to: { kind: 'pod', pod: to },
      port,
      protocol,
    });
    return verdict === (expected === 'reachable' ? 'denied' : 'allowed');
  });
}
