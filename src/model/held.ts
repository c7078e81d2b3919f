/** A connection that was open before a step cut its pair off: what is to become of it, and what did. The specification leaves it open (I7). */

/** `kept`: it goes on. `cut`: it must not. `either`: it is only told. */
export const HELD_WISHES = ['kept', 'cut', 'either'] as const;
export type HeldWish = (typeof HELD_WISHES)[number];

/** `survived`: its heartbeats came back to the end. `stalled`: none came back any more. `broken`: it was closed or reset. */
export const HELD_FATES = ['survived', 'stalled', 'broken'] as const;
export type HeldFate = (typeof HELD_FATES)[number];
