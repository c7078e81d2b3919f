/** From an included file to the topology in it, or what is wrong with it. */
import type { Problem } from '../../errors.ts';
import { besideScenarios, describeHead, headOf, isOwn, saysScenario } from '../heads.ts';
import { describeIssue, findIssues, type Issue } from '../issues.ts';
import { problemAt } from '../mark.ts';
import type { Mark } from '../scenario.ts';
import {
  ISSUES_KIND,
  scenarioSchema,
  TOPOLOGY_HEAD_HINT,
  TOPOLOGY_KIND,
  type TopologyText,
  topologySchema,
} from '../schema.ts';
import type { SourceDocument } from '../source.ts';
import { quote } from '../suggest.ts';

export interface ReadTopology {
  /** Absent where the file does not fit the grammar. */
  readonly topology?: { readonly document: TopologyText; readonly source: SourceDocument };
  readonly problems: readonly Problem[];
}

/**
 * @param documents those of the file
 * @param shown the path of the file, as messages name it
 * @param mark where it is included
 */
export function readTopology(documents: readonly SourceDocument[], shown: string, mark: Mark): ReadTopology {
  const [source, second] = documents;
  if (source === undefined)
    return { problems: [problemAt(mark, `${shown} is empty`, { hint: TOPOLOGY_HEAD_HINT })] };
  if (!source.readable) return { problems: source.problems };
  const other = somethingElse(source);
  if (other !== undefined)
    return {
      problems: [problemAt(mark, `${shown} is no topology, but ${other.what}`, { hint: other.hint })],
    };
  if (second !== undefined)
    return {
      problems: [
        problemAt(second.at([]), 'a topology is the only document of its file, and here another one begins', {
          hint: 'Give it a file of its own, and include both.',
        }),
      ],
    };
  const issues = findIssues(source.value, topologySchema);
  return issues.length > 0
    ? { problems: [...source.problems, ...issues.flatMap((issue) => describe(issue, source))] }
    : { topology: { document: topologySchema.parse(source.value), source }, problems: source.problems };
}

/** What a file says that it is, where that is no topology. One that says nothing is held against the grammar. */
function somethingElse(source: SourceDocument): { readonly what: string; readonly hint: string } | undefined {
  const beside = besideScenarios(source);
  if (beside === TOPOLOGY_KIND) return undefined;
  if (beside === ISSUES_KIND)
    return { what: 'a list of known issues', hint: 'Name its file with --known-issues.' };
  if (saysScenario(source))
    return {
      what: 'a scenario',
      hint: `Move what both share into a file of its own. ${TOPOLOGY_HEAD_HINT}`,
    };
  const { apiVersion, kind } = headOf(source);
  return isOwn(source) || apiVersion === undefined || kind === undefined
    ? undefined
    : {
        what: describeHead(source),
        hint: `Name it under "manifests": what is included is podreach's own. ${TOPOLOGY_HEAD_HINT}`,
      };
}

/** A key that only scenarios have is no slip of the pen. */
function describe(issue: Issue, source: SourceDocument): readonly Problem[] {
  if (issue.code !== 'unrecognized_keys' || issue.path.length > 0)
    return describeIssue(issue, source.value, source, TOPOLOGY_HEAD_HINT);
  const [ofScenarios, unknown] = [true, false].map((isKey) =>
    issue.keys.filter((key) => Object.hasOwn(scenarioSchema.shape, key) === isKey),
  );
  return [
    ...(ofScenarios ?? []).map((key) =>
      problemAt(source.keyAt([key]), `${quote(key)} is for scenarios: a topology says only what there is`, {
        hint: 'Move it to the scenarios that include this file.',
      }),
    ),
    ...describeIssue({ ...issue, keys: unknown ?? [] }, source.value, source, TOPOLOGY_HEAD_HINT),
  ];
}
