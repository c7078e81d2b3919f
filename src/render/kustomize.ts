/** How a folder with a kustomization is built. */
import type { RenderRequest } from '../scenario/manifests/renderer.ts';
import type { RenderLine } from './render.ts';
import { shownArgument } from './shown-argument.ts';

/** With kustomize itself, and with the one within kubectl where that is missing. */
export function kustomizeLines(
  { folder }: Extract<RenderRequest, { tool: 'kustomize' }>,
  cwd: string,
): readonly RenderLine[] {
  const shown = shownArgument(folder, cwd);
  return [
    { words: ['kustomize', 'build', folder], shown: ['kustomize', 'build', shown] },
    { words: ['kubectl', 'kustomize', folder], shown: ['kubectl', 'kustomize', shown] },
  ];
}
