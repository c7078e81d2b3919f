/** One pod's containers: starts them, starts them again, and says how they are. */
import { type Readiness, UNREADY, type WatchReadiness } from '../../../../probes/readiness.ts';
import { processOf } from '../../../../runtime/container-process.ts';
import type { ContainerEnd, Containers } from '../../../../runtime/containers.ts';
import { terminationMessage } from '../../../../runtime/log.ts';
import type { PodFiles } from '../../../../runtime/root-files.ts';
import type { Container, ContainerStatus, Pod } from '../object.ts';
import { isStalled } from '../stall.ts';
import type { ContainerState, ContainerView } from './pod-status.ts';

const FIRST_RESTART_MS = 1000;
const LAST_RESTART_MS = 60_000;
/** A container that ran this long has earned a fresh start. */
const STEADY_MS = 600_000;

/** Where a pod runs. */
export interface PodSurroundings {
  /** The file of the network namespace. */
  readonly network: string;
  readonly files: PodFiles;
  readonly hostname: string;
  /** The folder with `node`, first in the search path. */
  readonly programs: string;
}

export interface PodWorkerDependencies {
  readonly containers: Containers;
  /** The present. */
  readonly timestamp: () => string;
  readonly watchReadiness: WatchReadiness;
  /** Called after every change of {@link PodWorker.views}. */
  readonly onChange: () => void;
}

interface ContainerLife {
  readonly spec: Container;
  state: ContainerState;
  readiness: Readiness;
  lastState: ContainerState | undefined;
  restartCount: number;
  restartAfterMs: number;
  restart: NodeJS.Timeout | undefined;
  stopWatch: () => void;
  kill: () => Promise<void>;
}

export class PodWorker {
  readonly #pod: Pod;
  readonly #uid: string;
  readonly #dependencies: PodWorkerDependencies;
  readonly #lives: readonly ContainerLife[];
  #isStopped = false;
  #isStalled: boolean;

  constructor(pod: Pod, dependencies: PodWorkerDependencies) {
    this.#pod = pod;
    this.#uid = pod.metadata.uid ?? '';
    this.#dependencies = dependencies;
    this.#isStalled = isStalled(pod.metadata);
    this.#lives = pod.spec.containers.map((spec) => ({
      spec,
      state: { waiting: { reason: 'ContainerCreating' } },
      readiness: UNREADY,
      lastState: undefined,
      restartCount: 0,
      restartAfterMs: FIRST_RESTART_MS,
      restart: undefined,
      stopWatch: () => {},
      kill: async () => {},
    }));
  }

  views(): readonly ContainerView[] {
    return this.#lives;
  }

  start(surroundings: PodSurroundings): void {
    for (const life of this.#lives) this.#start(life, surroundings);
  }

  /** Says why no container can be started. */
  refuse(reason: string, message: string): void {
    for (const life of this.#lives) life.state = { waiting: { reason, message } };
    this.#dependencies.onChange();
  }

  /** Stops all processes, also those to come, or lets them go on. */
  setStalled(isStalled: boolean): void {
    if (isStalled === this.#isStalled) return;
    this.#isStalled = isStalled;
    for (const { spec } of this.#lives)
      this.#dependencies.containers.setStalled({ podUid: this.#uid, container: spec.name }, isStalled);
  }

  /** Kills everything that runs. @returns a promise that resolves when nothing is left */
  async stop(): Promise<void> {
    this.#isStopped = true;
    for (const { restart, stopWatch } of this.#lives) {
      clearTimeout(restart);
      stopWatch();
    }
    await Promise.all(this.#lives.map(({ kill }) => kill()));
    const { containers } = this.#dependencies;
    for (const { spec } of this.#lives) containers.forget({ podUid: this.#uid, container: spec.name });
  }

  #start(life: ContainerLife, surroundings: PodSurroundings): void {
    if (this.#isStopped) return;
    const program = processOf(life.spec, {
      PATH: `${surroundings.programs}:/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin`,
      HOME: '/tmp',
      HOSTNAME: surroundings.hostname,
    });
    if (program.kind === 'unsupported') {
      this.#enter(life, { waiting: { reason: 'CreateContainerConfigError', message: program.reason } });
      return;
    }
    const { containers, timestamp } = this.#dependencies;
    let startedAt = timestamp();
    const { files, hostname, network } = surroundings;
    const address = { podUid: this.#uid, container: life.spec.name };
    const workingDir = life.spec.workingDir ?? '/';
    try {
      life.kill = containers.start(
        { address, process: program.process, network, files, hostname, workingDir },
        () => {
          startedAt = timestamp();
          if (this.#isStalled) containers.setStalled(address, true);
          this.#watch(life);
          this.#enter(life, { running: { startedAt } });
        },
        (end) => this.#ended(life, surroundings, startedAt, end),
      );
    } catch (thrown) {
      // The kernel takes no command or environment of this size.
      const message = thrown instanceof Error ? thrown.message : String(thrown);
      this.#enter(life, { waiting: { reason: 'CreateContainerError', message } });
    }
  }

  /** Each run of a container begins anew. */
  #watch(life: ContainerLife): void {
    if (this.#isStopped) return;
    const { watchReadiness, onChange } = this.#dependencies;
    const watch = watchReadiness(life.spec, (readiness) => {
      life.readiness = readiness;
      onChange();
    });
    life.readiness = watch.initial;
    life.stopWatch = watch.stop;
  }

  #ended(life: ContainerLife, surroundings: PodSurroundings, startedAt: string, end: ContainerEnd): void {
    const finishedAt = this.#dependencies.timestamp();
    life.stopWatch();
    const terminated = { ...this.#terminated(life.spec, end), startedAt, finishedAt };
    const policy = this.#pod.spec.restartPolicy ?? 'Always';
    const isRestarted = policy === 'Always' || (policy === 'OnFailure' && terminated.exitCode !== 0);
    if (this.#isStopped || !isRestarted) {
      this.#enter(life, { terminated });
      return;
    }
    if (Date.parse(finishedAt) - Date.parse(startedAt) >= STEADY_MS) life.restartAfterMs = FIRST_RESTART_MS;
    const waitMs = life.restartAfterMs;
    life.restartAfterMs = Math.min(2 * waitMs, LAST_RESTART_MS);
    life.lastState = { terminated };
    life.restart = setTimeout(() => {
      life.restartCount += 1;
      this.#start(life, surroundings);
    }, waitMs);
    const { name, namespace } = this.#pod.metadata;
    const message = `back-off ${waitMs / 1000}s restarting failed container=${life.spec.name} pod=${name}_${namespace}(${this.#uid})`;
    this.#enter(life, { waiting: { reason: 'CrashLoopBackOff', message } });
  }

  #terminated(spec: Container, end: ContainerEnd): Omit<Terminated, 'startedAt' | 'finishedAt'> {
    if (end.kind === 'not-started') return { exitCode: 128, reason: 'StartError', message: end.message };
    const { exitCode } = end;
    if (exitCode === 0) return { exitCode, reason: 'Completed' };
    const log = this.#dependencies.containers.logs({ podUid: this.#uid, container: spec.name });
    const isTold =
      spec.terminationMessagePolicy === 'FallbackToLogsOnError' && log !== undefined && log.length > 0;
    return { exitCode, reason: 'Error', ...(isTold ? { message: terminationMessage(log) } : {}) };
  }

  #enter(life: ContainerLife, state: ContainerState): void {
    life.state = state;
    this.#dependencies.onChange();
  }
}

type Terminated = Extract<ContainerStatus['state'], { terminated: unknown }>['terminated'];
