/**
 * JUnit XML, the form of test results that CI systems read. There is no one standard of it: what is written here is valid by
 * the Ant schema, the strictest of those in use, and by that of Jenkins.
 */
import { type Case, isBad, type Suite, suitesOf } from '../parts/cases.ts';
import { describeNetwork, describeNodes } from '../parts/circumstances.ts';
import { describeContrary, passedContrary } from '../parts/contrary.ts';
import { describeLocation } from '../parts/describe.ts';
import { knownLines } from '../parts/known-issues.ts';
import { renderMatrixSection } from '../parts/matrix-section.ts';
import { warningsOf } from '../parts/opinion.ts';
import { describeForce, describeLeftOut } from '../parts/scenario-notes.ts';
import { pairLines, stepLines } from '../parts/steps.ts';
import { summariseWithoutControl } from '../parts/without-control.ts';
import { renderFacts } from '../text/block.ts';
import { createPaint } from '../text/paint.ts';
import { count, duration } from '../text/text.ts';
import { escapeXml, xmlAttributes } from '../text/xml.ts';
import type { RunView, ScenarioView } from '../view/view.ts';

const INDENT = '  ';
/** Nothing is wrapped: whatever shows it has its own width. */
const CANVAS = { width: Number.POSITIVE_INFINITY, paint: createPaint(false) };

/** Writes a suite per scenario and a case per check. */
export function renderJunit(view: RunView): string {
  return [
    '<?xml version="1.0" encoding="UTF-8"?>',
    ...element(
      'testsuites',
      {},
      suitesOf(view).flatMap((suite, id) => renderSuite(suite, id, view)),
    ),
    '',
  ].join('\n');
}

function renderSuite(suite: Suite, id: number, view: RunView): string[] {
  const { cases, scenario } = suite;
  const number = (result: Case['result']): number => cases.filter((one) => one.result === result).length;
  const attributes = {
    id,
    package: 'podreach',
    name: orUnnamed(suite.name),
    timestamp: localTime(scenario?.startedAt ?? view.run.startedAt),
    // By the schema: what is to be said where the machine's name is not known.
    hostname: 'localhost',
    tests: cases.length,
    failures: number('failed'),
    errors: number('errored'),
    skipped: number('skipped') + number('known'),
    time: seconds((scenario === undefined ? view.run.durationMs : scenario.durationMs) ?? 0),
  };
  return element('testsuite', attributes, [
    ...element('properties', {}, renderProperties(view, scenario)),
    ...cases.flatMap((testCase) => renderCase(testCase, suite)),
    textElement('system-out', {}, scenario === undefined ? '' : describeScenario(scenario)),
    textElement('system-err', {}, ''),
  ]);
}

function renderCase(testCase: Case, suite: Suite): string[] {
  const { name, durationMs } = testCase;
  const attributes = { classname: orUnnamed(suite.name), name: orUnnamed(name), time: seconds(durationMs) };
  if (testCase.result === 'passed') return element('testcase', attributes, []);
  if (!isBad(testCase))
    return element('testcase', attributes, [textElement('skipped', { message: testCase.message }, '')]);
  const { kind, message, facts, manifest = [], location } = testCase;
  const place = location === undefined ? '' : ` (${describeLocation(location)})`;
  const text = [`${message}${place}`, ...renderFacts(facts, CANVAS, ''), ...manifest].join('\n');
  const tag = testCase.result === 'failed' ? 'failure' : 'error';
  return element('testcase', attributes, [
    textElement(tag, { type: kind, message: `${message}${place}` }, text),
  ]);
}

