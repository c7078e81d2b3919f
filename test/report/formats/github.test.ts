import { describe, expect, test } from 'vitest';
import { type RunRecord, runRecordSchema } from '../../../src/record/schema.ts';
import { renderGithub } from '../../../src/report/formats/github.ts';
import { viewOf } from '../../../src/report/view/run.ts';
import { attempts, buildRecord, calmScenario, everyVerdict, meshScenario } from '../fixture.ts';
import { environmentFailure, hostileRecord, interruptedRun, provisioningFailure } from '../records.ts';

test('marks the lines of the scenario that were not met', async () => {
  await expect(renderGithub(viewOf(runRecordSchema.parse(everyVerdict())))).toMatchFileSnapshot(
    '../golden/every-verdict.github.txt',
  );
});

test('says nothing where all is well', () => {
  expect(renderGithub(viewOf(buildRecord([calmScenario('done')])))).toBe('');
});

test('is read by a runner as it was meant', () => {
  const [leak] = read(everyVerdict());
  expect(leak).toMatchObject({
    command: 'error',
    properties: {
      file: 'scenarios/three-tier.yaml',
      line: '22',
      col: '5',
      title: 'leaked: shop/web → shop/db:5432/TCP',
    },
  });
  expect(leak?.message.split('\n')[0]).toBe(
    'leaked: shop/web → shop/db:5432/TCP: expected unreachable, seen connected 3 of 3 (in 0.4 ms to 1.1 ms)',
  );
});

test('lets no name begin a command or a property of its own', () => {
  const commands = read(hostileRecord());
  expect(commands.map(({ command }) => command)).toEqual([
    ...Array.from({ length: 10 }, () => 'error'),
    ...Array.from({ length: 10 }, () => 'warning'),
    ...Array.from({ length: 10 }, () => 'notice'),
  ]);
  for (const { properties } of commands)
    expect(['title', 'file,line,col,title']).toContain(Object.keys(properties).join(','));
});

test('warns of what something else cuts, at its line, and of nodes without the policies', () => {
  const warnings = read(everyVerdict()).filter(({ properties }) =>
    properties['title']?.endsWith(': warning'),
  );
  expect(warnings.map(({ command, properties: { title, line } }) => [command, title, line])).toEqual([
    ['warning', 'the cluster: warning', undefined],
    ['warning', 'three-tier: warning', '1'],
    ['warning', 'three-tier: warning', '23'],
  ]);
  expect(warnings[1]?.message).toContain('node-3 has not taken up the policies');
  expect(warnings[2]?.message).toContain('not by these policies (shop/web → shop/db:5432/UDP)');
});

describe('checks of one rule that went wrong in the same way', () => {
  const scenario = meshScenario(8, (from) =>
    from === 3
      ? {
          declared: { file: 'scenarios/mesh.yaml', line: 9, column: 3 },
          expected: 'unreachable',
          verdict: 'leaked',
          attempts: attempts('settle', ['connected']),
        }
      : {},
  );

  test('share one annotation', () => {
    const [annotation, ...others] = read(buildRecord([scenario]));
    expect(others).toEqual([]);
    expect(annotation?.properties).toEqual({
      file: 'scenarios/mesh.yaml',
      line: '9',
      col: '3',
      title: 'leaked: 7 checks of mesh',
    });
    expect(annotation?.message.split('\n')).toHaveLength(7);
  });
});

test('ends with how many more there are where GitHub would drop them', () => {
  const scenario = meshScenario(6, (from, to) => ({
    declared: { file: 'scenarios/mesh.yaml', line: 10 + from * 6 + to, column: 3 },
    verdict: 'broken',
    attempts: attempts('settle', ['timeout']),
  }));
  const annotations = read(buildRecord([scenario]));
  expect(annotations).toHaveLength(10);
  expect(annotations.at(-1)?.properties).toEqual({ title: '21 more' });
  expect(annotations.at(-1)?.message.split('\n')).toHaveLength(21);
});

test.each([
  ['the environment', environmentFailure(), 'the run itself: tool-missing'],
  ['a scenario', provisioningFailure(), 'the scenario itself: provision-failed'],
  ['an interruption', interruptedRun(), 'the run itself: interrupted'],
])('tells that %s kept the run from its end', (_, record, title) => {
  expect(read(record).map(({ command, properties }) => [command, properties['title']])).toEqual([
    ['error', title],
  ]);
});

interface WorkflowCommand {
  readonly command: string;
  readonly properties: Readonly<Record<string, string>>;
  readonly message: string;
}

/** Reads the output as a runner does: by line, the command up to a blank, properties up to the next two colons. */
function read(record: RunRecord): WorkflowCommand[] {
  return renderGithub(viewOf(record))
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => {
      const [, command = '', properties = '', message = ''] = /^::([^\s:]+) (.*?)::(.*)$/u.exec(line) ?? [];
      return {
        command,
        properties: Object.fromEntries(
          properties.split(',').map((property) => {
            const [name = '', ...value] = property.split('=');
            return [name, readEscapes(value.join('='))];
          }),
        ),
        message: readEscapes(message),
      };
    });
}

function readEscapes(text: string): string {
  return text
    .replaceAll('%0D', '\r')
    .replaceAll('%0A', '\n')
    .replaceAll('%3A', ':')
    .replaceAll('%2C', ',')
    .replaceAll('%25', '%');
}
