import { describe, expect, test } from 'vitest';
import { expand, processOf } from '../../../src/sandbox/runtime/container-process.ts';

describe('expansion', () => {
  const variables = { NAME: 'web', EMPTY: '', NESTED: '$(NAME)' };

  // The cases are those of the Kubernetes documentation of `command` and of its expansion library.
  test.each([
    ['$(NAME)', 'web'],
    ['a-$(NAME)-$(EMPTY)-z', 'a-web--z'],
    ['$(NESTED)', '$(NAME)'],
    ['$(MISSING)', '$(MISSING)'],
    ['$$(NAME)', '$(NAME)'],
    ['$$$(NAME)', '$web'],
    ['$NAME $', '$NAME $'],
    ['$(NAME', '$(NAME'],
    ['$()', '$()'],
    ['$(constructor)', '$(constructor)'],
  ])('makes %s into %s', (text, expanded) => {
    expect(expand(text, variables)).toBe(expanded);
  });
});

describe('the process of a container', () => {
  test('is its command and arguments, with variables that see the earlier ones', () => {
    const container = {
      name: 'c',
      command: ['node', '-e'],
      args: ['run $(SECOND)'],
      env: [{ name: 'FIRST', value: '1' }, { name: 'SECOND', value: '$(FIRST)2$(THIRD)' }, { name: 'THIRD' }],
    };
    expect(processOf(container, { PATH: '/bin', FIRST: 'the runtime loses' })).toEqual({
      kind: 'process',
      process: {
        command: ['node', '-e', 'run 12$(THIRD)'],
        environment: { PATH: '/bin', FIRST: '1', SECOND: '12$(THIRD)', THIRD: '' },
      },
    });
  });

  test.each([
    [{ name: 'c', image: 'nginx' }, 'the sandbox runs no images: give the container a command'],
    [{ name: 'c', args: ['serve'] }, 'the sandbox runs no images: give the container a command'],
    [
      { name: 'c', command: ['x'], env: [{ name: 'POD_IP', valueFrom: {} }] },
      'the sandbox has no source for the environment variable POD_IP',
    ],
    [{ name: 'c', command: ['x'], envFrom: [] }, 'the sandbox has no source for envFrom'],
  ])('is refused where it would not be what was meant: %j', (container, reason) => {
    expect(processOf(container, {})).toEqual({ kind: 'unsupported', reason });
  });
});
