import { expect, test } from 'vitest';
import { ContainerLog, terminationMessage } from '../../../src/sandbox/runtime/log.ts';

test('a log keeps its newest bytes', () => {
  const log = new ContainerLog(10);
  for (const word of ['one ', 'two ', 'three ', 'four ', 'five']) log.append(Buffer.from(word));
  expect(log.content().toString()).toBe(' four five');
  for (let count = 0; count < 1000; count += 1) log.append(Buffer.from(`${count},`));
  expect(log.content().toString()).toBe(',997,998,999,'.slice(-10));
});

test('a follower hears what comes after it, and the end', () => {
  const log = new ContainerLog();
  const heard: string[] = [];
  log.append(Buffer.from('before'));
  log.follow((chunk) => heard.push(chunk.toString()));
  const leave = log.follow(() => heard.push('left too late'));
  leave();
  log.append(Buffer.from('after'));
  log.end();
  log.follow((chunk) => heard.push(`late ${chunk.toString()}`));
  expect(heard).toEqual(['after', 'end', 'late end']);
});

test('a termination message is the end of the log: 80 lines or 2048 bytes', () => {
  const lines = Array.from({ length: 100 }, (_, index) => `line ${index}\n`).join('');
  expect(terminationMessage(Buffer.from(lines)).split('\n').slice(0, 2)).toEqual(['line 20', 'line 21']);
  expect(terminationMessage(Buffer.from('x'.repeat(5000)))).toHaveLength(2048);
});
