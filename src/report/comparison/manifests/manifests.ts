/** What a change of manifests opens and closes, by format. Each but JSON is a function of the harmless comparison. */
import type { ManifestComparison } from '../../../compare/manifests/schema.ts';
import { dataText } from '../../../record/text.ts';
import type { ManifestFormat } from '../../formats.ts';
import type { Report } from '../../render-options.ts';
import { harmless } from '../../view/harmless.ts';
import { renderManifestsMarkdown } from './markdown.ts';
import { renderManifestsTerminal } from './terminal.ts';

/** A difference takes one line. */
const DEPTH_OF_DIFFERENCES = 2;

export const MANIFEST_REPORTS: Readonly<Record<ManifestFormat, Report<ManifestComparison>>> = {
  terminal: (comparison, options) => renderManifestsTerminal(harmless(comparison), options),
  json: (comparison) => dataText(comparison, DEPTH_OF_DIFFERENCES),
  markdown: (comparison) => renderManifestsMarkdown(harmless(comparison)),
};
