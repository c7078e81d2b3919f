/** `podreach schema`: the published JSON Schemas, for editors and for programs that read records. */
import { readFileSync } from 'node:fs';
import { Argument, type Command } from 'commander';
import type { SetExitCode } from './main.ts';

const FILES = {
  scenario: 'scenario.schema.json',
  topology: 'topology.schema.json',
  'known-issues': 'known-issues.schema.json',
  record: 'run-record.schema.json',
  'manifest-comparison': 'manifest-comparison.schema.json',
} as const;

const EXAMPLES = `
Examples:
  podreach schema > scenario.schema.json          for an editor: # yaml-language-server: $schema=scenario.schema.json
  podreach schema record > run-record.schema.json   for programs that read what --report json writes`;

export function schemaCommand(program: Command, setExitCode: SetExitCode): void {
  program
    .command('schema')
    .description(
      'print the JSON Schema of scenarios, of topologies that they include, of lists of known issues, of run records, or of what podreach diff --manifests writes',
    )
    .addArgument(
      new Argument('[which]', 'scenario, topology, known-issues, record or manifest-comparison')
        .choices(Object.keys(FILES))
        .default('scenario'),
    )
    .addHelpText('after', EXAMPLES)
    .action((which: keyof typeof FILES) => {
      process.stdout.write(readFileSync(new URL(`../../schema/${FILES[which]}`, import.meta.url), 'utf8'));
      setExitCode(0);
    });
}
