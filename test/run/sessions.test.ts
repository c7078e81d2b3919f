/** Which exec is asked: one that rests, or a new one. */
import { expect, test } from 'vitest';
import type { ExecRequest, ExecSession } from '../../src/kube/kube.ts';
import { Sessions } from '../../src/run/sessions.ts';
import { sleepingClock } from '../cluster/kind/world.ts';

const WEB = { namespace: 'shop', name: 'web', ip: '10.0.0.1', node: 'node-1' };
const DB = { ...WEB, namespace: 'data', name: 'db' };
const MINUTE_MS = 60_000;

interface Opened extends ExecSession {
  isOpen: boolean;
  readonly request: ExecRequest;
}

function world() {
  const opened: Opened[] = [];
  const exec = (request: ExecRequest): ExecSession => {
    const session: Opened = {
      request,
      isOpen: true,
      ask: async () => ({ kind: 'answered', stdout: '' }),
      close: () => {
        session.isOpen = false;
      },
    };
    opened.push(session);
    return session;
  };
  const clock = sleepingClock();
  return { opened, clock, sessions: new Sessions({ exec }, clock, new AbortController().signal) };
}

test('one that rests is asked again; one that is in use is not', () => {
  const { opened, sessions } = world();
  const { session: first, isNew } = sessions.take(WEB);
  expect(isNew).toBe(true);
  expect(sessions.take(WEB).session).not.toBe(first);
  sessions.rest(WEB, first);
  expect(sessions.take(WEB)).toEqual({ session: first, isNew: false });
  expect(sessions.take(DB).isNew).toBe(true);
  expect(opened.map(({ request }) => `${request.namespace}/${request.pod}`)).toEqual([
    'shop/web',
    'shop/web',
    'data/db',
  ]);
});

test('one that has ended while it rested is not asked', () => {
  const { sessions } = world();
  const { session } = sessions.take(WEB);
  sessions.rest(WEB, session);
  session.close();
  expect(sessions.take(WEB).session).not.toBe(session);
});

test('one whose relay is about to end is closed, and not asked', async () => {
  const { sessions, clock } = world();
  const { session } = sessions.take(WEB);
  sessions.rest(WEB, session);
  await clock.sleep(MINUTE_MS - 1);
  expect(sessions.take(WEB).session).not.toBe(session);
  expect(session.isOpen).toBe(false);
});

test('those into the pods of some namespaces are closed when these go', () => {
  const { opened, sessions } = world();
  for (const pod of [WEB, DB]) sessions.rest(pod, sessions.take(pod).session);
  sessions.close(new Set(['shop']));
  expect(opened.map(({ isOpen }) => isOpen)).toEqual([false, true]);
  sessions.close();
  expect(opened.map(({ isOpen }) => isOpen)).toEqual([false, false]);
});
