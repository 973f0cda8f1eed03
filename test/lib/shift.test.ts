import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { decideShift, type Shift, type ShiftDecision } from '../../lib/shift.ts';

const start = Date.parse('2026-05-04T12:00:00Z');
const at = (seconds: number) => new Date(start + seconds * 1000);
const isSame = (one: number, other: number) => one === other;

/** Home is 1, shifted is 4; `wanted`: what is wished in place of home. */
const decide = (shift: Shift<number> | undefined, current: number, wanted: number, seconds = 600) =>
  decideShift(shift, current, (home) => (wanted === 1 ? home : wanted), { isSame, now: at(seconds) });

const pending: Shift<number> = { home: 1, applied: 4, before: 1, at: at(0) };
const confirmed: Shift<number> = { home: 1, applied: 4, at: at(0) };
const returning: Shift<number> = { home: 1, applied: 1, before: 4, at: at(0) };
const again = (before: number): ShiftDecision<number> => ({
  kind: 'apply',
  shift: { home: 1, applied: 4, before, at: at(600) },
});

describe('decideShift', () => {
  it.each<[string, Shift<number> | undefined, number, number, number, ShiftDecision<number>]>([
    [
      'leaves home alone while nothing else is wanted',
      undefined,
      1,
      1,
      600,
      { kind: 'wait', why: 'at-home' },
    ],
    ['writes home down before anything is put in its place', undefined, 1, 4, 600, again(1)],
    ['waits while a read may be older than the write', pending, 1, 4, 59, { kind: 'wait', why: 'behind' }],
    ['does what was written down and not done', pending, 1, 4, 600, again(1)],
    ['forgets what was never done and is not wanted any more', pending, 1, 1, 600, { kind: 'forget' }],
    ['confirms what stands there', pending, 4, 4, 60, { kind: 'confirm', shift: confirmed }],
    ['leaves alone what is confirmed', confirmed, 4, 4, 600, { kind: 'wait', why: 'in-place' }],
    ['puts home back', confirmed, 4, 1, 600, { kind: 'apply', shift: { ...returning, at: at(600) } }],
    ['does not go on before a write is a minute old', pending, 4, 1, 30, { kind: 'wait', why: 'behind' }],
    [
      'puts home back after a crash before the call',
      returning,
      4,
      1,
      600,
      { kind: 'apply', shift: { ...returning, at: at(600) } },
    ],
    [
      'stays shifted where the return was not done and is not wanted any more',
      returning,
      4,
      4,
      600,
      { kind: 'confirm', shift: { ...confirmed, at: at(0) } },
    ],
    ['forgets what is home again', returning, 1, 1, 600, { kind: 'forget' }],
    ['yields to whatever else the user puts there', confirmed, 7, 4, 600, { kind: 'yield' }],
    ['yields to home where ours was seen before', confirmed, 1, 4, 600, { kind: 'yield' }],
    [
      'yields to what the user puts there while a return is under way',
      returning,
      7,
      1,
      600,
      { kind: 'yield' },
    ],
  ])('%s', (_, shift, current, wanted, seconds, expected) => {
    expect(decide(shift, current, wanted, seconds)).toEqual(expected);
  });

  it('leaves alone for a while what the user changed', () => {
    const view = { isSame, now: at(600), leftAloneUntil: at(700) };
    const wish = () => 9;
    expect(decideShift(undefined, 7, wish, view)).toEqual({ kind: 'wait', why: 'changed-by-user' });
    expect(decideShift(undefined, 7, wish, { ...view, now: at(700) }).kind).toBe('apply');
  });

  it('ends at home after crashes at any point, and never takes for home what it has put there', () => {
    const step = fc.record({
      wanted: fc.constantFrom(1, 4, 5),
      crash: fc.constantFrom('none', 'before-writing', 'before-acting', 'after-acting'),
      seconds: fc.constantFrom(20, 60, 300),
    });
    fc.assert(
      fc.property(fc.array(step, { maxLength: 40 }), (steps) => {
        const world = { current: 1, shift: undefined as Shift<number> | undefined, seconds: 0 };
        const visit = (wanted: number, crash: string) => {
          const now = at(world.seconds);
          const wish = (home: number) => (wanted === 1 ? home : wanted);
          const decision = decideShift(world.shift, world.current, wish, { isSame, now });
          expect(decision.kind).not.toBe('yield');
          if (crash === 'before-writing') return;
          if (decision.kind === 'forget') world.shift = undefined;
          if (decision.kind === 'confirm') world.shift = decision.shift;
          if (decision.kind !== 'apply') return;
          expect(decision.shift.home).toBe(1);
          world.shift = decision.shift;
          if (crash !== 'before-acting') world.current = decision.shift.applied;
        };
        for (const { wanted, crash, seconds } of steps) {
          world.seconds += seconds;
          visit(wanted, crash);
        }
        for (let count = 0; count < 4; count++) {
          world.seconds += 60;
          visit(1, 'none');
        }
        expect(world).toMatchObject({ current: 1, shift: undefined });
      }),
    );
  });
});
