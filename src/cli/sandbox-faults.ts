/** `podreach sandbox enforcement`, `delay`, `established`, `restart` and `stall`: make a sandbox that runs fail, and say when. */
import { Argument, Command, InvalidArgumentError, Option } from 'commander';
import { type Clock, systemClock } from '../clock.ts';
import {
  type AnnotatedObject,
  delayFault,
  ENFORCEMENT_MODES,
  type EnforcementMode,
  ESTABLISHED_FATES,
  type EstablishedFate,
  enforcementFault,
  establishedFault,
  faultName,
  hasEnforcement,
  isInForce,
  isSandboxVersion,
  restartFault,
  type SandboxFault,
  stallFault,
} from '../cluster/sandbox-faults.ts';
import { INTERRUPTED, Interruption, PodreachError } from '../errors.ts';
import type { Kube } from '../kube/kube.ts';
import { neutralise } from '../report/text/text.ts';
import type { SetExitCode } from './main.ts';
import { parseDuration } from './options.ts';
import { listenToSignals } from './signals.ts';

interface FaultOptions {
  readonly kubeconfig?: string;
  readonly for?: number;
  readonly json?: boolean;
}

export function sandboxFaultCommands(setExitCode: SetExitCode): readonly Command[] {
  const act = async (fault: SandboxFault, command: Command): Promise<void> => {
    // The parent has an option of the same name, and takes it wherever it stands.
    const options: FaultOptions = command.optsWithGlobals();
    if (options.for !== undefined && fault.value === null) {
      throw new PodreachError(
        'usage',
        '--for takes back what it did, and here there is nothing to take back',
        {
          hint: 'Leave --for out.',
        },
      );
    }
    setExitCode(await bringAbout(fault, options));
  };
  const onNode = (command: Command): Command => withOptions(command).argument('<node>', 'such as node-1');
  return [
    withFor(onNode(new Command('enforcement')))
      .description('let a node of a sandbox fail open or closed, or take up no changes')
      .addArgument(new Argument('<mode>', 'what its enforcement is').choices(ENFORCEMENT_MODES))
      .action((node: string, mode: EnforcementMode, _: FaultOptions, command: Command) =>
        act(enforcementFault(node, mode), command),
      ),
    withFor(onNode(new Command('delay')))
      .description('let a node of a sandbox take up changes later')
      .argument('<duration>', 'how much later, such as 3s, or none', parseDelay)
      .action((node: string, delayMs: number | null, _: FaultOptions, command: Command) =>
        act(delayFault(node, delayMs), command),
      ),
    withFor(onNode(new Command('established')))
      .description(
        'let a node of a sandbox keep or cut connections that are open when a policy closes their way',
      )
      .addArgument(new Argument('<fate>', 'what becomes of them').choices(ESTABLISHED_FATES))
      .action((node: string, fate: EstablishedFate, _: FaultOptions, command: Command) =>
        act(establishedFault(node, fate), command),
      ),
    onNode(new Command('restart'))
      .description('restart the enforcement of a node of a sandbox, which changes nothing')
      .action((node: string, _: FaultOptions, command: Command) =>
        act(restartFault(node, systemClock.date()), command),
      ),
    withFor(withOptions(new Command('stall')))
      .description('stop all processes of a pod of a sandbox')
      .argument('<namespace/pod>', 'whose', parsePodName)
      .addArgument(new Argument('[state]', 'off lets them go on').choices(['on', 'off']).default('on'))
      .action(
        (
          [namespace, name]: ReturnType<typeof parsePodName>,
          state: string,
          _: FaultOptions,
          command: Command,
        ) => act(stallFault(namespace, name, state === 'on'), command),
      ),
  ];
}

function withOptions(command: Command): Command {
  return command
    .option('--kubeconfig <file>', "the sandbox's kubeconfig, in place of $KUBECONFIG")
    .option('--json', 'print what was done when as a line of JSON each');
}

function withFor(command: Command): Command {
  return command.addOption(
    new Option('--for <duration>', 'take it back after this time, or at Ctrl-C').argParser(parseDuration),
  );
}

function parseDelay(text: string): number | null {
  return text === 'none' ? null : parseDuration(text);
}

