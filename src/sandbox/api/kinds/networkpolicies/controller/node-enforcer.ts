/** What one node enforces: the policies as it has taken them up, unless its network plugin is told to fail. */
import type { EnforcementMode } from '../../../../annotations.ts';
import { closed, judgingEstablished, noRules, opened } from '../../../../dataplane/rules.ts';
import { changedTables, type NodeTable, replaceTables } from '../../../../dataplane/table.ts';
import type { IPFamily } from '../../../../ip-family.ts';
import { NO_FAULTS, type NodeFaults } from '../../nodes/faults.ts';

/** A node's rules as the store had them at a revision. */
export interface RulesAtRevision {
  readonly revision: number;
  /** One table of each family. */
  readonly rules: readonly NodeTable[];
}

/** A transaction that was committed at some moment between two. */
export interface RulesWritten {
  readonly from: Date;
  readonly to: Date;
}

/** What a node enforces when that agrees with what it has taken up, and with its faults. */
export interface Committed {
  readonly revision: number;
  readonly enforcement: EnforcementMode;
  /** When its rules were last written; absent: they are as they were from the start. */
  readonly written?: RulesWritten;
}

export interface NodeEnforcerDependencies {
  readonly families: readonly IPFamily[];
  /** Carries out transactions on the node, which has {@link noRules} from the start. */
  readonly enforce: (transactions: readonly string[]) => Promise<void>;
  /** Called each time when there is something to enforce, also where the rules for it stayed the same. */
  readonly onCommit: (committed: Committed) => void;
  readonly onFailure: (error: unknown) => void;
  /** The wall clock. */
  readonly now: () => Date;
}

export class NodeEnforcer {
  readonly #dependencies: NodeEnforcerDependencies;
  #faults = NO_FAULTS;
  #heardOf = -1;
  #taken: RulesAtRevision;
  #inForce: readonly NodeTable[];
  #committed = -1;
  #isRestarting = false;
  #written: RulesWritten | undefined;
  #commits = Promise.resolve();

  constructor(dependencies: NodeEnforcerDependencies) {
    this.#dependencies = dependencies;
    this.#inForce = noRules(dependencies.families);
    this.#taken = { revision: -1, rules: this.#inForce };
  }

  /** The revision up to which the node has taken up all changes; -1 before the first. */
  get revision(): number {
    return this.#committed;
  }

  /** Whether it takes up changes at once, as the other nodes do. */
  get keepsStep(): boolean {
    return this.#faults.enforcement !== 'stopped' && this.#faults.delayMs === 0;
  }

  /** Tells the node what the store holds now. @returns when it has taken it up; at once where it does not keep step */
  async hear(news: RulesAtRevision): Promise<void> {
    const isNew = news.revision > this.#heardOf;
    this.#heardOf = news.revision;
    const { enforcement, delayMs } = this.#faults;
    if (enforcement === 'stopped') return;
    if (delayMs === 0) await this.#take(news);
    else if (isNew) setTimeout(() => void this.#takeLate(news), delayMs);
  }

  /** Makes the node fail as it is told to from now on. One that was stopped or late, and is so no more, catches up. */
  async suffer(faults: NodeFaults, now: () => RulesAtRevision): Promise<void> {
    const before = this.#faults;
    this.#faults = faults;
    this.#isRestarting ||= faults.restartedAt !== undefined && faults.restartedAt !== before.restartedAt;
    const goesOn = before.enforcement === 'stopped' && faults.enforcement !== 'stopped';
    const isInTimeAgain = before.delayMs > 0 && faults.delayMs === 0 && faults.enforcement !== 'stopped';
    if (goesOn || isInTimeAgain) await this.#take(now());
    else await this.#commit();
  }

  /** What was late to be taken up may have been overtaken, or the node stopped, meanwhile. */
  async #takeLate(news: RulesAtRevision): Promise<void> {
    if (this.#faults.enforcement === 'stopped' || news.revision < this.#taken.revision) return;
    await this.#take(news).catch(this.#dependencies.onFailure);
  }

  #take(news: RulesAtRevision): Promise<void> {
    this.#taken = news;
    return this.#commit();
  }

  #commit(): Promise<void> {
    this.#commits = this.#commits.then(() => this.#bringIntoForce());
    return this.#commits;
  }

  async #bringIntoForce(): Promise<void> {
    const { enforcement, established } = this.#faults;
    const { revision, rules } = this.#taken;
    const wanted = rulesUnder(enforcement, rules);
    const after = established === 'cut' ? judgingEstablished(wanted) : wanted;
    const isRestarting = this.#isRestarting;
    this.#isRestarting = false;
    const changed = isRestarting ? after : changedTables(this.#inForce, after);
    if (changed.length > 0) {
      const from = this.#dependencies.now();
      await this.#dependencies.enforce(replaceTables(this.#inForce, changed));
      this.#written = { from, to: this.#dependencies.now() };
    }
    this.#inForce = after;
    this.#committed = revision;
    const written = this.#written;
    this.#dependencies.onCommit({ revision, enforcement, ...(written === undefined ? {} : { written }) });
  }
}

function rulesUnder(enforcement: EnforcementMode, rules: readonly NodeTable[]): readonly NodeTable[] {
  switch (enforcement) {
    case 'open':
      return opened(rules);
    case 'closed':
      return closed(rules);
    case 'on':
    case 'stopped':
      return rules;
  }
}
