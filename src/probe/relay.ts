/**
 * What an exec starts in a pod: hands the batches on its standard input to the agent that serves there, one after the other, and prints
 * its answers. The agent makes the connections, because they cost less in a process that has made many; this one only has to start fast,
 * which a script on the command line does a quarter faster than a module.
 */
import { AGENT_SOCKET } from './protocol.ts';

/** A relay that is not asked for so long ends: its exec may have been lost without its input being closed. */
export const RELAY_IDLE_MS = 60_000;

/**
 * CommonJS, for any Node.js from 18 on. Does not wait for the end of its input, which not every exec can signal, and prints each answer
 * in one piece: a slow reader in between would hold up the measurement. A line that begins with `!` is a complaint about the batch. An
 * answer without its end mark is the last: the agent has gone away, which is a failure.
 */
const RELAY = `
const exit = (code) => () => process.exit(code);
const fail = (text, code) => { process.stderr.write('podreach agent: ' + text + '\\n', exit(code)); };
let idle = setTimeout(() => fail('no batch on standard input within 30 s', 2), 30000);
let input = '';
let isBusy = false;
let isOver = false;
const hand = (batch) => {
  isBusy = true;
  clearTimeout(idle);
  let answers = '';
  const socket = require('net').connect(process.argv[1], () => socket.write(batch + '\\n'));
  socket.setEncoding('utf8');
  socket.on('data', (text) => { answers += text; });
  socket.on('end', () => {
    if (answers.startsWith('!')) return fail(answers.slice(1).trim(), 2);
    const isWhole = answers.startsWith('{"kind":"end"', answers.lastIndexOf('\\n', answers.length - 2) + 1);
    process.stdout.write(answers, () => {
      if (!isWhole) return fail('the agent that serves this pod does not answer: it has ended', 1);
      isBusy = false;
      idle = setTimeout(exit(0), ${RELAY_IDLE_MS});
      next();
    });
  });
  socket.on('error', (error) => fail('the agent that serves this pod does not answer: ' + error.code, 1));
};
const next = () => {
  if (isBusy) return;
  const end = input.indexOf('\\n');
  if (end === -1) return isOver ? process.exit(0) : undefined;
  const batch = input.slice(0, end);
  input = input.slice(end + 1);
  hand(batch);
};
process.stdout.on('error', exit(1));
process.stdin.setEncoding('utf8');
process.stdin.on('data', (text) => { input += text; next(); });
process.stdin.on('end', () => { isOver = true; if (!/(^|\\n)$/.test(input)) input += '\\n'; next(); });
`.trim();

/** The command that works through batches, given on its standard input as `batchInput` writes them. */
export const PROBE_COMMAND: readonly string[] = ['node', '--input-type=commonjs', '-e', RELAY, AGENT_SOCKET];
