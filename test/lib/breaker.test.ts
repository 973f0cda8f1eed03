import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { advance, type Breaker, dwellSeconds, freshBreaker, sharePercentOf } from '../../lib/breaker.ts';
import type { Signal } from '../../lib/signal.ts';

const start = Date.parse('2026-05-04T12:00:00Z');
const at = (seconds: number) => new Date(start + seconds * 1000);
const signal = (kind: Signal['kind'], seconds: number): Signal => ({
  provider: 'spot',
  kind,
  at: at(seconds),
});
const hour = 3600;

/** A minute tick after the other, each with the signals of its minute. */
function run(
  from: Breaker,
  seconds: { readonly first: number; readonly last: number },
  signalsAt: (second: number) => readonly Signal[],
): { readonly breaker: Breaker; readonly transitions: { state: Breaker['state']; second: number }[] } {
  let breaker = from;
  const transitions: { state: Breaker['state']; second: number }[] = [];
  for (let second = seconds.first; second <= seconds.last; second += 60) {
    const before = breaker;
    breaker = advance(breaker, signalsAt(second), at(second));
    if (breaker.state !== before.state) transitions.push({ state: breaker.state, second });
  }
  return { breaker, transitions };
}

const failing = (second: number) => [signal('failed', second)];
const fine = (second: number) => [signal('satisfied', second)];
const opened = () => run(freshBreaker, { first: 0, last: 60 }, failing).breaker;

describe('a closed breaker', () => {
  it.each<[string, Signal[], Breaker['state']]>([
    ['one failure', [signal('failed', 0)], 'closed'],
    [
      'one failure told three times',
      [signal('failed', 0), signal('failed', 0), signal('failed', 0)],
      'closed',
    ],
    [
      'several failures in one minute',
      [signal('failed', 1), signal('failed', 30), signal('failed', 59)],
      'closed',
    ],
    ['failures in two minutes', [signal('failed', 0), signal('failed', 60)], 'open'],
    ['failures in two minutes, told in the other order', [signal('failed', 60), signal('failed', 0)], 'open'],
    [
      'a failure that something made up for',
      [signal('failed', 0), signal('worked', 30), signal('failed', 60)],
      'closed',
    ],
    ['a failure after which nothing is missing', [signal('failed', 0), signal('satisfied', 30)], 'closed'],
    ['interruptions alone', [0, 60, 120].map((second) => signal('interrupted', second)), 'closed'],
    ['an interruption and a failure', [signal('interrupted', 0), signal('failed', 120)], 'open'],
    [
      'an interruption and a failure in one minute',
      [signal('interrupted', 0), signal('failed', 30)],
      'closed',
    ],
    ['failures too far apart', [signal('failed', 0), signal('failed', 700)], 'closed'],
  ])('after %s opens or stays', (_, signals, state) => {
    const now = Math.max(...signals.map((one) => one.at.getTime())) + 1000;
    expect(advance(freshBreaker, signals, new Date(now)).state).toBe(state as Breaker['state']);
  });

  it('takes a failure that comes late for made up for, where something worked after it', () => {
    const failed = advance(freshBreaker, [signal('failed', 0)], at(10));
    const worked = advance(failed, [signal('worked', 120)], at(130));
    const late = advance(worked, [signal('failed', 60), signal('failed', 0)], at(140));
    expect(late).toEqual(worked);
  });

  it('is not made up for by what worked before it failed, however often that is told', () => {
    const worked = signal('worked', 30);
    const failed = advance(freshBreaker, [worked, signal('failed', 90)], at(100));
    expect(advance(failed, [worked, signal('failed', 150)], at(160)).state).toBe('open');
  });

  it('does not change by what repeats for ever', () => {
    const { breaker } = run(freshBreaker, { first: 0, last: 2 * hour }, fine);
    expect(breaker).toEqual(freshBreaker);
  });
});

describe('an open breaker', () => {
  it('has no share, and returns first after an hour, whatever fails meanwhile', () => {
    const breaker = opened();
    expect(sharePercentOf(breaker)).toBe(0);
    const { transitions } = run(breaker, { first: 120, last: 2 * hour }, (second) =>
      second < hour ? failing(second) : fine(second),
    );
    expect(transitions).toEqual([
      { state: 'half-open', second: hour + 60 },
      { state: 'closed', second: hour + 60 + dwellSeconds },
    ]);
  });

  it('waits twice as long after each return that met nothing, eight hours at most', () => {
    const { transitions } = run(opened(), { first: 120, last: 48 * hour }, failing);
    const returns = transitions.filter(({ state }) => state === 'half-open').map(({ second }) => second);
    const opens = [60, ...transitions.filter(({ state }) => state === 'open').map(({ second }) => second)];
    expect(returns.map((second, i) => (second - (opens[i] ?? 0)) / hour)).toEqual([1, 2, 4, 8, 8, 8, 8]);
  });

  it('returns once a day at most where capacity comes and goes', () => {
    const isGone = (second: number) => Math.floor(second / 300) % 2 === 0;
    const { transitions } = run(freshBreaker, { first: 0, last: 24 * hour }, (second) =>
      isGone(second) ? failing(second) : [signal('worked', second)],
    );
    expect(transitions.map(({ state }) => state)).toEqual(['open', 'half-open', 'open']);
  });
});

