/**
 * A proxy between podreach and the sandbox's API, for tests of what a real API server may do: it can answer by itself, and it
 * can change what passes, as an admission controller does.
 */
import type { IncomingMessage, ServerResponse } from 'node:http';
import { createServer, request } from 'node:https';
import type { AddressInfo } from 'node:net';
import { connect } from 'node:tls';
import { generate } from 'selfsigned';
import { parse, stringify } from 'yaml';
import type { Cluster, ClusterProvider } from '../../src/cluster/cluster.ts';

export interface Intervention {
  /** Answers instead of the server. */
  readonly answer?: (call: { method: string; path: string }) => { status: number; body: object } | undefined;
  /** Changes the body of a request on its way. */
  readonly change?: (call: { method: string; path: string; body: string }) => string;
}

/** The same cluster, reached through the proxy. */
export function throughProxy(provider: ClusterProvider, intervention: Intervention): ClusterProvider {
  return {
    kind: provider.kind,
    async start(options) {
      const cluster = await provider.start(options);
      const proxy = await startProxy(cluster, intervention);
      return {
        ...cluster,
        lost: cluster.lost,
        kubeconfig: proxy.kubeconfig,
        async stop() {
          proxy.close();
          await cluster.stop();
        },
      };
    },
  };
}

interface Kubeconfig {
  clusters: { cluster: { server: string; 'certificate-authority-data': string } }[];
}

async function startProxy(
  cluster: Cluster,
  intervention: Intervention,
): Promise<{ kubeconfig: string; close(): void }> {
  // Written by the sandbox itself a moment ago: the shape is known.
  const config = parse(cluster.kubeconfig) as Kubeconfig;
  const entry = config.clusters[0]?.cluster;
  if (entry === undefined) throw new Error('the kubeconfig names no cluster');
  const upstream = new URL(entry.server);
  const ca = Buffer.from(entry['certificate-authority-data'], 'base64');
  const own = await generate([{ name: 'commonName', value: 'localhost' }], {
    extensions: [
      { name: 'basicConstraints', cA: true },
      { name: 'subjectAltName', altNames: [{ type: 7, ip: '127.0.0.1' }] },
    ],
  });

  const forward = async (incoming: IncomingMessage, response: ServerResponse): Promise<void> => {
    const { method = 'GET', url: path = '/', headers } = incoming;
    const chunks: Buffer[] = [];
    for await (const chunk of incoming) chunks.push(chunk as Buffer);
    const given = Buffer.concat(chunks).toString('utf8');
    const answer = intervention.answer?.({ method, path });
    if (answer !== undefined) {
      response
        .writeHead(answer.status, { 'content-type': 'application/json' })
        .end(JSON.stringify(answer.body));
      return;
    }
    const body = intervention.change?.({ method, path, body: given }) ?? given;
    const outgoing = request(new URL(path, upstream), {
      method,
      ca,
      headers: { ...headers, 'content-length': Buffer.byteLength(body) },
    });
    outgoing.on('response', (answered) => {
      response.writeHead(answered.statusCode ?? 500, answered.headers);
      answered.pipe(response);
    });
    outgoing.on('error', () => response.destroy());
    outgoing.end(body);
  };

  const server = createServer(
    { key: own.private, cert: own.cert },
    (incoming, response) => void forward(incoming, response),
  );
  server.on('upgrade', (incoming, socket, head) => {
    const target = connect({ host: upstream.hostname, port: Number(upstream.port), ca });
    const lines = [`${incoming.method} ${incoming.url} HTTP/1.1`];
    for (let index = 0; index < incoming.rawHeaders.length; index += 2) {
      lines.push(`${incoming.rawHeaders[index]}: ${incoming.rawHeaders[index + 1]}`);
    }
    target.write(`${lines.join('\r\n')}\r\n\r\n`);
    target.write(head);
    target.pipe(socket).pipe(target);
    target.on('error', () => socket.destroy());
    socket.on('error', () => target.destroy());
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  entry.server = `https://127.0.0.1:${(server.address() as AddressInfo).port}`;
  entry['certificate-authority-data'] = Buffer.from(own.cert).toString('base64');
  return {
    kubeconfig: stringify(config),
    close() {
      server.close();
      server.closeAllConnections();
    },
  };
}
