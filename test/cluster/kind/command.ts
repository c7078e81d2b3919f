/** `podreach cluster …` as a program: the command alone, from the sources. Arguments: those after `podreach`. */
import { Command, CommanderError } from 'commander';
import { clusterCommand } from '../../../src/cli/cluster.ts';
import { printError } from '../../../src/cli/print-error.ts';

let exitCode = 0;
const program = new Command('podreach').exitOverride();
clusterCommand(program, (code) => {
  exitCode = code;
});
try {
  await program.parseAsync(process.argv.slice(2), { from: 'user' });
} catch (thrown) {
  if (thrown instanceof CommanderError) exitCode = thrown.exitCode === 0 ? 0 : 2;
  else exitCode = printError(thrown, process.stderr);
}
process.exitCode = exitCode;
