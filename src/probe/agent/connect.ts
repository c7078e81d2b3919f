/** connect: one attempt, told in one line, for people. */
import net from 'node:net';
import { attempt } from './attempt.ts';
import type { DialAddress } from './dial.ts';
import { familyName, InputError, milliseconds, portNumber, protocolName } from './input.ts';
import { round } from './time.ts';

const USAGE = 'usage: connect HOST PORT [TCP|UDP] [--family IPv4|IPv6] [--timeout MS]';

export async function connect(args: readonly string[]): Promise<void> {
  const { address, timeoutMs } = readConnectArguments(args);
  const { outcome, durationMs, detail, peer } = await attempt(address, timeoutMs, undefined);
  const host = net.isIPv6(address.host) ? `[${address.host}]` : address.host;
  const who = peer === undefined ? '' : `, answered by ${peer.pod} of run ${peer.runId}`;
  const why = detail === undefined ? '' : ` (${detail})`;
  process.stdout.write(
    `${outcome}: ${host}:${address.port}/${address.protocol} after ${round(durationMs)} ms${who}${why}\n`,
  );
  process.exitCode = outcome === 'connected' ? 0 : 1;
}

function readConnectArguments(args: readonly string[]): { address: DialAddress; timeoutMs: number } {
  const words = [...args];
  const take = (option: string, otherwise: string | undefined): string | undefined => {
    const place = words.indexOf(option);
    return place === -1 ? otherwise : words.splice(place, 2)[1];
  };
  const isAnyFamily = !words.includes('--family');
  const timeout = take('--timeout', '3000');
  const family = take('--family', undefined);
  const [host, port, protocol = 'TCP', ...rest] = words;
  if (!host || rest.length > 0) {
    throw new InputError(USAGE);
  }
  try {
    return {
      address: {
        host,
        port: portNumber(Number(port), 'PORT'),
        protocol: protocolName(protocol.toUpperCase(), 'protocol'),
        ...(isAnyFamily ? {} : { family: familyName(family, '--family') }),
      },
      timeoutMs: milliseconds(Number(timeout), '--timeout'),
    };
  } catch (error) {
    throw error instanceof InputError ? new InputError(`${error.message}; ${USAGE}`) : error;
  }
}
