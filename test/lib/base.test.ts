import { describe, expect, it } from 'vitest';
import { type Purchase, wishForBase } from '../../lib/base.ts';
import { freshBreaker } from '../../lib/breaker.ts';

const at = (seconds: number) => new Date(Date.parse('2026-05-04T12:00:00Z') + seconds * 1000);
const purchase = (wish: Partial<Purchase> = {}): Purchase => ({
  base: 0,
  percentAboveBase: 0,
  desiredCapacity: 6,
  presentCount: 6,
  lacksSpot: false,
  ...wish,
});
const open = { ...freshBreaker, state: 'open', since: at(0) } as const;
const half = { ...freshBreaker, state: 'half-open', since: at(3600) } as const;
const shift = (home: number, applied: number, seconds = 0) => ({ home, applied, at: at(seconds) });

describe('the base of a group whose Spot capacity is gone', () => {
  it.each<[string, Partial<Purchase>, number]>([
    ['all of it', { presentCount: 0, lacksSpot: true }, 6],
    ['what is missing, while some Spot instances run on', { presentCount: 2, lacksSpot: true }, 4],
    ['what is missing beside the base', { base: 2, presentCount: 3, lacksSpot: true }, 5],
    [
      'what is missing beside the percentage',
      { percentAboveBase: 20, desiredCapacity: 10, presentCount: 5, lacksSpot: true },
      7,
    ],
    ['nothing more, while nothing is missing', { base: 1 }, 1],
  ])('covers %s', (_, wish, expected) => {
    const home = wish.base ?? 0;
    expect(wishForBase(purchase(wish), open)(home, undefined)).toBe(expected);
  });

  it('grows with what becomes missing, and does not shrink before a return', () => {
    const raised = shift(0, 4);
    const more = purchase({ base: 4, desiredCapacity: 8, presentCount: 6, lacksSpot: true });
    expect(wishForBase(more, open)(0, raised)).toBe(6);
    expect(wishForBase(purchase({ base: 4, desiredCapacity: 2, presentCount: 2 }), open)(0, raised)).toBe(4);
  });

  it('stays where it is while there is no On-Demand capacity either', () => {
    const nothing = purchase({ base: 6, presentCount: 0, lacksSpot: true });
    expect(wishForBase(nothing, open)(0, shift(0, 6))).toBe(6);
  });
});

describe('the base of a group on its way back', () => {
  it('gives a quarter back, and at least one, once', () => {
    expect(wishForBase(purchase(), half)(2, shift(2, 10))).toBe(8);
    expect(wishForBase(purchase(), half)(2, shift(2, 3))).toBe(2);
    expect(wishForBase(purchase(), half)(2, shift(2, 8, 3600))).toBe(8);
  });

  it('is home to the letter when its capacity is back', () => {
    expect(wishForBase(purchase(), freshBreaker)(2, shift(2, 8))).toBe(2);
  });
});
