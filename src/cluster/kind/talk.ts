/** Talking with a program in a container, through a `docker exec` that stays. */
import { spawn } from 'node:child_process';
import { text } from 'node:stream/consumers';
import { messageOf } from '../../errors.ts';
import type { StartTalk, TalkEnding } from '../cluster.ts';

/** What the client of Docker says of itself; whatever else there is comes from the program. */
const DOCKERS_OWN =
  /^(Error response from daemon|error during connect|Cannot connect to the Docker daemon|OCI runtime exec failed)\b/im;
/** After this nothing is there to be asked again. */
const GONE = /no such container|is not running|is restarting/i;

/** `docker exec` by the client that is in the PATH. Ended, its program sees the end of its input. */
export const talkInContainer: StartTalk = (container, command, { onOutput, onErrorOutput, onEnd }) => {
  const client = spawn('docker', ['exec', '--interactive', container, ...command], {
    stdio: ['pipe', 'pipe', 'pipe'],
  });
  let hasEnded = false;
  const finish = (ending: TalkEnding): void => {
    if (hasEnded) return;
    hasEnded = true;
    onEnd(ending);
  };
  const words = text(client.stderr).catch(() => '');
  client.stdout.on('data', onOutput);
  client.stderr.on('data', onErrorOutput);
  // What cannot be written any more has its reason in how the client ended.
  client.stdin.on('error', () => undefined);
  client.on('error', (thrown) =>
    finish({ kind: 'lost', reason: `docker exec did not start: ${messageOf(thrown)}`, mayHeal: false }),
  );
  // Not before all that it has printed is read.
  client.on('close', (exitCode, signal) => {
    void words.then((said) => finish(endingOf(exitCode, signal, said)));
  });
  return {
    write: (input) => void client.stdin.write(input),
    end() {
      client.stdin.destroy();
      client.kill('SIGKILL');
    },
  };
};

function endingOf(exitCode: number | null, signal: NodeJS.Signals | null, said: string): TalkEnding {
  const own = DOCKERS_OWN.test(said);
  if (exitCode !== null && !own) return { kind: 'exited', exitCode };
  if (exitCode === null) return { kind: 'lost', reason: `docker exec was ended by ${signal}`, mayHeal: true };
  const last = said.trim().split('\n').at(-1) ?? '';
  return { kind: 'lost', reason: `docker exec failed: ${last}`, mayHeal: !GONE.test(said) };
}
