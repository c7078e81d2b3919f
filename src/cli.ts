#!/usr/bin/env node
/** The program's entry. Everything else is loaded after the check, so that an old Node.js gets a sentence, not a syntax error. */
const [major = 0, minor = 0] = process.versions.node.split('.').map(Number);
if (major < 22 || (major === 22 && minor < 19)) {
  process.stderr.write(
    `podreach needs Node.js 22.19 or newer; this is ${process.version} (${process.execPath}).\n`,
  );
  process.exitCode = 3;
} else {
  const { main } = await import('./cli/main.ts');
  process.exitCode = await main(process.argv.slice(2));
}

export {};
