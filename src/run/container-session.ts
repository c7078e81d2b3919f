/**
 * A session with the agent of a host that is a container: the same as an exec into a pod (`src/kube/exec.ts`), and with the same rule. What
 * comes without the answer that was asked for, and without the end of the program, has proven nothing.
 */
import type { StartTalk, Talk, TalkEnding } from '../cluster/cluster.ts';
import type { ExecQuestion, ExecResult, ExecSession } from '../kube/kube.ts';

/** Of both outputs together, for one answer. */
const OUTPUT_BYTES = 16 * 1024 * 1024;
const NEWLINE = 0x0a;

export interface HostExec {
  readonly container: string;
  readonly command: readonly string[];
  /** Ends the session, and with it the question that is open. */
  readonly signal: AbortSignal;
}

interface PutQuestion extends Pick<ExecQuestion, 'isLast'> {
  readonly resolve: (result: ExecResult) => void;
  readonly timer: NodeJS.Timeout;
}

export class ContainerSession implements ExecSession {
  readonly #start: StartTalk;
  readonly #request: HostExec;
  #talk: Talk | undefined;
  #question: PutQuestion | undefined;
  #ending: TalkEnding | undefined;
  #output: Buffer[] = [];
  #errorOutput: Buffer[] = [];
  #bytes = 0;

  constructor(start: StartTalk, request: HostExec) {
    this.#start = start;
    this.#request = request;
  }

  get isOpen(): boolean {
    return this.#ending === undefined;
  }

  ask({ input, isLast, answerMs }: ExecQuestion): Promise<ExecResult> {
    return new Promise((resolve) => {
      const timer = setTimeout(() => this.#break(`no answer within ${answerMs / 1000} s`), answerMs);
      this.#question = { isLast, resolve, timer };
      this.#begin();
      if (this.#ending === undefined) this.#talk?.write(input);
      else this.#tellEnd(this.#ending);
    });
  }

  close(): void {
    this.#break('closed', false);
  }

  #begin(): void {
    if (this.#talk !== undefined || this.#ending !== undefined) return;
    const { container, command, signal } = this.#request;
    if (signal.aborted) {
      this.#onAbort();
      return;
    }
    signal.addEventListener('abort', this.#onAbort);
    this.#talk = this.#start(container, command, {
      onOutput: (data) => {
        this.#output.push(data);
        this.#count(data);
        if (data.at(-1) === NEWLINE) this.#onLine();
      },
      onErrorOutput: (data) => {
        this.#errorOutput.push(data);
        this.#count(data);
      },
      onEnd: (ending) => this.#finish(ending),
    });
  }

  readonly #onAbort = (): void => this.#break('interrupted', false);

  #count(data: Buffer): void {
    this.#bytes += data.length;
    if (this.#bytes > OUTPUT_BYTES) this.#break(`more than ${OUTPUT_BYTES} bytes of output`, false);
  }

  /** What comes unasked stays in the way of the next answer, and breaks that. */
  #onLine(): void {
    const { stdout } = this.#printed();
    const lastLine = stdout.slice(stdout.lastIndexOf('\n', stdout.length - 2) + 1, -1);
    if (this.#question?.isLast(lastLine) !== true) return;
    this.#output = [];
    this.#errorOutput = [];
    this.#bytes = 0;
    this.#resolve({ kind: 'answered', stdout });
  }

  #break(reason: string, mayHeal = true): void {
    this.#finish({ kind: 'lost', reason, mayHeal });
  }

  #finish(ending: TalkEnding): void {
    if (this.#ending !== undefined) return;
    this.#ending = ending;
    this.#request.signal.removeEventListener('abort', this.#onAbort);
    this.#talk?.end();
    this.#tellEnd(ending);
  }

  #tellEnd(ending: TalkEnding): void {
    const printed = this.#printed();
    this.#resolve(
      ending.kind === 'exited'
        ? { ...ending, ...printed }
        : { kind: 'broken', reason: ending.reason, mayHeal: ending.mayHeal, ...printed },
    );
  }

  #resolve(result: ExecResult): void {
    clearTimeout(this.#question?.timer);
    this.#question?.resolve(result);
    this.#question = undefined;
  }

  #printed(): { readonly stdout: string; readonly stderr: string } {
    return {
      stdout: Buffer.concat(this.#output).toString('utf8'),
      stderr: Buffer.concat(this.#errorOutput).toString('utf8'),
    };
  }
}
