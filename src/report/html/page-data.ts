/** What the page's script knows beside what stands in the page. It imports nothing: browsers and Node.js both read it. */

export interface PageData {
  readonly scenarios: readonly { readonly checks: readonly PageCheck[] }[];
}

/** One check; its place in the list is the `data-check` of its cell. */
export interface PageCheck {
  /** `shop/web → shop/db:5432/TCP` */
  readonly pair: string;
  /** A verdict, or `unjudged`. */
  readonly verdict: string;
  /** What it came to, in words: `leaked: must be unreachable, connected`. */
  readonly meaning: string;
  /** Those of both ends. */
  readonly namespaces: readonly string[];
  /** Policies that decide about it or isolate its ends, as `namespace/name`. */
  readonly policies: readonly string[];
  readonly facts: readonly { readonly label: string; readonly text: string; readonly isCommand?: boolean }[];
}
