import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { freshBreaker } from '../../lib/breaker.ts';
import { freshLedger, isShifted, type Ledger, readLedger, writeLedger } from '../../lib/ledger.ts';
import type { Strategy } from '../../lib/strategy.ts';

const time = fc.date({ min: new Date(0), max: new Date('2100-01-01'), noInvalidDate: true });
const count = fc.nat(1000);
const strategy: fc.Arbitrary<Strategy> = fc.array(
  fc.record({ capacityProvider: fc.string({ minLength: 1 }), weight: count, base: count }),
  { maxLength: 4 },
);
const shift = <T>(value: fc.Arbitrary<T>) =>
  fc.record(
    { home: value, applied: value, before: value, at: time },
    { requiredKeys: ['home', 'applied', 'at'] },
  );
const name = fc.stringMatching(/^[A-Za-z0-9_-]{1,20}$/).filter((text) => text !== '__proto__');
const breaker = fc.record(
  {
    state: fc.constantFrom('closed', 'open', 'half-open'),
    since: time,
    failedMinutes: fc.array(count, { maxLength: 3 }),
    interruptedMinute: count,
    recoveredAt: time,
    hasWorked: fc.boolean(),
    barrenCount: count,
    returnedAt: time,
  },
  { requiredKeys: ['state', 'since', 'failedMinutes', 'hasWorked', 'barrenCount'] },
);
const ledgers = fc.record(
  {
    breakers: fc.dictionary(name, breaker, { maxKeys: 3, noNullPrototype: true }),
    bases: fc.dictionary(name, shift(count), { maxKeys: 3, noNullPrototype: true }),
    strategies: fc.dictionary(name, shift(strategy), { maxKeys: 3, noNullPrototype: true }),
    defaultStrategy: shift(strategy),
    leftAloneUntil: fc.dictionary(name, time, { maxKeys: 3, noNullPrototype: true }),
  },
  { requiredKeys: ['breakers', 'bases', 'strategies', 'leftAloneUntil'] },
) as fc.Arbitrary<Ledger>;

describe('the ledger', () => {
  it('is read as it was written, and written the same each time', () => {
    fc.assert(
      fc.property(ledgers, (ledger) => {
        const text = writeLedger(ledger);
        expect(readLedger(text)).toEqual({ ledger });
        expect(writeLedger(readLedger(text).ledger as Ledger)).toBe(text);
      }),
    );
  });

  it('can be read by whoever looks at it', () => {
    const at = new Date('2026-05-04T12:00:00Z');
    const home = [{ capacityProvider: 'FARGATE_SPOT', weight: 1, base: 0 }];
    const applied = [{ capacityProvider: 'FARGATE', weight: 1, base: 0 }];
    expect(writeLedger({ ...freshLedger, strategies: { web: { home, applied, at } } })).toBe(
      '{"version":1,"breakers":{},"bases":{},"strategies":{"web":{"home":[["FARGATE_SPOT",1,0]],"applied":[["FARGATE",1,0]],"at":"2026-05-04T12:00:00.000Z"}},"leftAloneUntil":{}}',
    );
  });

  it.each([
    ['nothing', ''],
    ['half of it', writeLedger(freshLedger).slice(0, 40)],
    ['another version', writeLedger(freshLedger).replace('"version":1', '"version":2')],
    ['a member that nobody knows', writeLedger(freshLedger).replace('"version":1', '"version":1,"x":1')],
    ['no bases', '{"version":1,"breakers":{},"strategies":{},"leftAloneUntil":{}}'],
    [
      'a time that is none',
      '{"version":1,"breakers":{},"bases":{"a":{"home":1,"applied":2,"at":"soon"}},"strategies":{},"leftAloneUntil":{}}',
    ],
  ])('is not guessed at where it is %s', (_, text) => {
    const { ledger, fault } = readLedger(text);
    expect(ledger).toBeUndefined();
    expect(fault).toMatch(/\w/);
  });

  it('says whether something may stand elsewhere than at home', () => {
    const at = new Date(0);
    expect(isShifted(freshLedger)).toBe(false);
    expect(isShifted({ ...freshLedger, breakers: { a: freshBreaker } })).toBe(false);
    expect(isShifted({ ...freshLedger, bases: { a: { home: 0, applied: 1, at } } })).toBe(true);
    expect(isShifted({ ...freshLedger, defaultStrategy: { home: [], applied: [], at } })).toBe(true);
  });
});
