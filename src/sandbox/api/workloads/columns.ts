/** Columns that the kinds that make pods share. */
import { column, type FilledColumn, wideColumn } from '../kinds/columns.ts';
import { selectorText } from '../selector-text.ts';
import type { PodOwner } from './template.ts';

/** A column with a number, which is 0 where nothing is said. */
export function countColumn<Object>(
  name: string,
  description: string,
  countOf: (object: Object) => number | undefined,
): FilledColumn<Object> {
  return column(name, description, (object) => String(countOf(object) ?? 0));
}

export const containersColumn = wideColumn<PodOwner>('Containers', 'The containers of its pods', ({ spec }) =>
  spec.template.spec.containers.map(({ name }) => name).join(','),
);

export const imagesColumn = wideColumn<PodOwner>('Images', 'The images of its containers', ({ spec }) =>
  spec.template.spec.containers.map(({ image }) => image ?? '').join(','),
);

export const selectorColumn = wideColumn<PodOwner>('Selector', 'The labels of its pods', ({ spec }) =>
  selectorText(spec.selector ?? {}),
);
