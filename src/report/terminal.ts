/** The report for people: quiet where all is well, complete where it is not, the result on the last line. */
import type { RunRecord } from '../record.ts';
import { renderFacts, renderHeadline } from './block.ts';
import { renderFailure } from './failure.ts';
import { isMismatch } from './mismatch.ts';
import { type Canvas, createPaint, usableWidth } from './paint.ts';
import type { RenderOptions } from './report.ts';
import { columnsFor, resultOf } from './result-line.ts';
import { renderScenario } from './scenario-section.ts';
import { describeRun, runWord, summarise } from './summary.ts';
import { count, duration, formatNumber, neutraliseAll, wrap } from './text.ts';

/** Renders the whole report. Nothing that a record says can move the cursor, change a colour or begin a line. */
export function renderTerminal(written: RunRecord, options: RenderOptions): string {
  const record = neutraliseAll(written);
  const canvas = { width: usableWidth(options.width), paint: createPaint(options.colour) };
  const section = {
    canvas,
    verbose: options.verbose,
    quiet: options.quiet,
    columns: columnsFor(record.scenarios.map(resultOf)),
    today: record.run.startedAt.slice(0, 10),
  };
  const paragraphs = [
    ...renderBeginning(record, canvas),
    ...(options.verbose ? [renderCircumstances(record, canvas)] : []),
    ...joinLines(record.scenarios.map((scenario) => renderScenario(scenario, section))),
    ...renderKeepNote(record, canvas),
    renderResult(record, canvas),
  ];
  return `${paragraphs.map((lines) => lines.join('\n')).join('\n\n')}\n`;
}

/** What was cut off says so before anything else; a failure of the run says it with its own reason. */
function renderBeginning(record: RunRecord, canvas: Canvas): string[][] {
  const { incomplete, interruptedBy, error } = record.run;
  const { scenarios, statuses } = summarise(record);
  const extent = `${formatNumber(statuses.finished)} of ${count(scenarios, 'scenario')} finished`;
  if (error !== undefined && error.code !== 'interrupted') {
    return [
      renderFailure(
        error,
        canvas,
        [{ label: 'so far', text: `${extent}; nothing is proven about the rest` }],
        '',
      ),
    ];
  }
  if (!incomplete && interruptedBy === undefined) return [];
  const reason =
    interruptedBy === undefined ? 'the run did not come to its own end' : `interrupted by ${interruptedBy}`;
  const text = `${reason}, ${extent}. What follows was seen until then; nothing is proven about the rest.`;
  return [renderHeadline('INCOMPLETE', 'inconclusive', text, canvas, '')];
}

function renderCircumstances({ podreach, run, environment }: RunRecord, canvas: Canvas): string[] {
  const { cluster, kubernetes, server, nodes, node } = environment;
  const machines = nodes.map(({ name, kernel, os, runtime }) => {
    const details = [os, kernel, runtime].filter((detail) => detail !== undefined);
    return details.length === 0 ? name : `${name} (${details.join(', ')})`;
  });
  const { timeoutMs, withinMs, confirm } = run.options;
  const rules = [
    ...(timeoutMs === undefined ? [] : [`an attempt may take ${duration(timeoutMs)}`]),
    ...(withinMs === undefined ? [] : [`policies may take ${duration(withinMs)} to settle`]),
    `${count(confirm, 'round')} in a row must agree`,
  ];
  const facts = [
    {
      label: 'run',
      text: `${run.id}, started ${run.startedAt}, podreach ${podreach.version}, Node.js ${node}`,
    },
    { label: 'cluster', text: [cluster, kubernetes, server].filter((part) => part !== undefined).join(', ') },
    ...(machines.length === 0 ? [] : [{ label: 'nodes', text: machines.join(', ') }]),
    { label: 'rules', text: rules.join(', ') },
  ];
  return renderFacts(facts, canvas, '');
}

/** Scenarios that need one line stand directly below each other. */
function joinLines(scenarios: readonly string[][][]): string[][] {
  const paragraphs: string[][] = [];
  let endsWithLine = false;
  for (const scenario of scenarios.filter(({ length }) => length > 0)) {
    const isLine = scenario.length === 1;
    if (isLine && endsWithLine) paragraphs.at(-1)?.push(...scenario.flat());
    else paragraphs.push(...scenario.map((lines) => [...lines]));
    endsWithLine = isLine;
  }
  return paragraphs;
}

/** The commands of the blocks need what clean-up has taken away; an interrupted run cleans up whatever was asked for. */
function renderKeepNote({ run, scenarios }: RunRecord, canvas: Canvas): string[][] {
  const isKept = run.options.keep && run.interruptedBy === undefined;
  if (isKept || !scenarios.some(({ checks }) => checks.some(isMismatch))) return [];
  const note =
    'The pods of this run are gone. To use a reproduce line, run again with --keep: that run prints lines for its own pods.';
  return [wrap(note, canvas.width)];
}

function renderResult(record: RunRecord, canvas: Canvas): string[] {
  const { word, style } = runWord(record);
  return [`${canvas.paint(style, word)}  ${describeRun(record)}`];
}
