/** What a run says it failed on. */
import { expect, test } from 'vitest';
import { PodreachError } from '../../src/errors.ts';
import { noteFailure } from '../../src/run/failure.ts';
import { emptyRecord } from './empty-record.ts';

function releasedWith(thrown: Error): AsyncDisposable {
  return { [Symbol.asyncDispose]: () => Promise.reject(thrown) };
}

async function failing(): Promise<void> {
  await using _cluster = releasedWith(new Error('the nodes stay'));
  await using _traces = releasedWith(
    new PodreachError('api-error', 'cleaning up failed', { hint: 'Do it by hand' }),
  );
  throw new PodreachError('not-enforcing', 'policies are not enforced');
}

test('what goes wrong while the stages of a run are released does not hide why it is needed', async () => {
  const record = emptyRecord();
  record.environment.warnings = ['known before'];
  noteFailure(record, await failing().catch((thrown: unknown) => thrown));
  expect(record.run.error).toEqual({ code: 'not-enforcing', message: 'policies are not enforced' });
  expect(record.environment.warnings).toEqual([
    'known before',
    'cleaning up failed. Do it by hand',
    'the nodes stay',
  ]);
});

test('so it is on a Node.js that has no class for it', () => {
  const record = emptyRecord();
  const error = new Error('the nodes stay');
  const suppressed = new PodreachError('cluster-lost', 'it has stopped');
  noteFailure(record, Object.assign(new Error(), { name: 'SuppressedError', error, suppressed }));
  expect(record.run.error).toEqual({ code: 'cluster-lost', message: 'it has stopped' });
  expect(record.environment.warnings).toEqual(['the nodes stay']);
});

test('a run that only could not be released has failed on that', () => {
  const record = emptyRecord();
  noteFailure(record, new PodreachError('cluster-unavailable', 'the nodes stay'));
  expect(record.run.error).toEqual({ code: 'cluster-unavailable', message: 'the nodes stay' });
  expect(record.environment).not.toHaveProperty('warnings');
});
