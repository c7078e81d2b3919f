import { expect, test } from 'vitest';
import { endingOf } from '../../src/sandbox/unshare.ts';

test.each([
  ['an exit code', 7, null, 'oops\n', { exitCode: 7, signal: undefined, stderr: 'oops' }],
  ['a signal', null, 'SIGTERM', '', { exitCode: 143, signal: 'SIGTERM', stderr: '' }],
  [
    'a SIGKILL that an old unshare cannot pass on',
    1,
    null,
    'last words\nunshare: sigprocmask unblock failed: Invalid argument\n',
    { exitCode: 137, signal: 'SIGKILL', stderr: 'last words' },
  ],
] as const)('%s is told as it is', (_, code, signal, stderr, ending) => {
  expect(endingOf(code, signal, stderr)).toEqual(ending);
});
