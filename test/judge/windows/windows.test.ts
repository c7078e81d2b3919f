/** Windows, attempt by attempt: one a second, the first after half a second; a connection takes 10 ms, a timeout 500 ms. */
import { describe, expect, test } from 'vitest';
import type { Dark } from '../../../src/judge/windows/track.ts';
import { windowsOf } from '../../../src/judge/windows/windows.ts';
import type { Expectation } from '../../../src/model/check.ts';
import { type Edge, lengthOf, type Window } from '../../../src/model/window.ts';
import { attemptsOf, type Circumstances, type Tried, trackOf } from './tracks.ts';

function windows(expected: Expectation, text: string, circumstances: Circumstances = {}): string[] {
  const endMs = 1000 * text.length;
  return windowsOf(expected, trackOf(attemptsOf(text), circumstances), { everyMs: 1000, endMs }).map(written);
}

/** `leak 500..1510 to 2500..3510 (2 connected)` */
function written({ kind, began, ended, attempts, outcome, why }: Window): string {
  const edge = ({ earliestMs, latestMs }: Edge): string => `${earliestMs}..${latestMs}`;
  const until = ended === undefined ? 'the end' : edge(ended);
  return `${kind} ${edge(began)} to ${until} (${attempts} ${outcome ?? why})`;
}

const dark = (fromMs: number, toMs: number, why = 'it was dark'): Dark => ({ fromMs, toMs, why });

test('a name server that does not answer is waited for in vain, as is anybody else', () => {
  const beganOf = (outcome: 'timeout' | 'dns-failure', detail?: string): Edge | undefined => {
    const attempts = Array.from({ length: 12 }, (_, second): Tried => {
      const isLost = second >= 3 && second < 9;
      return {
        outcome: isLost ? outcome : 'connected',
        atMs: 500 + 1000 * second,
        tookMs: isLost ? 3000 : 10,
      };
    });
    const track = trackOf(attempts);
    const stretches = track.stretches.map((one) =>
      one.outcome === outcome && detail !== undefined ? { ...one, detail } : one,
    );
    const [gap] = windowsOf('reachable', { ...track, stretches }, { everyMs: 1000, endMs: 12_000 });
    return gap?.began;
  };
  expect(beganOf('dns-failure', 'ETIMEOUT')).toEqual(beganOf('timeout'));
  // One that says that there is no such name has been waited for.
  expect(beganOf('dns-failure', 'ENOTFOUND')?.latestMs).toBe(6_500);
});

describe('what is as expected', () => {
  test.each([
    ['reachable', 'CCCCCC'],
    ['reachable', 'CCFCCC'],
    ['reachable', 'CFCFCF'],
    ['reachable', 'CCECCC'],
    ['reachable', 'CC.CCC'],
    ['unreachable', 'FFFFFF'],
    ['unreachable', 'FRFRRR'],
    ['unreachable', 'FFEFFF'],
    ['unreachable', 'FF.FFF'],
  ] as const)('%s: %s is no window', (expected, text) => {
    expect(windows(expected, text)).toEqual([]);
  });
});

describe('a name that does not resolve', () => {
  test('is a gap of what must be reachable: who dials it reaches nobody', () => {
    expect(windows('reachable', 'CCDDCC')).toEqual([
      expect.stringMatching(/^gap 1500\.\.\d+ to 3500\.\.4510 \(2 dns-failure\)$/),
    ]);
  });

  test('proves nothing of what must be unreachable', () => {
    expect(windows('unreachable', 'FFDDDDFF')).toEqual([
      expect.stringMatching(/^unknown .*\(4 the name did not resolve\)$/),
    ]);
    expect(windows('unreachable', 'FFDDCDFF')).toContainEqual(
      expect.stringMatching(/^leak .*\(1 connected\)$/),
    );
  });
});

