/**
 * What an exec starts in a pod: hands the batch on its standard input to the agent that serves there, and prints its answers. The agent
 * makes the connections, because they cost less in a process that has made many; this one only has to start fast, which a script on the
 * command line does a quarter faster than a module.
 */
import { AGENT_SOCKET } from './protocol.ts';

/**
 * CommonJS, for any Node.js from 18 on. Does not wait for the end of its input, which not every exec can signal, and prints everything
 * in one piece: a slow reader in between would hold up the measurement. A line that begins with `!` is a complaint about the batch.
 */
const RELAY = `
const fail = (text, code) => { process.stderr.write('podreach agent: ' + text + '\\n', () => process.exit(code)); };
const late = setTimeout(() => fail('no batch on standard input within 30 s', 2), 30000);
let batch = '';
let answers = '';
let isSent = false;
const send = () => {
  if (isSent) return;
  isSent = true;
  clearTimeout(late);
  process.stdin.pause();
  const socket = require('net').connect(process.argv[1], () => socket.write(batch.split('\\n')[0] + '\\n'));
  socket.setEncoding('utf8');
  socket.on('data', (text) => { answers += text; });
  socket.on('end', () => {
    if (answers.startsWith('!')) fail(answers.slice(1).trim(), 2);
    else process.stdout.write(answers, () => process.exit(0));
  });
  socket.on('error', (error) => fail('the agent that serves this pod does not answer: ' + error.code, 1));
};
process.stdout.on('error', () => process.exit(1));
process.stdin.setEncoding('utf8');
process.stdin.on('data', (text) => { batch += text; if (text.includes('\\n')) send(); });
process.stdin.on('end', send);
`.trim();

/** The command that works through one batch, given on its standard input as `batchInput` writes it. */
export const PROBE_COMMAND: readonly string[] = ['node', '--input-type=commonjs', '-e', RELAY, AGENT_SOCKET];