function parsePodName(text: string): readonly [namespace: string, name: string] {
  const [, namespace, name] = /^([^/]+)\/([^/]+)$/.exec(text) ?? [];
  if (namespace === undefined || name === undefined)
    throw new InvalidArgumentError('Write it with its namespace: shop/web.');
  return [namespace, name];
}

/** @returns the exit code */
async function bringAbout(fault: SandboxFault, options: FaultOptions): Promise<number> {
  using signals = listenToSignals(
    () => process.stderr.write('\ninterrupted\n'),
    () => undefined,
  );
  const { findKubeconfig } = await import('../kube/kubeconfig.ts');
  const { connectKube } = await import('../kube/connect.ts');
  const kube = await connectKube((await findKubeconfig(undefined, options.kubeconfig)).text);
  try {
    const before = (await findObject(kube, fault)).metadata.annotations?.[fault.annotation] ?? null;
    const put = (value: string | null): Promise<void> =>
      putInForce(kube, systemClock, fault, value, options.json === true);
    try {
      await put(fault.value);
      if (options.for !== undefined) await systemClock.sleep(options.for, signals.signal);
    } finally {
      if (options.for !== undefined) await put(before);
    }
    return 0;
  } catch (thrown) {
    if (!(thrown instanceof Interruption)) throw thrown;
    return INTERRUPTED[thrown.signalName];
  } finally {
    kube.close();
  }
}

/** @throws PodreachError where this is no sandbox, or there is nothing that could fail so */
async function findObject(kube: Kube, fault: SandboxFault): Promise<AnnotatedObject> {
  const version = await kube.version();
  if (!isSandboxVersion(version)) {
    throw new PodreachError(
      'usage',
      `the cluster at ${kube.server} is no sandbox: it is Kubernetes ${version}, and was left alone`,
      { hint: 'Start one with podreach sandbox, and give its kubeconfig with --kubeconfig.' },
    );
  }
  const object = await look(kube, fault);
  if (object === undefined) {
    const list = fault.object.resource === 'nodes' ? 'get nodes' : 'get pods --all-namespaces';
    throw new PodreachError('usage', `the sandbox has no ${nameOf(fault)}`, {
      hint: `See what there is: kubectl ${list}`,
    });
  }
  if (fault.object.resource === 'nodes' && !hasEnforcement(object)) {
    throw new PodreachError('usage', 'this sandbox enforces nothing, so there is nothing that could fail', {
      hint: 'Start it without --no-enforcement.',
    });
  }
  return object;
}

async function look(kube: Kube, { object }: SandboxFault): Promise<AnnotatedObject | undefined> {
  return (await kube.get(object)) as AnnotatedObject | undefined; // an answer of the sandbox's API
}

const LOOK_EVERY_MS = 5;
/** Rules are written in some hundredths of a second. */
const IN_FORCE_WITHIN_MS = 30_000;

/** Writes it down, waits until it is so, and prints both times: it became so between them. */
async function putInForce(
  kube: Kube,
  clock: Clock,
  fault: SandboxFault,
  value: string | null,
  asJson: boolean,
): Promise<void> {
  const askedAt = clock.date();
  await kube.patch(fault.object, { metadata: { annotations: { [fault.annotation]: value } } });
  const deadlineMs = clock.now() + IN_FORCE_WITHIN_MS;
  for (;;) {
    const object = await look(kube, fault);
    if (object === undefined || isInForce(fault, value, object)) break;
    if (clock.now() > deadlineMs) {
      throw new PodreachError('cluster-unavailable', `${nameOf(fault)} did not do as it was told`, {
        hint: 'See what its conditions say: kubectl describe node.',
      });
    }
    await clock.sleep(LOOK_EVERY_MS);
  }
  const inForceAt = clock.date();
  const name = nameOf(fault);
  const text = asJson
    ? JSON.stringify({ askedAt, inForceAt, object: name, fault: faultName(fault), value })
    : `${askedAt.toISOString()} ${name}: ${fault.describe(value)}, in force within ${inForceAt.getTime() - askedAt.getTime()} ms`;
  process.stdout.write(`${neutralise(text)}\n`);
}

/** `node/node-1`, `pod/shop/web` */
function nameOf({ object }: SandboxFault): string {
  return object.resource === 'nodes' ? `node/${object.name}` : `pod/${object.namespace}/${object.name}`;
}
