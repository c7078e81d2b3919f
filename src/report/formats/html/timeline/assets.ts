/** What a page needs that shows a timeline, beside what all pages have. */
import { readFileSync } from 'node:fs';
import { scriptSource } from '../../../../script-source.ts';
import { Markup } from '../markup.ts';

export function timelineStyle(): Markup {
  return new Markup(readFileSync(new URL('../timeline.css', import.meta.url), 'utf8'));
}

/** With the one module that it imports in the place of the import: a page that loads nothing has nowhere to import from. */
export function timelineScript(): Markup {
  const [axis, timeline] = ['../time-axis', '../browser/timeline'].map((name) =>
    scriptSource(name, import.meta.url),
  );
  return new Markup([axis, timeline?.replace(/^import .*$/m, '')].join('\n'));
}
