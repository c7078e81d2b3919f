/** The annotations by which a sandbox is told what no manifest can say, such as how to fail: what they are called, and what they may say. */

/** Of all of them; no other cluster knows it. */
export const OWN_PREFIX = 'sandbox.podreach.dev/';

/** On a Node: how its network plugin fails. */
export const ENFORCEMENT = `${OWN_PREFIX}enforcement`;
/** On a Node: how much later it takes up changes. */
export const PROGRAMMING_DELAY = `${OWN_PREFIX}programming-delay`;
/** On a Node: how much later it leads to whoever stands behind a Service. */
export const SERVICE_DELAY = `${OWN_PREFIX}service-delay`;
/** On a Node: with each new text its network plugin is restarted. */
export const RESTARTED_AT = `${OWN_PREFIX}restarted-at`;
/** On a Node: what becomes of TCP connections that are open when its rules deny them. */
export const ESTABLISHED = `${OWN_PREFIX}established`;
/** On a Pod: whether its processes are stopped. */
export const STALLED = `${OWN_PREFIX}stalled`;
/** On a Pod: that it stands outside the cluster, and at which address. */
export const OUTSIDE = `${OWN_PREFIX}outside`;
/** On a Pod that stands outside: the name by which the DNS server of the cluster knows it. */
export const OUTSIDE_NAME = `${OWN_PREFIX}outside-name`;

/**
 * How a node's network plugin does its work: `open` lets everything pass, `closed` nothing new, and `stopped` keeps the rules that are
 * in force and takes up no changes.
 */
export const ENFORCEMENT_MODES = ['on', 'open', 'closed', 'stopped'] as const;
export type EnforcementMode = (typeof ENFORCEMENT_MODES)[number];

/** `kept`: they go on, as with Calico. `cut`: nothing comes through any more, as where every packet is judged. */
export const ESTABLISHED_FATES = ['kept', 'cut'] as const;
export type EstablishedFate = (typeof ESTABLISHED_FATES)[number];

/** The reason of a Node's condition `NetworkUnavailable` in each of them. */
export const ENFORCEMENT_REASONS: Readonly<Record<EnforcementMode, string>> = {
  on: 'EnforcementOn',
  open: 'EnforcementOpen',
  closed: 'EnforcementClosed',
  stopped: 'EnforcementStopped',
};
