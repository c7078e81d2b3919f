import { describe, expect, it } from 'vitest';
import type { Namespace } from '../../../src/sandbox/api/kinds/namespaces/object.ts';
import { createStore } from '../../../src/sandbox/api/memory-store.ts';
import { alreadyExists } from '../../../src/sandbox/api/status.ts';
import type { Change } from '../../../src/sandbox/api/store.ts';

function namespace(name: string, labels: Record<string, string> = {}): Namespace {
  return { apiVersion: 'v1', kind: 'Namespace', metadata: { name, labels } };
}

function label(key: string, value: string): (object: Namespace) => Namespace {
  return (object) => {
    object.metadata.labels = { ...object.metadata.labels, [key]: value };
    return object;
  };
}

describe('createStore', () => {
  it('gives a new object uid, creationTimestamp and resourceVersion, and leaves what it was given alone', () => {
    const store = createStore({ now: () => new Date('2026-01-02T03:04:05.678Z'), newUid: () => 'uid-1' });
    const given = namespace('shop');
    const stored = store.create('namespaces', given);
    expect(stored.metadata).toEqual({
      name: 'shop',
      labels: {},
      uid: 'uid-1',
      creationTimestamp: '2026-01-02T03:04:05Z',
      resourceVersion: '1',
    });
    expect(given).toEqual(namespace('shop'));
    expect(store.get('namespaces', undefined, 'shop')).toBe(stored);
  });

  it('refuses a second object of the same name', () => {
    const store = createStore();
    store.create('namespaces', namespace('shop'));
    expect(() => store.create('namespaces', namespace('shop'))).toThrow(
      alreadyExists({ group: '', name: 'namespaces' }, 'shop'),
    );
  });

  it('freezes what it stores', () => {
    const store = createStore();
    const stored = store.create('namespaces', namespace('shop'));
    expect(() => Object.assign(stored.metadata.labels ?? {}, { a: 'b' })).toThrow(TypeError);
  });

  it('lists by namespace and name', () => {
    const store = createStore();
    for (const name of ['b', 'a', 'c']) store.create('namespaces', namespace(name));
    store.remove('namespaces', undefined, 'c');
    expect(store.list('namespaces').map(({ metadata }) => metadata.name)).toEqual(['a', 'b']);
    expect(store.list('namespaces', 'elsewhere')).toEqual([]);
  });

  it('counts a revision for every change, and none for an update that changes nothing', () => {
    const store = createStore();
    const created = store.create('namespaces', namespace('shop', { team: 'a' }));
    expect(store.update('namespaces', undefined, 'shop', label('team', 'a'))).toBe(created);
    expect(store.revision).toBe(1);
    const changed = store.update('namespaces', undefined, 'shop', label('team', 'b'));
    expect(changed?.metadata.resourceVersion).toBe('2');
    expect(store.update('namespaces', undefined, 'gone', label('team', 'b'))).toBeUndefined();
    store.remove('namespaces', undefined, 'shop');
    store.remove('namespaces', undefined, 'shop');
    expect(store.revision).toBe(3);
  });

  it('tells listeners of every change, with the object before it, until they end it', () => {
    const store = createStore();
    const heard: Change[] = [];
    const end = store.listen((change) => heard.push(change));
    const created = store.create('namespaces', namespace('shop'));
    const changed = store.update('namespaces', undefined, 'shop', label('a', 'b'));
    store.remove('namespaces', undefined, 'shop');
    end();
    store.create('namespaces', namespace('other'));
    expect(heard.map(({ type, revision }) => `${type} ${revision}`)).toEqual([
      'ADDED 1',
      'MODIFIED 2',
      'DELETED 3',
    ]);
    expect(heard[1]).toMatchObject({ object: changed, before: created });
    expect(heard[2]?.object.metadata.resourceVersion).toBe('3');
    expect(heard[2]?.before).toBe(changed);
  });

  it('tells all listeners in order when one of them writes', () => {
    const store = createStore();
    const heard: string[] = [];
    store.listen(({ type }) => {
      if (type === 'ADDED') store.update('namespaces', undefined, 'shop', label('a', 'b'));
    });
    store.listen(({ type, revision }) => heard.push(`${type} ${revision}`));
    store.create('namespaces', namespace('shop'));
    expect(heard).toEqual(['ADDED 1', 'MODIFIED 2']);
  });

  it('remembers as many changes of each resource as it was told to', () => {
    const store = createStore({ historyLength: 2 });
    store.create('namespaces', namespace('a'));
    store.create('namespaces', namespace('b'));
    expect(store.changesSince('namespaces', 0)?.map(({ revision }) => revision)).toEqual([1, 2]);
    store.create('namespaces', namespace('c'));
    expect(store.changesSince('namespaces', 0)).toBeUndefined();
    expect(store.changesSince('namespaces', 1)?.map(({ revision }) => revision)).toEqual([2, 3]);
    expect(store.changesSince('namespaces', 3)).toEqual([]);
    expect(store.changesSince('pods', 0)).toEqual([]);
  });
});
