/**
 * The sandbox's one process: the Kubernetes API, the controllers behind it, and, as process 1 of its process namespace, the end of
 * everything when it ends. Started by `sandbox.ts` inside its namespaces, never by itself.
 */
import { type EventEmitter, once } from 'node:events';
import { renameSync, writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:net';
import { join } from 'node:path';
import type { generate as generateCertificate } from 'selfsigned';
import { runControllers } from './api/controllers.ts';
import type { ResourceName } from './api/kinds/kinds.ts';
import { seedNamespaces } from './api/kinds/namespaces/controller.ts';
import { enforcePolicies, NO_ENFORCEMENT } from './api/kinds/networkpolicies/controller/policies.ts';
import { createNodes, tellEnforcement, tellServices } from './api/kinds/nodes/controller/nodes.ts';
import { runPods } from './api/kinds/pods/controller/pods.ts';
import { outsideNameOf } from './api/kinds/pods/outside.ts';
import { tellNames } from './api/kinds/services/controller/names.ts';
import { translateServices } from './api/kinds/services/controller/translation.ts';
import { createStore } from './api/memory-store.ts';
import type { Route } from './api/route.ts';
import { createApiServer } from './api/server.ts';
import type { Store } from './api/store.ts';
import {
  API_SERVICE_NAMES,
  createApiService,
  createDnsServer,
  createDnsService,
} from './api/system-objects.ts';
import { FABRIC_ADDRESSES, planNodes } from './dataplane/addresses.ts';
import { buildNetwork } from './dataplane/network.ts';
import { noRules } from './dataplane/rules.ts';
import { installServer, SERVER_SOURCES } from './dns/program.ts';
import { DOMAIN } from './dns/records.ts';
import { requireTools, searchPath } from './host.ts';
import { API_SERVICE_ADDRESS, DNS_SERVICE_ADDRESS } from './kept-ranges.ts';
import type { HarnessMessage, StartMessage, SupervisorMessage } from './messages.ts';
import { createProber } from './probes/prober.ts';
import { createContainers, type Identity } from './runtime/containers.ts';
import { mountRootFiles } from './runtime/root-files.ts';
import { VERSION } from './version.ts';

/** Nobody, where containers can be somebody else than the supervisor. */
const NOBODY: Identity = { kind: 'user', uid: 65534, gid: 65534 };

// The harness's process has ended, however it ended: so does the sandbox.
process.on('disconnect', () => process.exit(0));
process.on('message', (said, listener) => {
  const message = said as HarnessMessage; // nobody else has this channel
  if (message.kind === 'stop') process.exit(0);
  // The one handle there is comes with the start.
  void start(message, listener as Server).then(tell, (thrown: unknown) => {
    tell({ kind: 'failed', reason: thrown instanceof Error ? thrown.message : String(thrown) });
  });
});

function tell(message: SupervisorMessage): void {
  process.send?.(message);
}

async function start(options: StartMessage, listener: Server): Promise<SupervisorMessage> {
  // Containers may run as another user, who must be able to read what is made for them.
  process.umask(0o022);
  process.env['PATH'] = searchPath(process.env['PATH']);
  const tools = requireTools(process.platform, process.env['PATH']);
  const nodes = planNodes(options.nodes, options.families);
  const rules = noRules(options.families)
    .map(({ text }) => text)
    .join('');
  const identity: Identity = options.hasUserNamespace ? { kind: 'same-user' } : NOBODY;
  // Loading it takes as long as building the network does: both at once. Files of the host are covered only when it is through.
  const loading = import('selfsigned');
  const [network, files, containers, tls] = await Promise.all([
    buildNetwork(tools, nodes, rules, identity.kind === 'user' ? identity.gid : 0),
    loading.then(() => mountRootFiles(tools, process.execPath, [import.meta.filename, ...SERVER_SOURCES])),
    createContainers(tools, identity),
    loading.then(({ generate }) => makeCertificate(generate)),
  ]);

  const store = createStore();
  const now = (): Date => new Date();
  seedNamespaces(store);
  createNodes(store, nodes, VERSION, now());
  const policies =
    options.enforcement === 'off'
      ? NO_ENFORCEMENT
      : enforcePolicies({
          store,
          nodes,
          enforce: network.enforce,
          onCommit: tellEnforcement(store, now),
          onFailure: endBecause,
          now,
        });
  const services = translateServices({
    store,
    nodes,
    enforce: network.enforce,
    onCommit: tellServices(store, now),
    onFailure: endBecause,
  });
  const prober = createProber({
    nsenter: tools.nsenter,
    namespaceFile: network.namespaceFile,
    onFailure: endBecause,
  });
  runControllers(store, now);
  const dns = { server: DNS_SERVICE_ADDRESS, domain: DOMAIN };
  runPods({ store, nodes, network, files, containers, policies, services, prober, dns, now });

  createDnsService(store);
  const serveNames = startedOnce(async () => createDnsServer(store, await startNames(store, files.folder)));
  const wantNames = (): void => void serveNames().catch(endBecause);
  store.listen(({ resource, object }) => {
    if (resource === 'pods' && outsideNameOf(object.metadata) !== undefined) wantNames();
  });
  const { server } = createApiServer({
    store,
    runtime: containers,
    tls,
    token: options.token,
    version: VERSION,
    onRoute(route) {
      if (concernsServices(route)) wantNames();
    },
  });
  await new Promise<void>((resolve, reject) => server.once('error', reject).listen(listener, resolve));
  await listenToPods(server);
  createApiService(store, FABRIC_ADDRESSES.IPv4, API_PORT);
  if (options.names === 'from the start') await serveNames();
  return { kind: 'ready', certificate: tls.cert };
}

/** Where pods reach the API: behind its Service, on the router between the nodes. */
const API_PORT = 6443;

async function listenToPods(api: EventEmitter): Promise<void> {
  const listener = createServer((socket) => api.emit('connection', socket));
  await once(listener.listen(API_PORT, FABRIC_ADDRESSES.IPv4), 'listening');
}

/** Whoever has never asked the API about a Service cannot mean one by its name. */
function concernsServices(route: Route): boolean {
  return route.kind !== 'other' && NAMED.has(route.of.resource);
}

const NAMED: ReadonlySet<string> = new Set(['services', 'endpointslices'] satisfies ResourceName[]);

function startedOnce(start: () => Promise<void>): () => Promise<void> {
  let started: Promise<void> | undefined;
  return () => {
    started ??= start();
    return started;
  };
}

/** @returns the command of the DNS server */
async function startNames(store: Store, folder: string): Promise<readonly string[]> {
  const own = join(folder, 'dns');
  const command = await installServer(own);
  const zone = join(own, 'zone.json');
  tellNames(store, (names) => {
    // Another file each time, so that nobody reads half of one.
    writeFileSync(`${zone}.new`, JSON.stringify(names));
    renameSync(`${zone}.new`, zone);
  });
  return [...command, zone];
}

async function makeCertificate(generate: typeof generateCertificate): Promise<{ key: string; cert: string }> {
  const made = await generate([{ name: 'commonName', value: 'podreach-sandbox' }], {
    keyType: 'ec',
    algorithm: 'sha256',
    extensions: [
      { name: 'basicConstraints', cA: true },
      { name: 'keyUsage', digitalSignature: true, keyCertSign: true },
      { name: 'extKeyUsage', serverAuth: true },
      {
        name: 'subjectAltName',
        altNames: [
          { type: 7, ip: '127.0.0.1' },
          { type: 7, ip: FABRIC_ADDRESSES.IPv4 },
          { type: 7, ip: API_SERVICE_ADDRESS },
          ...['localhost', ...API_SERVICE_NAMES].map((value) => ({ type: 2 as const, value })),
        ],
      },
    ],
  });
  return { key: made.private, cert: made.cert };
}

/** Neither rules that may not be in force nor readiness that nobody checks must be believed in: the sandbox ends and says why. */
function endBecause(error: unknown): void {
  setImmediate(() => {
    throw error;
  });
}
