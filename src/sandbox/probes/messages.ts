/** What the supervisor and a node's visitor say to each other over their channel. */
import type { Readiness } from './readiness.ts';
import type { ProbeTarget } from './target.ts';

export type ProberMessage =
  | { readonly kind: 'visit'; readonly id: number; readonly target: ProbeTarget }
  | { readonly kind: 'forget'; readonly id: number };

/** The readiness of a target has changed. */
export interface VisitorMessage {
  readonly id: number;
  readonly readiness: Readiness;
}