describe('a leak', () => {
  test.each([
    ['is one connection', 'FFCFFF', ['leak 1500..2510 to 2500..3510 (1 connected)']],
    ['goes on while attempts connect', 'FCCCFF', ['leak 500..1510 to 3500..4510 (3 connected)']],
    [
      'ends with a denied attempt',
      'FCFCFF',
      ['leak 500..1510 to 1500..2510 (1 connected)', 'leak 2500..3510 to 3500..4510 (1 connected)'],
    ],
    ['may have begun before the watch', 'CFFFFF', ['leak 0..510 to 500..1510 (1 connected)']],
    ['may go on when the watch ends', 'FFFFCC', ['leak 3500..4510 to the end (2 connected)']],
    ['is also what opened and was cut', 'FFXFFF', ['leak 1500..2520 to 2500..4000 (1 reset)']],
    ['is also what another answered', 'FFWFFF', ['leak 1500..2520 to 2500..4000 (1 wrong-peer)']],
    ['goes on over what proves nothing', 'FCECFF', ['leak 500..1510 to 3500..4510 (2 connected)']],
    ['says what most of it showed', 'FXCCFF', ['leak 500..1520 to 3500..4510 (3 connected)']],
  ])('%s', (_, text, expected) => {
    expect(windows('unreachable', text)).toEqual(expected);
  });

  test('lasted at least from the first connection that was through to the dial of the last', () => {
    const [window] = windowsOf('unreachable', trackOf(attemptsOf('FCCCFF')), { everyMs: 1000, endMs: 6000 });
    expect(window && lengthOf(window, 6000)).toEqual({ atLeastMs: 1990, atMostMs: 4010 });
  });

  test('has edges that are as uncertain as the clocks, but lie in the watch', () => {
    expect(windows('unreachable', 'CFCF', { clockMs: 100 })).toEqual([
      'leak 0..610 to 400..1610 (1 connected)',
      'leak 1400..2610 to 2400..3610 (1 connected)',
    ]);
    expect(windows('unreachable', 'FC', { clockMs: 600 })).toEqual(['leak 0..2000 to the end (1 connected)']);
  });
});

describe('a gap', () => {
  test.each([
    ['is two attempts in a row that failed', 'CCFFCC', ['gap 1500..2510 to 3500..4510 (2 timeout)']],
    ['is also two that failed differently', 'CCFRCC', ['gap 1500..2510 to 3500..4510 (2 timeout)']],
    ['says what most of it showed', 'CFRRCC', ['gap 500..1510 to 3500..4510 (3 refused)']],
    ['goes on over what proves nothing', 'CFEFCC', ['gap 500..1510 to 3500..4510 (2 timeout)']],
    ['may have begun before the watch', 'FFCCCC', ['gap 0..510 to 1500..2510 (2 timeout)']],
    ['may go on when the watch ends', 'CCCCFF', ['gap 3500..4510 to the end (2 timeout)']],
    ['is also what opened and was cut', 'CXXC', ['gap 500..1520 to 2500..3510 (2 reset)']],
    [
      'ends with a connection',
      'CFFCFFC',
      ['gap 500..1510 to 2500..3510 (2 timeout)', 'gap 3500..4510 to 5500..6510 (2 timeout)'],
    ],
  ])('%s', (_, text, expected) => {
    expect(windows('reachable', text)).toEqual(expected);
  });

  test('begins when an answer should have come, and where nothing ever connected when the attempt was over', () => {
    expect(windows('reachable', 'FFF')).toEqual(['gap 0..1000 to the end (3 timeout)']);
  });

  test('is nothing that another answered', () => {
    expect(windows('reachable', 'CWWWWC')).toEqual([
      'unknown 500..1500 to 4520..5510 (4 something else answered)',
    ]);
  });
});

describe('a watch that was over before its check was tried', () => {
  const untried = (circumstances: Circumstances, isOver: boolean): string[] =>
    windowsOf('unreachable', trackOf([], circumstances), { everyMs: 1000, endMs: 900, isOver }).map(written);

  test('is unknown, however short it was', () => {
    expect(untried({}, true)).toEqual([
      'unknown 0..0 to the end (0 no attempt was made, or none was heard of)',
    ]);
    expect(untried({ source: [dark(200, 500)] }, true)).toEqual([
      'unknown 0..0 to 200..200 (0 no attempt was made, or none was heard of)',
      'unknown 200..200 to 500..500 (0 it was dark)',
      'unknown 500..500 to the end (0 no attempt was made, or none was heard of)',
    ]);
  });

  test('is not told as long as it may still be tried', () => {
    expect(untried({}, false)).toEqual([]);
  });
});

