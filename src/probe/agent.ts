/**
 * The probe agent: what runs in every probe pod, on any Node.js from 18 on, with nothing beside it. What it imports is joined to one file
 * (`source.ts`), so it imports nothing but the files of `agent/`, Node.js's own modules and types. Two ways to start it:
 *
 *   serve                                          listen on the pod's ports and answer with the pod's identity; try batches
 *   connect HOST PORT [TCP|UDP] [--family IPv4|IPv6] [--timeout MS]   one attempt, told in one line, for people
 *
 * On the wire, the client sends `podreach NONCE\n` and the server answers `podreach NONCE RUN NAMESPACE/POD\n`. `docs/probe.md`
 * says what each outcome means and why.
 */

import { connect } from './agent/connect.ts';
import { InputError } from './agent/input.ts';
import { serve } from './agent/serve.ts';

async function main(mode: string | undefined, args: readonly string[]): Promise<void> {
  switch (mode) {
    case 'serve':
      return await serve();
    case 'connect':
      return await connect(args);
    default:
      throw new InputError(`unknown mode ${mode ?? '(none)'}: serve or connect`);
  }
}

process.stdout.on('error', () => process.exit(1)); // nobody reads any more
try {
  await main(process.argv[2], process.argv.slice(3));
} catch (error) {
  process.stderr.write(`podreach agent: ${error instanceof Error ? error.message : error}\n`);
  process.exit(error instanceof InputError ? 2 : 1);
}
