/** Counts what the network loses: one pod sends datagrams without pause, another one is asked how many have come. */
import type { Testbed } from './testbed.ts';

/**
 * Sends datagrams to a port where nobody listens until a file is there, no more at once than the network takes, and makes another file when
 * it has sent the first. Prints how many.
 */
const POUR = `
  const [, until, host] = process.argv;
  const { existsSync, writeFileSync } = require('node:fs');
  const socket = require('node:dgram').createSocket('udp4');
  let sent = 0;
  let left = 0;
  const pour = () => {
    if (sent > 0 && !existsSync(until + '-begun')) writeFileSync(until + '-begun', '');
    if (existsSync(until)) {
      console.log(sent);
      process.exit(0);
    }
    left = 100;
    for (let n = 0; n < 100; n += 1) socket.send('x', 9999, host, () => { sent += 1; left -= 1; if (left === 0) pour(); });
  };
  socket.bind(pour);`;

export interface PodName {
  readonly namespace: string;
  readonly name: string;
}

/** Lets datagrams go from one pod to another while something is done. @returns how many were sent, and how many have come */
export async function pourWhile(
  bed: Testbed,
  from: PodName,
  to: PodName,
  work: () => Promise<void>,
): Promise<{ readonly sent: number; readonly arrived: number }> {
  const until = `/tmp/poured-${performance.now()}`;
  const before = await arrivals(bed, to);
  const host = await bed.address(to.namespace, to.name);
  const pouring = bed.exec(from.namespace, from.name, 'node', '-e', POUR, until, host);
  await bed.until('the first are sent', async () => {
    const begun = await bed.exec(from.namespace, from.name, 'test', '-e', `${until}-begun`);
    return begun.kind === 'exited' && begun.exitCode === 0;
  });
  await work();
  await bed.exec(from.namespace, from.name, 'touch', until);
  const poured = await pouring;
  if (poured.kind !== 'exited') throw new Error(JSON.stringify(poured));
  return { sent: Number(poured.stdout), arrived: (await arrivals(bed, to)) - before };
}

/** How many datagrams have come to a pod, taken or not. */
async function arrivals(bed: Testbed, { namespace, name }: PodName): Promise<number> {
  const result = await bed.exec(namespace, name, 'cat', '/proc/net/snmp');
  if (result.kind !== 'exited') throw new Error(JSON.stringify(result));
  const [names = [], values = []] = result.stdout
    .split('\n')
    .filter((line) => line.startsWith('Udp:'))
    .map((line) => line.split(' '));
  return ['InDatagrams', 'NoPorts', 'InErrors']
    .map((counter) => Number(values[names.indexOf(counter)]))
    .reduce((sum, count) => sum + count, 0);
}