describe('unknown', () => {
  test.each([
    [
      'is a time in which no attempt was made',
      'CC...CCC',
      ['unknown 1500..1500 to 5500..5510 (0 no attempt was made, or none was heard of)'],
    ],
    [
      'is a time in which the probe could not try',
      'CCEEECCC',
      ['unknown 1500..2500 to 4520..5510 (3 the probe could not try)'],
    ],
    [
      'is the beginning where attempts began late',
      '...CCC',
      ['unknown 0..0 to 3500..3510 (0 no attempt was made, or none was heard of)'],
    ],
    [
      'is the end where attempts stopped',
      'CCC...',
      ['unknown 2510..2510 to the end (0 no attempt was made, or none was heard of)'],
    ],
    [
      'is all of it where there was none',
      '....',
      ['unknown 0..0 to the end (0 no attempt was made, or none was heard of)'],
    ],
    [
      'has one window for each reason',
      'CEEWWC',
      [
        'unknown 500..1500 to 2520..3500 (2 the probe could not try)',
        'unknown 2520..3500 to 4520..5510 (2 something else answered)',
      ],
    ],
  ])('%s', (_, text, expected) => {
    expect(windows('reachable', text)).toEqual(expected);
  });

  test('is the sleep of a source, also where a stretch hides it', () => {
    const text = 'CCCC.....CCCC';
    const source = [dark(4000, 9000)];
    expect(windows('reachable', text, { source })).toEqual([
      'unknown 3500..4000 to 9000..9510 (0 it was dark)',
    ]);
    // A stretch does not tell when its last attempt before the sleep was made, but none was missing.
    expect(windows('reachable', text, { source, apartMs: 10_000 })).toEqual([
      'unknown 2500..4000 to 9000..10510 (0 it was dark)',
    ]);
  });

  test('is all of a stretch that hides more missing attempts than are explained', () => {
    expect(windows('reachable', 'CCCC.....CCCC', { apartMs: 10_000 })).toEqual([
      'unknown 500..500 to 12500..12510 (0 no attempt was made, or none was heard of)',
    ]);
  });

  test.each([
    [250, 750],
    [1000, 2500],
  ])('is more than what may be missed: of attempts every %i ms more than %i ms', (everyMs, holeMs) => {
    const found = (apartMs: number): number => {
      const attempts = [0, apartMs].map((atMs) => ({ outcome: 'connected' as const, atMs, tookMs: 1 }));
      return windowsOf('reachable', trackOf(attempts), { everyMs, endMs: apartMs + 1 }).length;
    };
    expect(found(holeMs)).toBe(0);
    expect(found(holeMs + 1)).toBe(1);
  });

  test('is the sleep of a source that cost one attempt, and not one that cost none', () => {
    expect(windows('reachable', 'CC.CC', { source: [dark(2300, 2800)] })).toEqual([
      'unknown 1500..2300 to 2800..3510 (0 it was dark)',
    ]);
    expect(windows('reachable', 'CCCCC', { source: [dark(1700, 2200)] })).toEqual([]);
    expect(windows('unreachable', 'FF.FF', { source: [dark(2300, 2400)] })).toEqual([
      'unknown 1500..2300 to 2400..4000 (0 it was dark)',
    ]);
  });

  test('is what is left of the time when the source was gone for good', () => {
    expect(windows('reachable', 'CCC.....', { source: [dark(2800, 8000, 'shop/web was gone')] })).toEqual([
      'unknown 2510..2800 to the end (0 shop/web was gone)',
    ]);
  });
});

