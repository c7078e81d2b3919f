/** JSON merge patches (RFC 7386). */
import { isJsonObject } from '../json.ts';

export function mergePatch(target: unknown, patch: unknown): unknown {
  if (!isJsonObject(patch)) return patch;
  const base = isJsonObject(target) ? target : {};
  const names = [...new Set([...Object.keys(base), ...Object.keys(patch)])];
  return Object.fromEntries(
    names.flatMap((name) => {
      if (!Object.hasOwn(patch, name)) return [[name, base[name]]];
      return patch[name] === null ? [] : [[name, mergePatch(base[name], patch[name])]];
    }),
  );
}
