/** The port that the Service of a check has on the nodes. */
import { serviceKey } from '../../model/service.ts';
import type { CheckView } from './view.ts';

/** Undefined where it has none, or was not made. */
export function nodePortOf({
  to,
  port,
  protocol,
  scenario,
}: Pick<CheckView, 'to' | 'port' | 'protocol' | 'scenario'>): number | undefined {
  const service = scenario.services?.find((one) => serviceKey(one) === to);
  return service?.ports.find((own) => own.port === port && own.protocol === protocol)?.nodePort;
}
