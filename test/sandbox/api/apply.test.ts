import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { applyConfig } from '../../../src/sandbox/api/apply/apply.ts';
import { listProblems } from '../../../src/sandbox/api/apply/check.ts';
import { fromFieldsV1, pathText } from '../../../src/sandbox/api/apply/fieldset.ts';
import {
  afterUpdate,
  encodeManagers,
  type Manager,
  type ManagerIdentity,
} from '../../../src/sandbox/api/apply/managers.ts';
import { fieldsOf } from '../../../src/sandbox/api/apply/parts.ts';
import type { JsonObject } from '../../../src/sandbox/api/json.ts';
import { KINDS } from '../../../src/sandbox/api/kinds/kinds.ts';

const schema = KINDS.pods.schema;

function who(manager: string, operation: ManagerIdentity['operation'] = 'Apply'): ManagerIdentity {
  return { manager, operation, apiVersion: 'v1', subresource: undefined };
}

interface State {
  readonly object: JsonObject;
  readonly managers: Manager[];
}
const nothing: State = { object: {}, managers: [] };

function apply({ object, managers }: State, manager: string, config: JsonObject, force = false): State {
  return applyConfig({ schema, live: object, config, managers, who: who(manager), force, time: 'T' });
}

function updateBy({ object, managers }: State, manager: string, next: JsonObject): State {
  return { object: next, managers: afterUpdate(schema, object, next, managers, who(manager, 'Update'), 'T') };
}

function labels(values: Record<string, string>): JsonObject {
  return { metadata: { name: 'x', labels: values } };
}

function owners({ managers }: State): Record<string, string[]> {
  const lists = managers
    .filter(({ fields }) => !fields.isEmpty)
    .map(({ manager, fields }) => [manager, [...fields.paths()].map(pathText)] as const);
  return Object.fromEntries(lists);
}

describe('applyConfig', () => {
  it('merges maps entry by entry and owns what it applied', () => {
    const state = apply(apply(nothing, 'one', labels({ a: '1' })), 'two', labels({ b: '2' }));
    expect(state.object).toEqual(labels({ a: '1', b: '2' }));
    expect(owners(state)).toEqual({ one: ['.metadata.labels.a'], two: ['.metadata.labels.b'] });
  });

  it('removes what this manager applied before and does not any more', () => {
    const first = apply(nothing, 'one', labels({ a: '1', b: '2' }));
    expect(apply(first, 'one', labels({ b: '2' })).object).toEqual(labels({ b: '2' }));
    expect(apply(first, 'one', { metadata: { name: 'x' } }).object).toEqual({ metadata: { name: 'x' } });
  });

  it('keeps what another manager applied too', () => {
    const shared = apply(apply(nothing, 'one', labels({ a: '1' })), 'two', labels({ a: '1' }));
    const left = apply(shared, 'one', { metadata: { name: 'x' } });
    expect(left.object).toEqual(labels({ a: '1' }));
    expect(owners(left)).toEqual({ two: ['.metadata.labels.a'] });
  });

  it('keeps what nobody applied', () => {
    const live = { object: labels({ a: '1', handmade: 'yes' }), managers: [] };
    const applied = apply(live, 'one', labels({ a: '1' }));
    expect(apply(applied, 'one', { metadata: { name: 'x' } }).object).toEqual(labels({ handmade: 'yes' }));
  });

  it('refuses to change a field of another manager', () => {
    const first = apply(nothing, 'one', labels({ a: '1' }));
    expect(() => apply(first, 'two', labels({ a: '2' }))).toThrow(
      expect.objectContaining({
        message: 'Apply failed with 1 conflict: conflict with "one": .metadata.labels.a',
        code: 409,
        status: expect.objectContaining({
          reason: 'Conflict',
          details: {
            causes: [
              { reason: 'FieldManagerConflict', message: 'conflict with "one"', field: '.metadata.labels.a' },
            ],
          },
        }),
      }),
    );
  });

  it('names the version of a manager that updated, and lists several conflicts by manager', () => {
    const updated = updateBy(nothing, 'zed', labels({ a: '1', b: '1' }));
    const mixed = apply(updated, 'amy', labels({ c: '1' }));
    expect(() => apply(mixed, 'two', labels({ a: '2', b: '2', c: '2' }))).toThrow(
      [
        'Apply failed with 3 conflicts: conflicts with "amy":',
        '- .metadata.labels.c',
        'conflicts with "zed" using v1:',
        '- .metadata.labels.a',
        '- .metadata.labels.b',
      ].join('\n'),
    );
  });

  it('takes fields by force', () => {
    const taken = apply(apply(nothing, 'one', labels({ a: '1', b: '1' })), 'two', labels({ a: '2' }), true);
    expect(taken.object).toEqual(labels({ a: '2', b: '1' }));
    expect(owners(taken)).toEqual({ one: ['.metadata.labels.b'], two: ['.metadata.labels.a'] });
  });

  it('merges containers by name and their ports by number and protocol', () => {
    const pod = (container: JsonObject): JsonObject => ({
      spec: { containers: [{ name: 'c', ...container }] },
    });
    const first = apply(nothing, 'one', pod({ image: 'x', ports: [{ containerPort: 80 }] }));
    const second = apply(
      first,
      'two',
      pod({ ports: [{ containerPort: 80, protocol: 'UDP' }], env: [{ name: 'A' }] }),
    );
    expect(second.object).toEqual(
      pod({
        image: 'x',
        ports: [{ containerPort: 80 }, { containerPort: 80, protocol: 'UDP' }],
        env: [{ name: 'A' }],
      }),
    );
    expect(owners(second)['two']).toEqual([
      '.spec.containers[name="c"]',
      '.spec.containers[name="c"].name',
      '.spec.containers[name="c"].ports[containerPort=80,protocol="UDP"]',
      '.spec.containers[name="c"].ports[containerPort=80,protocol="UDP"].containerPort',
      '.spec.containers[name="c"].ports[containerPort=80,protocol="UDP"].protocol',
      '.spec.containers[name="c"].env[name="A"]',
      '.spec.containers[name="c"].env[name="A"].name',
    ]);
    const left = apply(second, 'one', { metadata: { name: 'x' } });
    expect(left.object).toMatchObject(
      pod({ ports: [{ containerPort: 80, protocol: 'UDP' }], env: [{ name: 'A' }] }),
    );
    expect(apply(left, 'two', { metadata: { name: 'x' } }).object).toEqual({ metadata: { name: 'x' } });
  });

  it('treats the rules and selectors of a policy as one field each', () => {
    const policies = KINDS.networkpolicies.schema;
    const spec = (app: string): JsonObject => ({
      spec: { podSelector: { matchLabels: { app } }, ingress: [{ from: [{ podSelector: {} }] }] },
    });
    const request = { schema: policies, force: false, time: 'T', managers: [], who: who('one') };
    const first = applyConfig({ ...request, live: {}, config: spec('a') });
    expect(owners(first)).toEqual({ one: ['.spec.podSelector', '.spec.ingress'] });
    const second = applyConfig({
      ...request,
      live: first.object,
      managers: first.managers,
      config: { spec: { ingress: [] } },
    });
    expect(second.object).toEqual({ spec: { ingress: [] } });
  });

  it('replaces a field by no value where the configuration says null', () => {
    const first = apply(nothing, 'one', { spec: { nodeName: 'a' } });
    expect(apply(first, 'one', { spec: { nodeName: null } }).object).toEqual({ spec: { nodeName: null } });
  });

  it('changes nothing when it is repeated', () => {
    const values = fc.dictionary(fc.constantFrom('a', 'b', 'c', 'd'), fc.constantFrom('1', '2'));
    fc.assert(
      fc.property(values, values, values, (one, two, again) => {
        const both = apply(apply(nothing, 'one', labels(one)), 'two', labels(two), true);
        const once = apply(both, 'one', labels(again), true);
        const twice = apply(once, 'one', labels(again));
        expect(twice.object).toEqual(once.object);
        expect(encodeManagers(twice.managers)).toEqual(encodeManagers(once.managers));
        for (const [key, value] of Object.entries(again))
          expect(once.object).toMatchObject(labels({ [key]: value }));
      }),
    );
  });
});

