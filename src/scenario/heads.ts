/** What a document says of itself, before it is held against a grammar. */
import { ISSUES_KIND, KIND, TOPOLOGY_KIND } from './schema.ts';
import { isMapping, type SourceDocument } from './source.ts';

export interface Head {
  readonly apiVersion: string | undefined;
  readonly kind: string | undefined;
}

export function headOf(document: SourceDocument): Head {
  return { apiVersion: textAt(document, 'apiVersion'), kind: textAt(document, 'kind') };
}

/** Which of podreach's documents beside scenarios it is: such a file may lie beside them, and counts only where it is named. */
export function besideScenarios(
  document: SourceDocument,
): typeof ISSUES_KIND | typeof TOPOLOGY_KIND | undefined {
  const kind = headOf(document).kind?.toLowerCase();
  return ([ISSUES_KIND, TOPOLOGY_KIND] as const).find((one) => one.toLowerCase() === kind);
}

/** Whether it says that it is a scenario, however it spells that. */
export function saysScenario(document: SourceDocument): boolean {
  return headOf(document).kind?.toLowerCase() === KIND.toLowerCase();
}

/** Whether it says that it is podreach's. */
export function isOwn(document: SourceDocument): boolean {
  return /^podreach\//i.test(headOf(document).apiVersion ?? '');
}

/** `Deployment of apps/v1` */
export function describeHead(document: SourceDocument): string {
  const { apiVersion = 'no apiVersion', kind = 'no kind' } = headOf(document);
  return `${kind} of ${apiVersion}`;
}

export function textAt({ value }: SourceDocument, key: string): string | undefined {
  const text = isMapping(value) ? value[key] : undefined;
  return typeof text === 'string' ? text : undefined;
}
