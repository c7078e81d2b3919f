import { describe, expect, it } from 'vitest';
import type { WatchedStretch } from '../../../src/judge/windows/track.ts';
import type { Heard } from '../../../src/run/watching/heard.ts';
import type { TimeSpan } from '../../../src/run/watching/spans.ts';
import { type HeardPod, type HeardWay, Tracks } from '../../../src/run/watching/tracks.ts';

const WITHIN = { fromMs: 0, toMs: 20_000 };
const EVERY_MS = 1_000;
const span = (fromMs: number, toMs: number): TimeSpan => ({ fromMs, toMs });
const connected = (fromMs: number, lastMs: number): WatchedStretch => ({
  outcome: 'connected',
  count: 2,
  firstMs: fromMs,
  firstTookMs: 1,
  lastMs,
  lastTookMs: 1,
  mostApartMs: 1_000,
});
const ALWAYS = connected(200, 19_800);

/** An agent in the best of health. */
function heard(
  stretches: Readonly<Record<number, readonly WatchedStretch[]>>,
  parts: Partial<Heard> = {},
): Heard {
  return {
    agent: 'one',
    clockMs: 2,
    span: WITHIN,
    processMs: 0,
    due: 20,
    begun: 20,
    attempts: 20,
    stretchesOf: (target) => stretches[target] ?? [ALWAYS],
    heldOf: () => [],
    stalls: [],
    lost: [],
    visits: [WITHIN],
    ...parts,
  };
}

const pod = (key: string, ...agents: readonly Heard[]): HeardPod => ({ key, agents });
const way = (name: string, stretches: readonly WatchedStretch[]): HeardWay => ({
  name,
  agents: [heard({ 7: stretches })],
  target: 7,
});

function trackOf({
  from = pod('shop/web', heard({})),
  to = pod('shop/db', heard({})),
  ways = [],
}: {
  readonly from?: HeardPod;
  readonly to?: HeardPod;
  readonly ways?: readonly HeardWay[];
} = {}) {
  return new Tracks(EVERY_MS, WITHIN).of({ from, target: 1, listeners: [{ to, listener: 2 }], ways });
}

describe('a track', () => {
  it('is without dark times where all was there', () => {
    expect(trackOf({ ways: [way('the way from node-1 to node-2', [ALWAYS])] })).toEqual({
      stretches: [ALWAYS],
      clockMs: 2,
      dark: { source: [], destination: [], way: [] },
    });
  });

  it('is dark while an agent did not run, was not heard, or had too much to remember', () => {
    const from = pod(
      'shop/web',
      heard({}, { span: span(0, 15_000), stalls: [span(3_000, 5_000)], lost: [span(8_000, 9_000)] }),
    );
    expect(trackOf({ from }).dark.source).toEqual([
      { fromMs: 15_000, toMs: 20_000, why: 'shop/web was not heard' },
      { fromMs: 3_000, toMs: 5_000, why: 'the agent of shop/web did not run' },
      { fromMs: 8_000, toMs: 9_000, why: 'the agent of shop/web had more to remember than it can' },
    ]);
  });

  it('is dark between two agents of a pod', () => {
    const to = pod(
      'shop/db',
      heard({}, { span: span(0, 5_000) }),
      heard({}, { agent: 'two', span: span(9_000, 20_000), clockMs: 4 }),
    );
    const { dark } = trackOf({ to });
    expect(dark.destination).toEqual([{ fromMs: 5_000, toMs: 9_000, why: 'shop/db was replaced' }]);
    expect(dark.source).toEqual([]);
  });

  it('is dark between two watches of one agent, which nobody has replaced', () => {
    const from = pod(
      'shop/web',
      heard({}, { span: span(0, 5_000) }),
      heard({}, { span: span(9_000, 20_000) }),
    );
    expect(trackOf({ from }).dark.source).toEqual([
      { fromMs: 5_000, toMs: 9_000, why: 'shop/web was not heard' },
    ]);
  });

  it('is dark while the destination did not reach its own port; one attempt that fails alone is nothing', () => {
    const to = pod(
      'shop/db',
      heard({ 2: [connected(200, 4_000), connected(6_000, 9_000), connected(14_000, 19_500)] }),
    );
    expect(trackOf({ to }).dark.destination).toEqual([
      { fromMs: 9_001, toMs: 14_000, why: 'shop/db was not seen to listen' },
    ]);
  });

  it('has a dark way while a kubelet stayed away, or nodes did not reach each other', () => {
    const from = pod('shop/web', heard({}, { visits: [span(0, 6_000), span(12_000, 18_000)] }));
    const ways = [way('the way from node-1 to node-2', [connected(200, 3_000), connected(7_000, 19_900)])];
    expect(trackOf({ from, ways }).dark).toEqual({
      source: [],
      destination: [],
      way: [
        { fromMs: 6_000, toMs: 12_000, why: 'its kubelet did not reach shop/web' },
        { fromMs: 3_001, toMs: 7_000, why: 'the way from node-1 to node-2 was not seen to be open' },
      ],
    });
  });

  it('is dark all the time where nobody was ever heard', () => {
    expect(trackOf({ from: pod('shop/web') }).dark.source).toEqual([
      { fromMs: 0, toMs: 20_000, why: 'shop/web was not heard' },
    ]);
  });
});

