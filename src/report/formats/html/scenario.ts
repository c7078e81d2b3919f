/** Everything about one scenario: its matrix, its ways between namespaces, its timeline, its policies. */

import { countResults } from '../../../judge/counts.ts';
import { describeLocation } from '../../parts/describe.ts';
import { failureFacts } from '../../parts/failure.ts';
import { resultOf } from '../../parts/result-line.ts';
import { describeOverdue } from '../../parts/review.ts';
import { describeForce } from '../../parts/scenario-notes.ts';
import { stepsWith } from '../../parts/steps.ts';
import { describeCounts, scenarioWord } from '../../parts/summary.ts';
import { count, duration, formatNumber } from '../../text/text.ts';
import type { CheckView, ScenarioView } from '../../view/view.ts';
import { policiesOf, untestedPolicies } from './exercise.ts';
import { html, type Markup, only } from './markup.ts';
import { renderAddress, renderProblem, renderTable, renderWord } from './parts.ts';
import { renderPhases, renderSettling } from './settling.ts';
import { renderStep, renderSteps } from './steps.ts';

/** The name of a scenario's place in the page. */
export function scenarioId(index: number): string {
  return `scenario-${index + 1}`;
}

export function renderScenario(scenario: ScenarioView, index: number): Markup {
  const id = scenarioId(index);
  const { word, style } = scenarioWord(resultOf(scenario));
  const { name, description, error, checks, durationMs } = scenario;
  const inSteps = scenario.hasSteps ? ` in ${count(scenario.steps.length, 'step')}` : '';
  const facts = [
    checks.length === 0
      ? 'no checks'
      : `${count(checks.length, 'check')}${inSteps}: ${describeCounts(scenario.counts)}`,
    ...(durationMs === undefined ? [] : [`took ${duration(durationMs)}`]),
  ];
  return html`<section id="${id}" aria-labelledby="${id}-title">
<h2 id="${id}-title">${renderWord(word, style)} ${name}</h2>
<p class="counts">${facts.join(', ')}</p>
${description === undefined ? [] : html`<p>${description}</p>`}
${renderHead(scenario)}
${error === undefined || error.code === 'interrupted' ? [] : renderProblem({ ...error, facts: failureFacts(error) })}
${renderWarnings(scenario)}
${scenario.hasSteps ? renderSteps(scenario, index, id) : scenario.steps.map((step) => renderStep(step, { index, first: 0, id }))}
${renderPhases(scenario, id)}${scenario.hasSteps ? [] : scenario.steps.flatMap((step) => renderSettling(step, id))}
${renderPolicies(scenario, id)}
</section>
`;
}

function renderHead(scenario: ScenarioView): Markup {
  const { owner, purpose, runbook, reviewBy, location, pods, namespaces, tags } = scenario;
  const overdue = describeOverdue(scenario);
  const entries: readonly (readonly [label: string, text: Markup | string | undefined])[] = [
    ['owner', owner],
    ['purpose', purpose],
    ['runbook', runbook === undefined ? undefined : renderAddress(runbook)],
    ['review', overdue === undefined ? reviewBy : html`<strong class="is-inconclusive">${overdue}</strong>`],
    ['written in', describeLocation(location)],
    ['tags', tags.length === 0 ? undefined : tags.join(', ')],
    ['pods', `${formatNumber(pods.length)} in ${count(namespaces.length, 'namespace')}`],
    // Each step says it for itself.
    ['in force', scenario.hasSteps ? undefined : describeForce(scenario)],
  ];
  return html`<dl class="facts">${entries.flatMap(([label, text]) => (text === undefined ? [] : [html`<dt>${label}</dt><dd>${text}</dd>`]))}</dl>`;
}

/** What was doubtful before the scenario started. */
function renderWarnings({ warnings }: ScenarioView): Markup | readonly Markup[] {
  return only(
    warnings.length > 0,
    () => html`<details class="callout is-inconclusive"><summary>${count(warnings.length, 'warning')} about what is written</summary><ul>
${warnings.map(
  ({
    message,
    location,
    advice,
    code,
    rule,
  }) => html`<li>${message} <code>${describeLocation(location)}</code> (${[code, rule].filter((part) => part !== undefined).join(', ')})${advice === undefined ? '' : html`<br>${advice}`}</li>
`,
)}</ul></details>`,
  );
}

function renderPolicies(scenario: ScenarioView, id: string): Markup | readonly Markup[] {
  const { policies, foreignPolicies, checks } = scenario;
  if (policies.length + foreignPolicies.length === 0) return [];
  // In a form of its own in each step, where it is changed in one.
  const concerned = new Map<string, CheckView[]>();
  for (const check of checks) {
    for (const key of policiesOf(check)) {
      const policy = check.step.policyOf.get(key)?.fingerprint ?? '';
      const known = concerned.get(`${key} ${policy}`);
      if (known === undefined) concerned.set(`${key} ${policy}`, [check]);
      else known.push(check);
    }
  }
  const untested = untestedPolicies(scenario);
  const rows = policies.map((policy) => {
    const { key, fingerprint } = policy;
    const own = concerned.get(`${key} ${fingerprint}`) ?? [];
    const steps = html`<td>${stepsWith(policy, scenario).join(', ')}</td>`;
    const say =
      own.length === 0
        ? 'no check'
        : html`<a href="#policy=${encodeURIComponent(key)}">${count(own.length, 'check')}</a>: ${describeCounts(countResults(own.map(({ countsAs }) => countsAs)))}`;
    const lack = untested.has(key) ? html`<br>${renderWord('Nothing tests it', 'inconclusive')}` : '';
    return html`<tr><th scope="row">${key}</th><td><code>${describeLocation(policy.location)}</code></td>${only(scenario.hasSteps, () => steps)}<td>${say}${lack}</td></tr>
`;
  });
  const steps = scenario.steps.map(({ number }) => number).join(', ');
  const foreign = foreignPolicies.map(
    ({ title, location }) =>
      html`<tr><th scope="row">${title}</th><td><code>${describeLocation(location)}</code></td>${only(scenario.hasSteps, () => html`<td>${steps}</td>`)}<td>for the network plugin to say</td></tr>
`,
  );
  return html`<h3 id="${id}-policies">Policies and the checks that they have a say in</h3>
${renderTable('Policies', ['policy', 'written in', ...(scenario.hasSteps ? ['in steps'] : []), 'has a say in'], [...rows, ...foreign])}
<p class="note">A policy has a say in the checks whose prediction rests on it, and in those that did not pass and begin or end at a pod that it isolates. Others may say the same: nothing tests a policy without which every check would be predicted as it is.</p>
`;
}
