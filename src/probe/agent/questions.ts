/** Takes what an exec hands over (`relay.ts`), and answers it. */

import { rmSync } from 'node:fs';
import net from 'node:net';
import type { Batch } from '../protocol.ts';
import { runBatch } from './batch.ts';
import type { Memory } from './memory.ts';
import type { AgentIdentity } from './messages.ts';
import { readBatch } from './requests.ts';

/** What a relay is told where its batch makes no sense: begins a line that is no JSON. */
const COMPLAINT = '!';

/** Takes batches, one a connection, from what an exec starts (`relay.ts`). A relay that goes away takes its batch with it. */
export function listenForBatches(self: AgentIdentity, memory: Memory): Promise<void> {
  const path = socketPath();
  return new Promise((resolve, reject) => {
    const server = net.createServer((socket) => {
      let text = '';
      let isTaken = false;
      socket.setEncoding('utf8');
      socket.on('error', () => socket.destroy());
      socket.on('data', (chunk) => {
        text += chunk;
        const end = text.indexOf('\n');
        if (end !== -1 && !isTaken) {
          isTaken = true;
          answerBatch(text.slice(0, end), self, memory, socket);
        }
      });
    });
    server.on('error', reject);
    rmSync(path, { force: true });
    server.listen(path, resolve);
  });
}

function answerBatch(line: string, self: AgentIdentity, memory: Memory, socket: net.Socket): void {
  let batch: Batch;
  try {
    batch = readBatch(line);
  } catch (error) {
    socket.end(`${COMPLAINT}${error instanceof Error ? error.message : error}\n`);
    return;
  }
  void runBatch(batch, self, memory, () => !socket.destroyed).then((answers) => {
    socket.end(answers.map((answer) => `${JSON.stringify(answer)}\n`).join(''));
  });
}

/** Beside the agent's own file, where only its own pod finds it. */
function socketPath(): string {
  return `${process.argv[1]}.socket`;
}
