/** Names are asked of the DNS. */
import { Resolver } from 'node:dns/promises';
import { readFileSync } from 'node:fs';
import { NAME_LED } from '../../model/attempt.ts';
import type { Family } from '../../model/family.ts';
import { codeOf } from './dial.ts';
import { after } from './time.ts';

/** What a look-up ends with whose time is over by this process's own clock. */
export const CALLED_OFF = 'ECANCELLED';

/** Why a name has no address: to be called off means that nobody answered in time. @param error what `resolveNames` throws */
export function whyUnresolved(error: unknown): string {
  const code = codeOf(error);
  return code === CALLED_OFF ? 'ETIMEOUT' : code;
}

/** The names that a name may stand for, in the order of resolv.conf(5). */
function searchNames(name: string, resolvConf: string): readonly string[] {
  const words = (keyword: string): string[] =>
    resolvConf
      .split('\n')
      .map((line) => line.trim().split(/\s+/))
      .filter(([first]) => first === keyword)
      .at(-1)
      ?.slice(1) ?? [];
  const ndots = Number(
    /^ndots:(\d+)$/.exec(words('options').find((option) => option.startsWith('ndots:')) ?? '')?.[1] ?? 1,
  );
  if (name.endsWith('.')) {
    return [name];
  }
  const searched = words('search')
    .filter((domain) => domain !== '.')
    .map((domain) => `${name}.${domain}`);
  return name.split('.').length > ndots ? [name, ...searched] : [...searched, name];
}

/** As what names were found, by the name and the family that was asked for. */
const foundAs = new Map<string, string>();
/** A pod has few names to ask for. */
const FOUND_KEPT = 1_000;

/** First as what it was found before: a Service's is found third, and a name server has many who ask again and again. */
function candidatesFor(name: string, wanted: string): ReadonlySet<string> {
  const all = searchNames(name, readFileSync('/etc/resolv.conf', 'utf8'));
  const found = foundAs.get(wanted);
  return new Set(found !== undefined && all.includes(found) ? [found, ...all] : all);
}

function noteFound(wanted: string, candidate: string): void {
  if (foundAs.size < FOUND_KEPT) {
    foundAs.set(wanted, candidate);
  }
}

/**
 * Asks the DNS for an address, of one family or IPv4 first. Not by `dns.lookup`: its few threads make names wait for each other, cannot be
 * called off, and keep the process from exiting for as long as a silent name server makes them wait.
 * @throws what the resolver says when there is no address within `timeoutMs`
 */
export async function resolveName(name: string, timeoutMs: number, family?: Family): Promise<string> {
  const [first] = await resolveNames(name, timeoutMs, family);
  return first;
}

/** The same for all addresses that a name has, of the first family that it has any of. */
export async function resolveNames(
  name: string,
  timeoutMs: number,
  family?: Family,
): Promise<readonly [string, ...string[]]> {
  const resolver = new Resolver({ timeout: Math.max(1, Math.ceil(timeoutMs / 3)), tries: 2 });
  const cancelTimer = after(timeoutMs, () => resolver.cancel());
  try {
    let failure: unknown = new Error('no name to ask for');
    const wanted = `${name} ${family}`;
    for (const candidate of candidatesFor(name, wanted)) {
      const questions = [
        ...(family === 'IPv6' ? [] : [() => resolver.resolve4(candidate)]),
        ...(family === 'IPv4' ? [] : [() => resolver.resolve6(candidate)]),
      ];
      for (const ask of questions) {
        try {
          const [first, ...others] = await ask();
          if (first !== undefined) {
            noteFound(wanted, candidate);
            return [first, ...others];
          }
        } catch (error) {
          failure = error;
          if (!['ENOTFOUND', 'ENODATA', 'ESERVFAIL'].includes(codeOf(error))) {
            throw error;
          }
        }
      }
    }
    throw failure;
  } finally {
    cancelTimer();
  }
}

/** How many addresses are told by themselves. */
const TOLD = 3;

function tell(ips: readonly string[]): string {
  const more = ips.length - TOLD;
  return [...ips.slice(0, TOLD), ...(more > 0 ? [`${more} more`] : [])].join(', ');
}

/**
 * How a name led elsewhere than it must. Undefined where it led to all of these addresses and to no other: what is cut off at one that is
 * missing nobody has tried, and at one that is too many there may be nobody.
 */
export function strayedFrom(wanted: readonly string[], ips: readonly string[]): string | undefined {
  const stray = ips.filter((ip) => !wanted.includes(ip));
  const missing = wanted.filter((ip) => !ips.includes(ip));
  const parts = [
    ...(stray.length === 0 ? [] : [`to ${tell(stray)}, where nobody of its Service is`]),
    ...(missing.length === 0 ? [] : [`not to ${tell(missing)}`]),
  ];
  return parts.length === 0 ? undefined : `${NAME_LED}${parts.join(', and ')}`;
}
