/** What scenarios share: topologies, each a file of its own, which scenarios and other topologies include. */
import { realpath } from 'node:fs/promises';
import { dirname, resolve } from 'node:path';
import { PodreachError, type Problem } from '../../errors.ts';
import { hintForMissing, isGlob, kindOf } from '../files.ts';
import type { StartFolder } from '../manifests/find.ts';
import { problemAt } from '../mark.ts';
import type { Mark } from '../scenario.ts';
import type { TopologyText } from '../schema.ts';
import { readSource, type SourceDocument, shownPath } from '../source.ts';
import { quote } from '../suggest.ts';
import { type ReadTopology, readTopology } from './read-topology.ts';

/** A document that says what there is: a scenario, or a topology that it includes. */
export interface TopologyPart {
  readonly document: TopologyText;
  readonly source: SourceDocument;
  readonly place: StartFolder;
}

export interface IncludedParts {
  /** What is included stands before what includes it. */
  readonly parts: readonly TopologyPart[];
  readonly problems: readonly Problem[];
}

/** A file on the way from the scenario to what is included; one file by one path, through all links. */
interface IncludingFile {
  readonly real: string;
  readonly shown: string;
}

/** Finds what a scenario includes, and what that includes. Each file counts once, however many ways lead to it. Mistakes are collected. */
export async function findIncluded(scenario: TopologyPart, cwd: string): Promise<IncludedParts> {
  const parts: TopologyPart[] = [];
  const problems: Problem[] = [];
  const known = new Set<string>();
  const follow = async (part: TopologyPart, way: readonly IncludingFile[]): Promise<void> => {
    for (const [index, path] of (part.document.include ?? []).entries()) {
      const mark = part.source.at(['include', index]);
      const file = resolve(part.place.folder, path);
      if ((await kindOf(file)) !== 'file') {
        problems.push(await noFile(path, file, part.place, mark));
        continue;
      }
      const next = { real: await realpath(file), shown: shownPath(file, cwd) };
      const start = way.findIndex(({ real }) => real === next.real);
      if (start >= 0) problems.push(circle([...way.slice(start), next], mark));
      if (known.has(next.real)) continue;
      known.add(next.real);
      const read = await readIncluded(file, next.shown, mark, cwd);
      problems.push(...read.problems);
      if (read.topology === undefined) continue;
      const place: StartFolder = { folder: dirname(file), start: 'the topology file' };
      const found = { ...read.topology, place };
      await follow(found, [...way, next]);
      parts.push(found);
    }
  };
  await follow(scenario, []);
  return { parts, problems };
}

/** That a file cannot be read is a mistake of the entry that names it. */
async function readIncluded(file: string, shown: string, mark: Mark, cwd: string): Promise<ReadTopology> {
  try {
    return readTopology(await readSource(file, cwd), shown, mark);
  } catch (thrown) {
    if (!(thrown instanceof PodreachError)) throw thrown;
    return { problems: [problemAt(mark, thrown.message, { hint: thrown.hint })] };
  }
}

async function noFile(path: string, file: string, { start }: StartFolder, mark: Mark): Promise<Problem> {
  if ((await kindOf(file)) === 'folder')
    return problemAt(mark, `${path} is a folder`, { hint: 'Name its files, one by one.' });
  return problemAt(mark, `no such file: ${path}`, {
    hint: isGlob(path)
      ? 'Name the files one by one: patterns have no meaning here.'
      : ((await hintForMissing(file)) ?? `Paths are relative to ${start}.`),
  });
}

function circle(way: readonly IncludingFile[], mark: Mark): Problem {
  const [first] = way;
  return problemAt(
    mark,
    `${quote(first?.shown ?? '')} includes itself: ${way.map(({ shown }) => shown).join(' → ')}`,
    {
      hint: 'Take this entry out: what it names is there already.',
    },
  );
}
