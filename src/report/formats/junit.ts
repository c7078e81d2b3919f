/**
 * JUnit XML, the form of test results that CI systems read. There is no one standard of it: what is written here is valid by
 * the Ant schema, the strictest of those in use, and by that of Jenkins.
 */
import { type Case, isBad, type Suite, suitesOf } from '../parts/cases.ts';
import { describeNetwork, describeNodes } from '../parts/circumstances.ts';
import { describeContrary, passedContrary } from '../parts/contrary.ts';
import { describeLocation } from '../parts/describe.ts';
import { summariseHeldConnections } from '../parts/held-connections.ts';
import { knownLines } from '../parts/known-issues.ts';
import { renderMatrixSection } from '../parts/matrix-section.ts';
import { warningsOf } from '../parts/opinion.ts';
import { describeForce, describeLeftOut } from '../parts/scenario-notes.ts';
import { pairLines, stepLines } from '../parts/steps.ts';
import { incidentLines, watchFacts, windowLines } from '../parts/watch.ts';
import { watchedFacts } from '../parts/watched.ts';
import { summariseWithoutControl } from '../parts/without-control.ts';
import { renderFacts } from '../text/block.ts';
import { createPaint } from '../text/paint.ts';
import { count, duration } from '../text/text.ts';
import { escapeXml, xmlAttributes } from '../text/xml.ts';
import type { CheckView, RunView, ScenarioView } from '../view/view.ts';

const INDENT = '  ';
/** Nothing is wrapped: whatever shows it has its own width. */
const CANVAS = { width: Number.POSITIVE_INFINITY, paint: createPaint(false) };

/** Groups of windows, and incidents: the properties of each suite hold them. */
const WINDOWS_TOLD = 50;

/** Writes a suite per scenario and a case per check. */
export function renderJunit(view: RunView): string {
  const watched = watchProperties(view);
  return [
    '<?xml version="1.0" encoding="UTF-8"?>',
    ...element(
      'testsuites',
      {},
      suitesOf(view).flatMap((suite, id) => renderSuite(suite, id, { view, watched })),
    ),
    '',
  ].join('\n');
}

/** What all suites say. */
interface Common {
  readonly view: RunView;
  readonly watched: Properties;
}

type Properties = Readonly<Record<string, string | undefined>>;

function renderSuite(suite: Suite, id: number, { view, watched }: Common): string[] {
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
    ...element('properties', {}, renderProperties({ ...propertiesOf(view, scenario), ...watched })),
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

function renderProperties(properties: Properties): string[] {
  return Object.entries(properties).flatMap(([name, value]) =>
    value === undefined ? [] : element('property', { name, value }, []),
  );
}

/** What the results depend on, and whose they are. */
function propertiesOf(view: RunView, scenario: ScenarioView | undefined): Properties {
  const { run, podreach, environment } = view;
  const { timeoutMs, withinMs, confirm } = run.options;
  return {
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
    'scenario.foreignPolicies': scenario?.foreignPolicies.map(({ title }) => title).join(', ') || undefined,
  };
}

/** What was found while it was watched, a property for each group of windows. */
function watchProperties(view: RunView): Properties {
  if (view.watch === undefined) return {};
  const facts = watchFacts(view).map(
    ({ label, text }) => [`watch.${label.replaceAll(' ', '-')}`, text] as const,
  );
  const windows = windowLines(view).map(
    ({ at, text }, index) => [`watch.window.${index + 1}`, `${at}: ${text}`] as const,
  );
  const incidents = incidentLines(view).map((text, index) => [`watch.incident.${index + 1}`, text] as const);
  return Object.fromEntries([
    ...facts,
    ...windows.slice(0, WINDOWS_TOLD),
    ...incidents.slice(0, WINDOWS_TOLD),
  ]);
}

/** What a suite says of itself on the page that shows it. */
function describeScenario(scenario: ScenarioView): string {
  const { description, checks, steps } = scenario;
  const notes = [
    describeLeftOut(scenario),
    summariseWithoutControl(checks),
    summariseHeldConnections(checks),
    ...knownLines(scenario),
  ];
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
    ...describeWithinBudget(checks),
  ].join('\n');
}

/** Windows of checks that passed all the same. */
function describeWithinBudget(checks: readonly CheckView[]): string[] {
  return checks.flatMap((check) => {
    if (check.verdict !== 'pass' || (check.watched?.windows ?? []).length === 0) return [];
    return watchedFacts(check)
      .slice(0, 1)
      .map(({ text }) => `passed, and watched ${check.title} ${text}`);
  });
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
