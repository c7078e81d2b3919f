/** Phrases that several parts of a report share. */

/** `scenarios/three-tier.yaml:34` */
export function describeLocation({ file, line }: { readonly file: string; readonly line: number }): string {
  return `${file}:${line}`;
}
