/** What an agent bounds its batches with: whoever asks it reckons with the same. */

/** How many attempts are open side by side; more wait for their turn. Keeps within the file descriptors of a container. */
export const ATTEMPTS_AT_ONCE = 512;

/** As many sockets one attempt has at most: connections to a Service count as attempts accordingly. */
export const SOCKETS_OF_ATTEMPT = 3;

/** When an attempt that is not answered dials last, as a part of its time. */
export const LAST_DIAL_AT = 0.8;

/** Where all answers come late, an attempt keeps others waiting for no longer than this part of its time. */
export const LONGEST_YOUNG = 1 / 4;
