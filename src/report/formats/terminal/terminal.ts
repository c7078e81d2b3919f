/** The report for people: quiet where all is well, complete where it is not, the result on the last line. */
import { circumstanceFacts } from '../../parts/circumstances.ts';
import { endFacts, renderFailure } from '../../parts/failure.ts';
import { warningsOf } from '../../parts/opinion.ts';
import { findRunPatterns } from '../../parts/patterns.ts';
import { columnsFor, resultOf } from '../../parts/result-line.ts';
import { describeExtent, describeRun, runWord } from '../../parts/summary.ts';
import type { RenderOptions } from '../../render-options.ts';
import { renderFacts, renderHeadline } from '../../text/block.ts';
import { type Canvas, createPaint, usableWidth } from '../../text/paint.ts';
import { disarmCommands, wrap } from '../../text/text.ts';
import type { RunView } from '../../view/view.ts';
import { linkPlaces } from './hyperlinks.ts';
import { renderScenario } from './scenario-section.ts';
import { renderWatch } from './watch-section.ts';

/** Renders the whole report. Nothing that a record says can move the cursor, change a colour or begin a line. */
export function renderTerminal(view: RunView, options: RenderOptions): string {
  const canvas = { width: usableWidth(options.width), paint: createPaint(options.colour) };
  const section = {
    canvas,
    verbose: options.verbose,
    quiet: options.quiet,
    columns: columnsFor(view.scenarios.map(resultOf)),
  };
  const paragraphs = [
    ...renderBeginning(view, canvas),
    ...(options.verbose ? [renderFacts(circumstanceFacts(view), canvas, '')] : []),
    ...joinLines(view.scenarios.map((scenario) => renderScenario(scenario, section))),
    ...renderWatch(view, section),
    ...renderPatterns(view, canvas),
    ...renderWarnings(view, canvas),
    renderResult(view, canvas),
  ];
  const text = disarmCommands(`${paragraphs.map((lines) => lines.join('\n')).join('\n\n')}\n`);
  return options.linkTo === undefined ? text : linkPlaces(text, view, options.linkTo);
}

/** What was cut off says so before anything else; a failure of the run says it with its own reason. */
function renderBeginning(view: RunView, canvas: Canvas): string[][] {
  const { incomplete, interruptedBy, error } = view.run;
  const extent = describeExtent(view);
  if (error !== undefined && error.code !== 'interrupted') {
    return [renderFailure(error, canvas, endFacts(view), '')];
  }
  if (!incomplete && interruptedBy === undefined) return [];
  const reason =
    interruptedBy === undefined ? 'the run did not come to its own end' : `interrupted by ${interruptedBy}`;
  const text = `${reason}, ${extent}. What follows was seen until then; nothing is proven about the rest.`;
  return [renderHeadline('INCOMPLETE', 'inconclusive', text, canvas, '')];
}

/** Scenarios that need one line stand directly below each other. */
function joinLines(scenarios: readonly string[][][]): string[][] {
  const paragraphs: string[][] = [];
  let endsWithLine = false;
  for (const scenario of scenarios.filter(({ length }) => length > 0)) {
    const isLine = scenario.length === 1;
    if (isLine && endsWithLine) paragraphs.at(-1)?.push(...scenario.flat());
    // One by one: with --verbose there may be more of them than a call takes arguments.
    else for (const lines of scenario) paragraphs.push([...lines]);
    endsWithLine = isLine;
  }
  return paragraphs;
}

/** What no scenario shows by itself. */
function renderPatterns(view: RunView, canvas: Canvas): string[][] {
  const patterns = findRunPatterns(view);
  return patterns.length === 0
    ? []
    : [patterns.flatMap((text) => renderHeadline('PATTERN', 'name', text, canvas, ''))];
}

/** What may have decided besides the policies. */
function renderWarnings(view: RunView, { width, paint }: Canvas): string[][] {
  const warnings = warningsOf(view);
  if (warnings.length === 0) return [];
  const prefix = 'warning  ';
  return [
    warnings.flatMap(({ text }) =>
      wrap(text, width, prefix).map((line, index) =>
        index === 0 ? paint('inconclusive', 'warning') + line.slice('warning'.length) : line,
      ),
    ),
  ];
}

function renderResult(view: RunView, canvas: Canvas): string[] {
  const { word, style } = runWord(view);
  return [`${canvas.paint(style, word)}  ${describeRun(view)}`];
}
