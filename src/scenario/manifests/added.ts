/** Manifests that the command line names: such as every scenario gets beside its own. */
import { PodreachError } from '../../errors.ts';
import { DNS_LABEL } from '../../labels.ts';
import { codeFrame } from '../../problems.ts';
import { INPUT_ARGUMENT, STANDARD_INPUT } from '../../standard-input.ts';
import type { Mark } from '../scenario.ts';
import { type FoundManifests, findManifests, type ManifestSource } from './find.ts';
import type { Renderer } from './renderer.ts';

export interface AddedContext {
  readonly cwd: string;
  readonly renderer: Renderer | undefined;
  /** Reads standard input to its end; absent: there is none. */
  readonly input: (() => Promise<string>) | undefined;
  /** Where the arguments are, as messages call it, such as the option that takes them. */
  readonly place: string;
  /** What stands before such an argument on the command line. */
  readonly prefix: string;
}

/** A path, perhaps behind the namespace of what names none; a path that only looks so begins with `./`. */
const ARGUMENT = new RegExp(`^(?:(?<namespace>${DNS_LABEL})=)?(?<path>.+)$`, 's');

/** Whether an argument stands for standard input. */
export function isInput(argument: string): boolean {
  return splitArgument(argument).path === INPUT_ARGUMENT;
}

/** @param readers what is to be read from standard input */
export function refuseSecondInput(readers: readonly string[]): void {
  if (readers.length < 2) return;
  throw new PodreachError('usage', 'standard input is named twice, and can be read only once', {
    hint: 'Write - once, and name files for the rest.',
  });
}

/** The namespace that an argument gives, and its path. */
export function splitArgument(argument: string): { readonly path: string; readonly namespace?: string } {
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
 * @throws PodreachError `usage` where there is no standard input to read, and what {@link findManifests} throws
 */
export async function findAdded(
  args: readonly string[],
  { cwd, renderer, input, place, prefix }: AddedContext,
): Promise<readonly FoundManifests[]> {
  const context = { folder: cwd, start: 'the working directory', cwd, renderer, wanted: 'all' } as const;
  return await Promise.all(
    args.map(async (argument, index) => {
      const source = await readArgument(argument, input);
      const { path } = splitArgument(argument);
      const withNamespace = (namespace: string): string => `${prefix}${namespace}=${path}`;
      const mark = markOf(argument, index, place);
      return findManifests({ source, mark, inNamespace: withNamespace }, context);
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

function markOf(argument: string, index: number, file: string): Mark {
  const location = { file, line: index + 1, column: 1 };
  return { location, frame: codeFrame(argument, location) };
}
