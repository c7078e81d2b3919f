/** Which documents messages do not quote: what is printed ends up in logs, and some values must not. */

/** Decides by a document's text, because one that cannot be read may hold a secret as well. */
export type Discretion = (document: string) => boolean;

/** Whether a Secret is in it, also as an item of a list. */
export const holdsSecret: Discretion = (document) => SECRET.test(document);

/** The same, and whether it may be anything, such as the values of a chart or the key of an account. */
export const mayHoldSecret: Discretion = (document) => SECRET.test(document) || !OBJECT.test(document);

const SECRET = /\bkind["']?\s*:\s*["']?Secret(List)?\b/;
/** What begins a Kubernetes object, in YAML or JSON. */
const OBJECT = /(^|[{,])\s*["']?(apiVersion|kind)["']?\s*:/m;

export const UNSHOWN = 'the line is not shown: it may hold a secret';
