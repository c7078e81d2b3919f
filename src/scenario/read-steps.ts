/** From steps that fit the grammar to the nouns of a scenario, each with its place. */
import { readDuration } from '../duration.ts';
import { ACTION_KINDS, type ActionKind, parseObject } from '../model/step.ts';
import type { StepText } from './grammar/steps.ts';
import { readExpectations } from './read-rules.ts';
import type { Marked, PlannedPolicy, ScenarioStep, WrittenAction } from './scenario.ts';
import type { ScenarioDocument } from './schema.ts';
import type { SourceDocument } from './source.ts';
import type { DocumentPath } from './walk.ts';

/** @param applied the policies that each step applies */
export function readSteps(
  { steps = [] }: ScenarioDocument,
  source: SourceDocument,
  applied: readonly (readonly Marked<PlannedPolicy>[])[],
): readonly ScenarioStep[] {
  return steps.map((step, index) => {
    const path = ['steps', index];
    const { name, description, within } = step;
    const withinMs = within === undefined ? undefined : readDuration(within);
    return {
      name: { value: name, mark: source.at([...path, 'name']) },
      ...(description === undefined ? {} : { description: description.trim() }),
      mark: source.at(path),
      actions: ACTION_KINDS.flatMap((kind) => readActions(kind, step, path, source, applied[index] ?? [])),
      ...readExpectations(step, path, source),
      ...(withinMs === undefined ? {} : { withinMs }),
    };
  });
}

function readActions(
  kind: ActionKind,
  step: StepText,
  path: DocumentPath,
  source: SourceDocument,
  applied: readonly Marked<PlannedPolicy>[],
): readonly WrittenAction[] {
  switch (kind) {
    case 'apply':
      return applied.map(({ value, mark }) => ({ kind, policy: value, mark }));
    case 'label':
      return Object.entries(step.label ?? {}).map(([object, labels]) => ({
        kind,
        object,
        labels: Object.entries(labels).map(([key, value]) => ({
          key,
          value,
          mark: source.keyAt([...path, kind, object, key]),
        })),
        mark: source.keyAt([...path, kind, object]),
      }));
    case 'delete':
    case 'create':
    case 'remove':
    case 'replace': {
      const named = (step[kind] ?? []).map((object, index) => ({
        kind,
        object,
        mark: source.at([...path, kind, index]),
      }));
      const isNamespace = ({ object }: { readonly object: string }): boolean =>
        parseObject(object).kind === 'namespace';
      const namespaces = named.filter(isNamespace);
      const others = named.filter((one) => !isNamespace(one));
      // A namespace is there before what is in it, and goes after it.
      return kind === 'create' ? [...namespaces, ...others] : [...others, ...namespaces];
    }
  }
}
