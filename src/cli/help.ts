/** `podreach help`: the help of a command, and a word for one that there is not. */
import type { Command } from 'commander';
import { nearest } from '../scenario/suggest.ts';

/** In place of commander's own, which shows the help of all without a word where the command is not known. */
export function helpCommand(program: Command): void {
  program
    .helpCommand(false)
    .command('help')
    .description('show the help of a command')
    .argument('[command...]', 'such as run, or cluster create')
    .action((words: readonly string[]) => {
      let command = program;
      for (const word of words) {
        const names = command.commands.map((one) => one.name());
        const next = command.commands.find((one) => one.name() === word);
        if (next === undefined) {
          const near = nearest(word, names);
          const meant =
            near === undefined ? `\n(The commands are: ${names.join(', ')}.)` : `\n(Did you mean ${near}?)`;
          program.error(`error: unknown command '${word}'${meant}`);
        }
        command = next;
      }
      command.outputHelp();
    });
}