describe('what a check rests on', () => {
  const tracks = new Tracks(EVERY_MS, WITHIN);
  const open = way('the way from node-1 to node-2', [ALWAYS]);

  it('is dark while any of the pods of a Service is: a connection may have gone to just that one', () => {
    const well = pod('shop/api-1', heard({}));
    const deaf = pod('shop/api-2', heard({ 3: [connected(200, 9_000), connected(14_000, 19_500)] }));
    const cutOff = pod('shop/api-3', heard({}, { visits: [span(0, 6_000), span(12_000, 20_000)] }));
    const listeners = [well, deaf, cutOff].map((to, index) => ({ to, listener: 2 + index }));
    expect(tracks.around({ listeners, ways: [open] })).toEqual({
      destination: [{ fromMs: 9_001, toMs: 14_000, why: 'shop/api-2 was not seen to listen' }],
      way: [{ fromMs: 6_000, toMs: 12_000, why: 'its kubelet did not reach shop/api-3' }],
    });
  });

  it('is, of a host that is simulated, its agent and no kubelet', () => {
    const bank: HeardPod = { ...pod('host/bank', heard({}, { visits: [] })), isOutside: true };
    const listeners = [{ to: bank, listener: 2 }];
    expect(tracks.around({ listeners, ways: [open] })).toEqual({ destination: [], way: [] });
    expect(tracks.of({ from: bank, target: 1, listeners, ways: [open] }).dark.way).toEqual([]);
  });

  it('is in doubt, where nobody of podreach answers, around each attempt of somebody else that fails', () => {
    const missed = way('the way from node-1 to host/bank:443/TCP', [
      connected(200, 9_200),
      connected(11_100, 19_900),
    ]);
    const around = { listeners: [], ways: [missed] };
    expect(tracks.around(around).destination).toMatchObject([{ fromMs: 4_201, toMs: 16_100 }]);
    // Between nodes, one that fails alone is noise.
    const listeners = [{ to: pod('shop/db', heard({})), listener: 2 }];
    expect(tracks.around({ listeners, ways: [missed] }).way).toEqual([]);
    // What moves by a part of its period has missed nothing.
    const late = way('the way', [connected(200, 9_200), connected(10_600, 19_900)]);
    expect(tracks.around({ listeners: [], ways: [late] }).destination).toEqual([]);
  });

  it('is, where nobody of podreach answers, that somebody else reaches the same', () => {
    const other = way('the way from node-1 to host/bank:443/TCP', [
      connected(200, 3_000),
      connected(7_000, 19_900),
    ]);
    const why = 'the way from node-1 to host/bank:443/TCP was not seen to be open';
    expect(tracks.around({ listeners: [], ways: [other] })).toEqual({
      destination: [{ fromMs: 0, toMs: 12_000, why }],
      way: [],
    });
    expect(tracks.around({ listeners: [], ways: [] }).destination).toEqual([
      { ...WITHIN, why: 'nobody else tried whether anybody listens there' },
    ]);
  });
});
