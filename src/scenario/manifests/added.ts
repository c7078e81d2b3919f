/** Manifests that the command line adds to every scenario. */
import { type Location, PodreachError } from '../../errors.ts';
import { DNS_LABEL } from '../../labels.ts';
import { codeFrame } from '../../problems.ts';
import { INPUT_ARGUMENT, STANDARD_INPUT } from '../../standard-input.ts';
import type { Mark } from '../scenario.ts';
import { type FoundManifests, findManifests, type ManifestEntry, type ManifestSource } from './find.ts';
import type { Renderer } from './renderer.ts';

export interface AddedContext {
  readonly cwd: string;
  readonly renderer: Renderer | undefined;
  /** Reads standard input to its end; absent: there is none. */
  readonly input: (() => Promise<string>) | undefined;
}

/** A path, perhaps behind the namespace of what names none; a path that only looks so begins with `./`. */
const ARGUMENT = new RegExp(`^(?:(?<namespace>${DNS_LABEL})=)?(?<path>.+)$`, 's');

/** Whether an argument stands for standard input. */
export function isInput(argument: string): boolean {
  return splitArgument(argument).path === INPUT_ARGUMENT;
}

function splitArgument(argument: string): { readonly path: string; readonly namespace?: string } {
  const { path = argument, namespace } = ARGUMENT.exec(argument)?.groups ?? {};
  return namespace === undefined ? { path } : { path, namespace };
}

/** The same argument, with a namespace before a path that has none. */
export function inNamespace(argument: string, namespace: string): string {
  return splitArgument(argument).namespace === undefined ? `${namespace}=${argument}` : argument;
}

/**
 * Finds what each argument names. Mistakes are collected, at the place of the argument among all of its kind.
 *
 * @param option how such arguments are given, as messages show it
 * @throws PodreachError `usage` where there is no standard input to read, and what {@link findManifests} throws
 */
export async function findAdded(
  args: readonly string[],
  { cwd, renderer, input }: AddedContext,
  option = '--manifests',
): Promise<readonly FoundManifests[]> {
  const context = { folder: cwd, start: 'the working directory', cwd, renderer, wanted: 'all' } as const;
  return await Promise.all(
    args.map(async (argument, index) => {
      const source = await readArgument(argument, input);
      const { path } = splitArgument(argument);
      const entry: ManifestEntry = {
        source,
        mark: markOf(argument, { file: option, line: index + 1, column: 1 }),
        inNamespace: (namespace) => `${option} ${namespace}=${path}`,
      };
      return findManifests(entry, context);
    }),
  );
}

async function readArgument(argument: string, input: AddedContext['input']): Promise<ManifestSource> {
  const { path, ...rest } = splitArgument(argument);
  if (path !== INPUT_ARGUMENT) return { kind: 'path', path, ...rest };
  if (input === undefined) throw noInput();
  return { kind: 'text', path: STANDARD_INPUT, text: await input(), ...rest };
}

/** Whoever loads scenarios has not passed a way to read it. */
export function noInput(): PodreachError {
  return new PodreachError('usage', 'there is no standard input to read', { hint: 'Name files or folders.' });
}

function markOf(argument: string, location: Location): Mark {
  return { location, frame: codeFrame(argument, location) };
}
