/** serve: listens on the pod's ports and answers with the pod's identity; tries batches. */

import { answerConnection, answerVisit, listenOn, listenTcp, listenUdp } from './listen.ts';
import { LateAnswers, type Memory } from './memory.ts';
import { newNonce } from './messages.ts';
import { listenForQuestions } from './questions.ts';
import { readConfig } from './requests.ts';
import { Watches } from './watch/watches.ts';

export async function serve(): Promise<void> {
  const config = readConfig();
  const agent = newNonce();
  const watches = new Watches(agent);
  // Before all else: what the first instant shows is over soon.
  if (config.firstInstant !== undefined) watches.begin(config.firstInstant, true);
  const memory: Memory = {
    agent,
    visits: [],
    nonces: new Set(),
    late: new LateAnswers(),
    held: 0,
    watches,
  };
  // The kernel does nothing by itself with a signal to the first process of a container.
  process.on('SIGTERM', () => process.exit(0));
  for (const { port, protocol } of config.ports) {
    await listenOn(`${port}/${protocol}`, (ipv6) =>
      protocol === 'TCP'
        ? listenTcp(port, ipv6, (socket) => answerConnection(socket, config, memory))
        : listenUdp(port, ipv6, config, memory),
    );
  }
  await listenForQuestions(config, memory);
  // The last of all: the pod is ready when the kubelet gets its answer.
  await listenOn(`${config.visitPort}/TCP for the kubelet`, (ipv6) =>
    listenTcp(config.visitPort, ipv6, (socket) => answerVisit(socket, config, memory)),
  );
  const ports = config.ports.map(({ port, protocol }) => `${port}/${protocol}`).join(', ');
  process.stdout.write(
    `podreach agent: ${config.pod} of run ${config.runId} listens on ${ports || 'no port'}\n`,
  );
}