describe('afterUpdate', () => {
  it('gives who writes what changed and takes it from everyone else', () => {
    const applied = apply(nothing, 'one', labels({ a: '1', b: '1' }));
    const updated = updateBy(applied, 'hand', labels({ a: '2', c: '1' }));
    expect(owners(updated)).toEqual({ hand: ['.metadata.labels.a', '.metadata.labels.c'] });
  });

  it('owns new maps and lists themselves, as a real server does', () => {
    const created = updateBy(nothing, 'kubectl-create', {
      apiVersion: 'v1',
      kind: 'Pod',
      metadata: { name: 'x', namespace: 'y', labels: { a: '1' } },
      spec: { containers: [{ name: 'c', env: [{ name: 'A', value: 'b' }] }] },
    });
    expect(encodeManagers(created.managers)).toEqual([
      {
        manager: 'kubectl-create',
        operation: 'Update',
        apiVersion: 'v1',
        time: 'T',
        fieldsType: 'FieldsV1',
        fieldsV1: {
          'f:metadata': { 'f:labels': { '.': {}, 'f:a': {} } },
          'f:spec': {
            'f:containers': {
              '.': {},
              'k:{"name":"c"}': {
                '.': {},
                'f:env': { '.': {}, 'k:{"name":"A"}': { '.': {}, 'f:name': {}, 'f:value': {} } },
                'f:name': {},
              },
            },
          },
        },
      },
    ]);
  });
});

describe('FieldSet', () => {
  it('survives the way to FieldsV1 and back', () => {
    const fields = fieldsOf(schema, {
      metadata: { labels: { a: '1' }, finalizers: ['x/y'] },
      spec: {
        containers: [{ name: 'c', command: ['x'], ports: [{ containerPort: 1 }] }],
        nodeSelector: { a: 'b' },
      },
    });
    expect(fromFieldsV1(fields.toFieldsV1()).equals(fields)).toBe(true);
    expect([...fields.paths()].map(pathText)).toContain('.metadata.finalizers[="x/y"]');
  });
});

describe('listProblems', () => {
  it('wants each key once, and takes one that is missing as empty', () => {
    const ports = [{ name: 'a' }, { name: 'b', protocol: 'TCP' }];
    const containers = [{ image: 'x' }, { name: 'c' }, { name: 'c', ports }];
    expect(listProblems(schema, { spec: { containers } })).toEqual([
      '.spec.containers: duplicate entries for key [name="c"]',
      '.spec.containers[name="c"].ports: duplicate entries for key [containerPort=0,protocol="TCP"]',
    ]);
    expect(listProblems(schema, { spec: { containers: [{ image: 'x' }, { image: 'y' }] } })).toEqual([
      '.spec.containers: duplicate entries for key [name=""]',
    ]);
  });
});
