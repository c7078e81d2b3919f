/** The command line: parses, hands over to one file per command, and turns what comes back into an exit code. */
import { Command, CommanderError } from 'commander';
import { ownVersion } from '../version.ts';
import { splitCommand } from './beside.ts';
import { cleanCommand } from './clean.ts';
import { clusterCommand } from './cluster.ts';
import { diffCommand } from './diff.ts';
import { explainCommand } from './explain.ts';
import { helpCommand } from './help.ts';
import { historyCommand } from './history.ts';
import { imagesCommand } from './images.ts';
import { initCommand } from './init.ts';
import { monitorCommand } from './monitor.ts';
import { planCommand } from './plan.ts';
import { printError } from './print-error.ts';
import { reportCommand } from './report.ts';
import { runCommand } from './run.ts';
import { sandboxCommand } from './sandbox.ts';
import { schemaCommand } from './schema.ts';
import { guardStandardOutput } from './standard-output.ts';
import { upgradeCommand } from './upgrade.ts';
import { renderUsageError } from './usage-error.ts';
import { validateCommand } from './validate.ts';

const EXAMPLES = `
Examples:
  podreach init deploy                   write a first scenario for what is deployed
  podreach run scenarios                 run every scenario of a folder on the embedded sandbox
  podreach monitor scenarios --for 10m   try every check of theirs each second, for as long
  podreach upgrade -- ./upgrade-cni.sh   before, during and after an upgrade: go or no go
  podreach validate scenarios            check the files without starting anything
  podreach plan scenarios/web.yaml       show what would be created and tried
  podreach report run.json               render a saved record again
  podreach diff before.json after.json   say what two records say differently
  podreach diff --manifests old new      say what a change of manifests opens and closes
  podreach sandbox                       start the sandbox and keep it for kubectl

Exit codes:
  0  every check passed, or is a known issue
  1  at least one check leaked, was broken, flapped or was late, and is no known issue
  2  wrong usage or an invalid scenario; nothing was started
  3  the environment failed
  4  no mismatch, but at least one check proved nothing
  130, 143  interrupted`;

/** How a command says which exit code the process ends with. */
export type SetExitCode = (code: number) => void;

/** @returns the process exit code */
export async function main(argv: readonly string[]): Promise<number> {
  guardStandardOutput();
  const { own, beside } = splitCommand(argv);
  let exitCode = 0;
  const setExitCode: SetExitCode = (code) => {
    exitCode = code;
  };
  const program = new Command('podreach')
    .description('Tests, with real connections, who can reach whom in a Kubernetes cluster.')
    .version(ownVersion())
    .showHelpAfterError('(podreach --help shows what there is)')
    .configureHelp({ showGlobalOptions: true })
    .configureOutput({
      outputError: (text, write) => write(renderUsageError(text, program, argv)),
    })
    .addHelpText('after', EXAMPLES)
    .exitOverride();
  for (const add of [
    initCommand,
    runCommand,
    monitorCommand(beside),
    upgradeCommand(beside),
    validateCommand,
    planCommand,
    explainCommand,
    reportCommand,
    diffCommand(beside),
    historyCommand,
    sandboxCommand,
    clusterCommand,
    imagesCommand,
    cleanCommand,
    schemaCommand,
  ])
    add(program, setExitCode);
  helpCommand(program);
  try {
    await program.parseAsync(own, { from: 'user' });
    return exitCode;
  } catch (thrown) {
    // Commander has printed its own errors; help and version end with 0.
    if (thrown instanceof CommanderError) return thrown.exitCode === 0 ? 0 : 2;
    return printError(thrown, process.stderr);
  }
}
