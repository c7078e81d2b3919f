/** From a container's specification to the process that it is, as a kubelet and a container runtime would have it. */
import type { Container } from '../api/kinds/pods/object.ts';

/** A process, ready to be started. */
export interface ContainerProcess {
  readonly command: readonly [string, ...string[]];
  readonly environment: Readonly<Record<string, string>>;
}

export type ProcessOfContainer =
  | { readonly kind: 'process'; readonly process: ContainerProcess }
  /** The sandbox cannot run this container as it was meant. */
  | { readonly kind: 'unsupported'; readonly reason: string };

/**
 * What a container runs: variables see those declared before them, command and arguments see all of them.
 * @param base the environment that the runtime gives; the container's own goes before it
 */
export function processOf(container: Container, base: Readonly<Record<string, string>>): ProcessOfContainer {
  const foreign = container.env?.find((variable) => Object.hasOwn(variable, 'valueFrom'));
  if (foreign !== undefined)
    return unsupported(`the sandbox has no source for the environment variable ${foreign.name}`);
  if (Object.hasOwn(container, 'envFrom')) return unsupported('the sandbox has no source for envFrom');

  const declared: Record<string, string> = {};
  for (const { name, value = '' } of container.env ?? []) declared[name] = expand(value, declared);
  const words = [...(container.command ?? []), ...(container.args ?? [])].map((word) =>
    expand(word, declared),
  );
  const [program, ...rest] = words;
  if (program === undefined || (container.command ?? []).length === 0) {
    return unsupported('the sandbox runs no images: give the container a command');
  }
  return { kind: 'process', process: { command: [program, ...rest], environment: { ...base, ...declared } } };
}

function unsupported(reason: string): ProcessOfContainer {
  return { kind: 'unsupported', reason };
}

/** Replaces `$(NAME)`. An unknown name stays as it is, `$$` is one dollar sign, and a lone one stays. */
export function expand(text: string, variables: Readonly<Record<string, string>>): string {
  return text.replace(/\$(?:\$|\(([^)]*)\))/g, (match, name: string | undefined) => {
    if (name === undefined) return '$';
    return Object.hasOwn(variables, name) ? (variables[name] ?? match) : match;
  });
}
