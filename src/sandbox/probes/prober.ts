/** The readiness probes of the sandbox's containers, each played by a process in the network of its pod's node. */
import { type ChildProcess, spawn } from 'node:child_process';
import { extname } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Container } from '../api/kinds/pods/object.ts';
import { lastWords, mainLine } from '../last-words.ts';
import type { ProberMessage, VisitorMessage } from './messages.ts';
import { READY, type Readiness, type ReadinessWatch, UNREADY } from './readiness.ts';
import { isVisited, planProbe } from './target.ts';

export interface Prober {
  /** Starts the node's visitor if these containers will need it, so that it is there when they run. */
  prepare(node: string, containers: readonly Container[]): void;
  /**
   * Follows a container that has begun to run.
   * @param address its pod's
   */
  watch(
    node: string,
    address: string,
    container: Container,
    onChange: (readiness: Readiness) => void,
  ): ReadinessWatch;
}

export interface ProberDependencies {
  readonly nsenter: string;
  /** The file of a node's network namespace. */
  readonly namespaceFile: (node: string) => string;
  /** Called when a visitor ends. Readiness could be wrong from then on: the sandbox must end. */
  readonly onFailure: (error: Error) => void;
}

/** A node without probes has no visitor, and pays nothing. */
export function createProber(dependencies: ProberDependencies): Prober {
  const visitors = new Map<string, ChildProcess>();
  const watched = new Map<number, (readiness: Readiness) => void>();
  let visits = 0;

  function visitorOf(node: string): ChildProcess {
    const known = visitors.get(node);
    if (known !== undefined) return known;
    const visitor = startVisitor(node, dependencies);
    visitor.on('message', (said) => {
      const { id, readiness } = said as VisitorMessage; // the visitor says nothing else
      watched.get(id)?.(readiness);
    });
    visitors.set(node, visitor);
    return visitor;
  }

  return {
    prepare(node, containers) {
      if (containers.some(isVisited)) visitorOf(node);
    },

    watch(node, address, container, onChange) {
      const plan = planProbe(container, address);
      if (plan.kind === 'none') return { initial: READY, stop: () => {} };
      if (plan.kind === 'impossible')
        return { initial: { kind: 'unready', reason: plan.reason }, stop: () => {} };
      visits += 1;
      const id = visits;
      const visitor = visitorOf(node);
      watched.set(id, onChange);
      say(visitor, { kind: 'visit', id, target: plan.target });
      return {
        initial: UNREADY,
        stop() {
          if (watched.delete(id)) say(visitor, { kind: 'forget', id });
        },
      };
    },
  };
}

function startVisitor(node: string, { nsenter, namespaceFile, onFailure }: ProberDependencies): ChildProcess {
  const source = fileURLToPath(new URL('./visitor.ts', import.meta.url));
  // Built, it is JavaScript as this is.
  const program = source.replace(/\.ts$/, extname(import.meta.filename));
  const visitor = spawn(nsenter, [`--net=${namespaceFile(node)}`, '--', process.execPath, program], {
    stdio: ['ignore', 'ignore', 'pipe', 'ipc'],
  });
  const stderr = lastWords(visitor);
  const fail = (how: string): void =>
    onFailure(new Error(`the process that visits the pods of ${node} ${how}`));
  visitor.once('error', (error) => fail(`could not be started: ${error.message}`));
  visitor.once('close', (code, signal) => {
    const said = mainLine(stderr());
    const how = signal === null ? `ended with exit code ${code}` : `was killed by ${signal}`;
    fail(`${how}${said === '' ? '' : `: ${said}`}`);
  });
  return visitor;
}

/** A visitor that is gone tells so by its end. */
function say(visitor: ChildProcess, message: ProberMessage): void {
  if (visitor.connected) visitor.send(message, () => {});
}