describe('dark times', () => {
  test.each(['source', 'destination', 'way'] as const)(
    'of the %s: what is denied in them proves nothing',
    (side) => {
      expect(windows('unreachable', 'FFFFFFFFFF', { [side]: [dark(4000, 7000)] })).toEqual([
        'unknown 2500..4000 to 7000..8500 (3 it was dark)',
      ]);
    },
  );

  test.each(['source', 'destination'] as const)('of the %s: what fails in them is no gap', (side) => {
    expect(windows('reachable', 'CCCFFFCC', { [side]: [dark(2900, 5600)] })).toEqual([
      'unknown 2500..2900 to 5600..6510 (3 it was dark)',
    ]);
  });

  test('of the way are no excuse for a gap', () => {
    expect(windows('reachable', 'CCCFFFCC', { way: [dark(2900, 5600)] })).toEqual([
      'gap 2500..3510 to 5500..6510 (3 timeout)',
    ]);
  });

  test.each(['source', 'destination', 'way'] as const)(
    'of the %s: a connection in them is a leak',
    (side) => {
      expect(windows('unreachable', 'FFFFCFFFF', { [side]: [dark(2400, 6900)] })).toEqual([
        'unknown 900..2400 to 4500..4510 (2 it was dark)',
        'unknown 4500..4500 to 6900..7910 (2 it was dark)',
        'leak 900..4510 to 4500..7910 (1 connected)',
      ]);
    },
  );

  test('of the destination: another may have got its address', () => {
    expect(windows('unreachable', 'FFWWWFF', { destination: [dark(1600, 4900)] })).toEqual([
      'unknown 500..1600 to 4900..6000 (4 it was dark)',
    ]);
  });

  test('also spoil what was still out when they began, and what the clocks cannot tell from it', () => {
    expect(windows('reachable', 'CCFFCC', { destination: [dark(3990, 4100)] })).toEqual([
      'unknown 2500..3990 to 4100..4510 (1 it was dark)',
    ]);
    expect(windows('reachable', 'CCFFCC', { destination: [dark(4050, 4100)] })).toEqual([
      'gap 1500..2510 to 3500..4510 (2 timeout)',
    ]);
    expect(windows('reachable', 'CCFFCC', { destination: [dark(2300, 2450)], clockMs: 60 })).toEqual([
      'unknown 1440..2360 to 2390..3570 (1 it was dark)',
    ]);
    expect(windows('reachable', 'CCFFCC', { destination: [dark(2300, 2450)] })).toEqual([
      'gap 1500..2510 to 3500..4510 (2 timeout)',
    ]);
    expect(windows('reachable', 'CCFFCC', { destination: [dark(4050, 4100)], clockMs: 60 })).toEqual([
      'unknown 2440..4110 to 4040..4570 (1 it was dark)',
    ]);
  });

  test('in the middle of a gap leave a gap before and one after, as uncertain as it is unknown what was in between', () => {
    expect(windows('reachable', 'CFFFFFFFFFFC', { destination: [dark(4600, 7400)] })).toEqual([
      'gap 500..1510 to 3100..11510 (3 timeout)',
      'unknown 3100..4600 to 7400..8410 (3 it was dark)',
      'gap 500..8410 to 10500..11510 (4 timeout)',
    ]);
  });

  test('at the end of a watch leave open whether a gap had ended', () => {
    expect(windows('reachable', 'CCFF....', { source: [dark(4500, 8000)] })).toEqual([
      'gap 1500..2510 to 3500..8000 (2 timeout)',
      'unknown 4000..4500 to the end (0 it was dark)',
    ]);
  });

  test('of one reason that follow each other are one window', () => {
    const source = [dark(1600, 3000), dark(3200, 4800)];
    expect(windows('reachable', 'CC...CC', { source })).toEqual([
      'unknown 1500..1600 to 4800..5510 (0 it was dark)',
    ]);
    const way = [dark(3000, 4900, 'the way was shut')];
    expect(windows('unreachable', 'FF...FF', { source: [dark(1600, 4000)], way })).toEqual([
      'unknown 500..1600 to 4000..4000 (1 it was dark)',
      'unknown 4000..4000 to 4900..6000 (0 the way was shut)',
    ]);
  });

  test('that explain only a part leave the rest unexplained', () => {
    expect(windows('reachable', 'CC......CC', { source: [dark(2000, 4000)] })).toEqual([
      'unknown 1500..2000 to 4000..4000 (0 it was dark)',
      'unknown 4000..4000 to 8500..8510 (0 no attempt was made, or none was heard of)',
    ]);
    expect(windows('reachable', 'CC......CC', { source: [dark(5000, 8000)] })).toEqual([
      'unknown 1500..1500 to 5000..5000 (0 no attempt was made, or none was heard of)',
      'unknown 5000..5000 to 8000..8510 (0 it was dark)',
    ]);
  });
});

describe('a connection that took as long as a packet that is sent again', () => {
  /** Each 250 ms, for 10 s; a second is waited for. */
  const attempts = (isOpenAt: (ms: number) => boolean): Tried[] =>
    Array.from({ length: 40 }, (_, turn) => 250 * turn + 100).map((atMs) => {
      // The first packet, and the one that is sent again: it leaves just before the time is over, or just after.
      const [first, again] = [atMs, atMs + 990];
      if (isOpenAt(first)) return { outcome: 'connected', atMs, tookMs: 5 };
      if (isOpenAt(again) && atMs % 500 === 100) return { outcome: 'connected', atMs, tookMs: 995 };
      return { outcome: 'timeout', atMs, tookMs: 1_000 };
    });
  const leaksOf = (isOpenAt: (ms: number) => boolean) =>
    windowsOf('unreachable', trackOf(attempts(isOpenAt)), { everyMs: 250, endMs: 10_000 });

  test.each([
    [4_050, 4_400],
    [4_050, 5_200],
    [4_000, 4_095],
  ])('is no window of its own beside those that were made at once: open from %i to %i ms', (fromMs, toMs) => {
    const windows = leaksOf((ms) => ms >= fromMs && ms < toMs);
    expect(windows.map(({ kind }) => kind)).toEqual(['leak']);
    const [{ began, ended } = {}] = windows;
    expect(began?.earliestMs).toBeLessThanOrEqual(fromMs);
    expect(began?.latestMs).toBeGreaterThanOrEqual(fromMs);
    expect(ended?.earliestMs).toBeLessThanOrEqual(toMs);
    expect(ended?.latestMs).toBeGreaterThanOrEqual(toMs);
  });

  test('does not make one of two that attempts tell apart', () => {
    const windows = leaksOf((ms) => (ms >= 3_050 && ms < 3_400) || (ms >= 6_050 && ms < 6_400));
    expect(windows).toHaveLength(2);
  });
});
