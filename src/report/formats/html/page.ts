/** What every page of podreach stands in: one file that loads nothing, and runs nothing but its own scripts. */
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { html, Markup } from './markup.ts';

interface Page {
  readonly title: string;
  readonly body: Markup;
  /** What this page has beside the style of all. */
  readonly style?: Markup;
  /** Absent: the page has none. */
  readonly scripts?: readonly Markup[];
}

export function renderPage({ title, body, style: own, scripts = [] }: Page): string {
  const common = readFileSync(new URL('./page.css', import.meta.url), 'utf8');
  const style = new Markup(own === undefined ? common : `${common}\n${own.text}`);
  const hashes = scripts.map((script) => ` '${hashOf(script)}'`).join('');
  const runs = hashes === '' ? '' : ` script-src${hashes};`;
  return html`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="default-src 'none';${new Markup(runs)} style-src '${hashOf(style)}'; base-uri 'none'; form-action 'none'">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<meta name="referrer" content="no-referrer">
<title>${title}</title>
<style>${style}</style>
</head>
<body>
${body}
${scripts.map(
  (script) => html`<script type="module">${script}</script>
`,
)}</body>
</html>
`.text;
}

/** As a content security policy names what may run. */
function hashOf({ text }: Markup): string {
  return `sha256-${createHash('sha256').update(text).digest('base64')}`;
}