describe('a half-open breaker', () => {
  const half = () => run(opened(), { first: 120, last: hour + 60 }, fine).breaker;

  it('has a quarter of its share', () => {
    expect(half().state).toBe('half-open');
    expect(sharePercentOf(half())).toBe(25);
  });

  it('ignores what is older than the return', () => {
    const old = [signal('failed', hour), signal('failed', hour + 30), signal('failed', hour - 60)];
    const breaker = advance(half(), old, at(hour + 120));
    expect(breaker).toEqual(half());
    expect(run(breaker, { first: hour + 180, last: 2 * hour }, () => []).breaker.state).toBe('closed');
  });

  it('opens again after a dwell where it failed in two minutes of it, also if it worked in between', () => {
    const { transitions } = run(half(), { first: hour + 120, last: hour + 60 + dwellSeconds }, (second) =>
      second === hour + 180
        ? [signal('worked', second)]
        : second < hour + 300
          ? failing(second)
          : fine(second),
    );
    expect(transitions).toEqual([{ state: 'open', second: hour + 60 + dwellSeconds }]);
  });
});

/** Whatever may come in a minute. */
const minute = fc.array(
  fc.record({
    kind: fc.constantFrom<Signal['kind'][]>('failed', 'interrupted', 'worked', 'satisfied'),
    lateSeconds: fc.constantFrom(0, 1, 59, 61, 600, 7200),
  }),
  { maxLength: 3 },
);
const stretch = fc.record({ signals: minute, minutes: fc.constantFrom(1, 2, 5, 11, 61, 500) });
const history = fc.array(stretch, { maxLength: 30 });

type Stretch = { signals: { kind: Signal['kind']; lateSeconds: number }[]; minutes: number };

function live(stretches: readonly Stretch[]) {
  let breaker = freshBreaker;
  let second = 0;
  const transitions: number[] = [];
  for (const { signals, minutes } of stretches)
    for (let count = 0; count < minutes; count++) {
      second += 60;
      const before = breaker.state;
      const told = signals.map(({ kind, lateSeconds }) => signal(kind, second - lateSeconds));
      breaker = advance(breaker, told, at(second));
      if (breaker.state !== before) transitions.push(second);
    }
  return { breaker, second, transitions };
}

describe('any history', () => {
  it('has no two transitions within a dwell', () => {
    fc.assert(
      fc.property(history, (stretches) => {
        const { transitions } = live(stretches);
        const gaps = transitions.slice(1).map((second, i) => second - (transitions[i] ?? 0));
        expect(Math.min(Number.POSITIVE_INFINITY, ...gaps)).toBeGreaterThanOrEqual(dwellSeconds);
      }),
      { numRuns: 300 },
    );
  });

  it('ends closed within a day and a half of the return of capacity', () => {
    fc.assert(
      fc.property(history, (stretches) => {
        const { breaker, second } = live(stretches);
        const { breaker: last } = run(breaker, { first: second + 60, last: second + 36 * hour }, fine);
        expect(last.state).toBe('closed');
        expect(last.barrenCount).toBe(0);
      }),
      { numRuns: 300 },
    );
  });

  it('is the same however often each signal is told, and in whatever order', () => {
    const many = fc.array(
      fc.record({
        kind: fc.constantFrom<Signal['kind'][]>('failed', 'worked'),
        second: fc.integer({ min: 1, max: 900 }),
      }),
      { maxLength: 20 },
    );
    fc.assert(
      fc.property(many, fc.boolean(), (told, isReversed) => {
        const distinct = [...new Map(told.map((one) => [one.second, signal(one.kind, one.second)])).values()];
        const doubled = [...distinct, ...distinct];
        const given = isReversed ? doubled.toReversed() : doubled;
        expect(advance(freshBreaker, given, at(1000))).toEqual(advance(freshBreaker, distinct, at(1000)));
      }),
    );
  });
});
