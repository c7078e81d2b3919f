/** Takes what an exec hands over (`relay.ts`), and answers it. */

import { rmSync } from 'node:fs';
import net from 'node:net';
import type { AgentConfig } from '../agent-config.ts';
import { runBatch } from './batch.ts';
import type { Memory } from './memory.ts';
import { readQuestion } from './requests.ts';

/** What a relay is told where its question makes no sense: begins a line that is no JSON. */
const COMPLAINT = '!';

/** Takes questions, one a connection, from what an exec starts (`relay.ts`). A relay that goes away takes its batch with it. */
export function listenForQuestions(self: AgentConfig, memory: Memory): Promise<void> {
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
          void answer(text.slice(0, end), self, memory, socket);
        }
      });
    });
    server.on('error', reject);
    rmSync(path, { force: true });
    server.listen(path, resolve);
  });
}

async function answer(line: string, self: AgentConfig, memory: Memory, socket: net.Socket): Promise<void> {
  try {
    const question = readQuestion(line);
    const lines =
      'kind' in question
        ? await memory.watches.answer(question)
        : await runBatch(question, self, memory, () => !socket.destroyed);
    socket.end(lines.map((one) => `${JSON.stringify(one)}\n`).join(''));
  } catch (error) {
    socket.end(`${COMPLAINT}${error instanceof Error ? error.message : error}\n`);
  }
}

/** Beside the agent's own file, where only its own pod finds it. */
function socketPath(): string {
  return `${process.argv[1]}.socket`;
}
