/** What becomes of a command whose output cannot be written. */

/**
 * Whoever reads may stop reading, as `head` does: that is no failure, and what the command does it does to its end. Without a
 * listener Node.js would end the process at once, as if a check had leaked, and with everything left in place. An output that
 * fails in another way, such as a disk that is full, makes an exit code of 0 a 3.
 */
export function guardStandardOutput(): void {
  const { stdout, stderr } = process;
  let isTold = false;
  // Where not even an error can be told, there is nobody to tell it to.
  stderr.on('error', () => {});
  stdout.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code === 'EPIPE' || isTold) return;
    isTold = true;
    stderr.write(`error: standard output cannot be written: ${error.message}\n`);
    process.once('exit', (exitCode) => {
      if (exitCode === 0) process.exitCode = 3;
    });
  });
}
