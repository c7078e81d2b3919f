/** How a chart is rendered. */
import { PodreachError } from '../errors.ts';
import type { RenderRequest } from '../scenario/manifests/renderer.ts';
import type { RenderLine } from './render.ts';
import { shownArgument } from './shown-argument.ts';

/**
 * Tests of a chart are left out: they run when somebody asks for them, and are no part of what is deployed. Its other hooks stay, such
 * as a Job that migrates a database. Definitions in `crds/` hold neither workloads nor policies, so they are not asked for.
 */
export function helmLines(
  { release, chart, namespace, values, set }: Extract<RenderRequest, { tool: 'helm' }>,
  cwd: string,
): readonly RenderLine[] {
  for (const [what, name] of Object.entries({ chart, release })) refuseOption(what, name);
  const settings = Object.entries(set).flatMap(([key, value]) => [
    '--set-json',
    `${key}=${JSON.stringify(value)}`,
  ]);
  const argsWith = (path: (path: string) => string): string[] => [
    'template',
    release,
    path(chart),
    '--namespace',
    namespace,
    '--skip-tests',
    ...values.flatMap((file) => ['--values', path(file)]),
    ...settings,
  ];
  return [
    {
      words: ['helm', ...argsWith((path) => path)],
      shown: ['helm', ...argsWith((path) => shownArgument(path, cwd))],
    },
  ];
}

/** What begins with a dash would be more than a name: helm has options that run programs. */
function refuseOption(what: string, name: string): void {
  if (!name.startsWith('-')) return;
  throw new PodreachError('scenario-invalid', `the ${what} "${name}" would be an option to helm`, {
    hint: 'Write a name that does not begin with "-".',
  });
}
