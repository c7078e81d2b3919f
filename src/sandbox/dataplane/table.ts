/**
 * A table of nftables on a node, and how another takes its place.
 *
 * A transaction is atomic for a chain that stays hooked, and for nothing else. While a table is deleted and made again, a packet
 * meets the new chain before it is filled and the old one after it was emptied; a set is filled a moment after the rule that looks
 * it up is there. So hooked chains stay for good, and whatever their rules lead to is there before them: a first transaction makes
 * it, a second one turns to it. No packet slips through, and none is lost. Sets and chains are named by what is in them, so that
 * those that stay the same are left alone.
 */
import { createHash } from 'node:crypto';

export interface NodeTable {
  /** The family and the name. */
  readonly name: string;
  /** The whole table, as `nft -f` reads it. Alike for tables that are alike. */
  readonly text: string;
  /** What the rules of the hooked chains lead to, by name; each after all that it leads to itself. */
  readonly sets: Definitions;
  readonly chains: Definitions;
  readonly hooked: ReadonlyMap<string, HookedChain>;
}

export type Definitions = ReadonlyMap<string, string>;

export interface HookedChain {
  /** Where it is hooked in, as nft writes it. */
  readonly hook: string;
  readonly rules: readonly string[];
}

export function tableOf(
  name: string,
  { sets = new Map(), chains = new Map(), hooked }: Pick<NodeTable, 'hooked'> & Partial<NodeTable>,
): NodeTable {
  const definitions = [...sets.values(), ...chains.values(), ...definitionsOf(hooked)];
  return { name, text: tableWith(name, definitions), sets, chains, hooked };
}

/** The tables of `after` that are others than before. */
export function changedTables(before: readonly NodeTable[], after: readonly NodeTable[]): NodeTable[] {
  return after.filter(({ name, text }) => before.find((table) => table.name === name)?.text !== text);
}

/** The transactions that put tables in the places of those of their names: all at once, as {@link replaceTable} does with one. */
export function replaceTables(before: readonly NodeTable[], after: readonly NodeTable[]): string[] {
  const replacements = after.map((table) =>
    replaceTable(before.find(({ name }) => name === table.name) ?? table, table),
  );
  const made = replacements.flatMap((transactions) => transactions.slice(0, -1));
  const changes = replacements.map((transactions) => transactions.at(-1));
  return [...(made.length === 0 ? [] : [made.join('')]), changes.join('')];
}

/**
 * The transactions that put a table in the place of another of its name, in their order, each as input of `nft -f`. The last one is
 * the moment in which the rules change. A table that takes its own place is written anew.
 */
export function replaceTable(before: NodeTable, after: NodeTable): readonly [string, ...string[]] {
  const { name } = after;
  const [sets, chains] = [missing(after.sets, before.sets), missing(after.chains, before.chains)];
  const made = [...sets, ...chains].map(([, definition]) => definition);
  const hooks = new Map([...before.hooked, ...after.hooked]);
  const empty = new Map([...hooks].map(([chain, { hook }]) => [chain, { hook, rules: [] }]));
  const removals = [
    ...missing(before.chains, after.chains)
      .map(([chain]) => `delete chain ${name} ${chain}\n`)
      .toReversed(),
    ...missing(before.sets, after.sets).map(([set]) => `delete set ${name} ${set}\n`),
  ];
  const change = [
    tableWith(name, definitionsOf(empty)),
    ...[...hooks.keys()].map((chain) => `flush chain ${name} ${chain}\n`),
    tableWith(name, definitionsOf(after.hooked)),
    ...removals,
  ].join('');
  return made.length === 0 ? [change] : [tableWith(name, made), change];
}

/** Adds a set or a chain. @returns its name, which is another for other contents */
export function define(
  definitions: Map<string, string>,
  type: 'set' | 'chain',
  prefix: string,
  lines: readonly string[],
): string {
  const content = lines.map((line) => `\t\t${line}\n`).join('');
  const name = `${prefix}_${createHash('sha256').update(content).digest('hex').slice(0, 16)}`;
  definitions.set(name, `\t${type} ${name} {\n${content}\t}\n`);
  return name;
}

function missing(wanted: Definitions, there: Definitions): (readonly [name: string, definition: string])[] {
  return [...wanted].filter(([name]) => !there.has(name));
}

function tableWith(name: string, definitions: readonly string[]): string {
  return `table ${name} {\n${definitions.join('')}}\n`;
}

function definitionsOf(hooked: NodeTable['hooked']): string[] {
  return [...hooked].map(
    ([chain, { hook, rules }]) =>
      `\tchain ${chain} {\n${[hook, ...rules].map((line) => `\t\t${line}\n`).join('')}\t}\n`,
  );
}
