/** A renderer that builds the simplest of kustomizations, and gives for charts what a test wants. */
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { parse } from 'yaml';
import type { Renderer, RenderRequest } from '../../../src/scenario/manifests/renderer.ts';

export interface TestRenderer extends Renderer {
  /** What it was asked, in order. */
  readonly requests: readonly RenderRequest[];
}

/** @param chart what `helm template` prints */
export function testRenderer(chart = ''): TestRenderer {
  const requests: RenderRequest[] = [];
  return {
    requests,
    async render(request) {
      requests.push(request);
      if (request.tool === 'helm')
        return { text: chart, command: `helm template ${request.release} ${request.shown}`, warnings: [] };
      const [file = ''] = (await readdir(request.folder)).filter((name) => /^kustomization\./.test(name));
      const { resources } = parse(await readFile(join(request.folder, file), 'utf8'));
      const texts = await Promise.all(
        resources.map((name: string) => readFile(join(request.folder, name), 'utf8')),
      );
      return {
        text: texts.join('---\n'),
        command: `kustomize build ${request.shown}`,
        warnings: ['"commonLabels" is deprecated'],
      };
    },
  };
}
