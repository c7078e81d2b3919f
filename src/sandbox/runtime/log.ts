/** What a container prints, as far as it is kept. */

/** The newest part of a stream of bytes, and those who follow it. */
export class ContainerLog {
  readonly #limitBytes: number;
  readonly #followers = new Set<(chunk: Buffer | 'end') => void>();
  #chunks: Buffer[] = [];
  #sizeBytes = 0;
  #hasEnded = false;

  constructor(limitBytes = 1024 * 1024) {
    this.#limitBytes = limitBytes;
  }

  append(chunk: Buffer): void {
    this.#chunks.push(chunk);
    this.#sizeBytes += chunk.length;
    // Twice the limit before anything is cut, so that a long log is not copied for each line.
    if (this.#sizeBytes > 2 * this.#limitBytes) {
      this.#chunks = [this.content()];
      this.#sizeBytes = this.#limitBytes;
    }
    for (const follower of this.#followers) follower(chunk);
  }

  end(): void {
    this.#hasEnded = true;
    for (const follower of this.#followers) follower('end');
    this.#followers.clear();
  }

  content(): Buffer {
    const all = Buffer.concat(this.#chunks);
    // A copy, so that what was cut off can be freed.
    return all.length > this.#limitBytes ? Buffer.from(all.subarray(-this.#limitBytes)) : all;
  }

  /** Calls `listener` with all later output, at once with 'end' where there will be none. @returns a function that ends it */
  follow(listener: (chunk: Buffer | 'end') => void): () => void {
    if (this.#hasEnded) {
      listener('end');
      return () => {};
    }
    this.#followers.add(listener);
    return () => void this.#followers.delete(listener);
  }
}

/** The end of a log as a termination message has it (FallbackToLogsOnError): 80 lines or 2048 bytes, whichever is less. */
export function terminationMessage(log: Buffer): string {
  return log.subarray(-2048).toString('utf8').split('\n').slice(-81).join('\n');
}