/** What the results depend on, and whose they are. */
function renderProperties(view: RunView, scenario: ScenarioView | undefined): string[] {
  const { run, podreach, environment } = view;
  const { timeoutMs, withinMs, confirm } = run.options;
  const properties = {
    'podreach.version': podreach.version,
    'run.id': run.id,
    'run.startedAt': run.startedAt,
    'run.timeout': timeoutMs === undefined ? undefined : duration(timeoutMs),
    'run.within': withinMs === undefined ? undefined : duration(withinMs),
    'run.confirm': count(confirm, 'round'),
    cluster: environment.cluster,
    'cluster.name': environment.clusterName,
    'cluster.server': environment.server,
    'cluster.kubernetes': environment.kubernetes,
    'cluster.network': describeNetwork(environment),
    'cluster.policies': environment.clusterPolicies?.join(', '),
    'cluster.timeToEnforce':
      environment.canary === undefined ? undefined : duration(environment.canary.enforcedMs),
    warnings:
      warningsOf(view)
        .map(({ text }) => text)
        .join('; ') || undefined,
    'cluster.nodes': environment.nodes.length === 0 ? undefined : describeNodes(environment.nodes),
    node: environment.node,
    'scenario.file': scenario === undefined ? undefined : describeLocation(scenario.location),
    'scenario.owner': scenario?.owner,
    'scenario.purpose': scenario?.purpose,
    'scenario.runbook': scenario?.runbook,
    'scenario.reviewBy': scenario?.reviewBy,
    'scenario.tags':
      scenario === undefined || scenario.tags.length === 0 ? undefined : scenario.tags.join(', '),
    'scenario.inForce': scenario === undefined ? undefined : describeForce(scenario),
    'scenario.closingControl': scenario?.closingControl,
    'scenario.policies':
      scenario === undefined || scenario.policies.length === 0
        ? undefined
        : [...new Set(scenario.policies.map(({ key }) => key))].join(', '),
  };
  return Object.entries(properties).flatMap(([name, value]) =>
    value === undefined ? [] : element('property', { name, value }, []),
  );
}

/** What a suite says of itself on the page that shows it. */
function describeScenario(scenario: ScenarioView): string {
  const { description, checks, steps } = scenario;
  const notes = [describeLeftOut(scenario), summariseWithoutControl(checks), ...knownLines(scenario)];
  const lines = stepLines(scenario);
  return [
    ...(description === undefined ? [] : [description]),
    ...steps.flatMap((step, index) => [
      ...(lines[index] === undefined ? [] : [lines[index]]),
      ...(step.description === undefined ? [] : [step.description]),
      // A case that passed has no place for it by the Ant schema.
      ...(scenario.hasSteps ? pairLines(step).map((line) => INDENT + line) : []),
      // What changes after the first stands in the line.
      ...(index === 0 ? renderMatrixSection(step, true, CANVAS).flat() : []),
    ]),
    ...notes.flatMap((text) => text ?? []),
    ...passedContrary(checks).map(
      (check) => `passed, but not in every attempt: ${check.title}: ${describeContrary(check)}`,
    ),
  ].join('\n');
}

function element(
  tag: string,
  attributes: Parameters<typeof xmlAttributes>[0],
  children: readonly string[],
): string[] {
  const start = `<${tag}${xmlAttributes(attributes)}`;
  if (children.length === 0) return [`${start}/>`];
  // A child may hold lines of text, which an indent would change.
  return [`${start}>`, ...children.map((child) => INDENT + child), `</${tag}>`];
}

function textElement(tag: string, attributes: Parameters<typeof xmlAttributes>[0], text: string): string {
  const start = `<${tag}${xmlAttributes(attributes)}`;
  return text === '' ? `${start}/>` : `${start}>${escapeXml(text)}</${tag}>`;
}

/** Seconds with a dot and without an exponent, as the schemas want them. */
function seconds(ms: number): string {
  return (ms / 1000).toFixed(3);
}

/** By the schema without fractions and without a zone. */
function localTime(instant: string): string {
  return new Date(instant).toISOString().slice(0, 19);
}

/** The schema wants names to be something. */
function orUnnamed(name: string): string {
  return name.trim() === '' ? '(unnamed)' : name;
}
