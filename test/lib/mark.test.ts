import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { formatMark, markName, parseMark } from '../../lib/mark.ts';
import { noon } from './fixtures.ts';

describe('the mark', () => {
  it('is the time and the cause', () => {
    expect(formatMark({ at: noon, cause: 'termination' })).toBe('2026-05-04T12:00:00.000Z/termination');
  });

  const causes = ['termination', 'return', 'interruption', 'rebalance-recommendation', 'retention'] as const;

  it('reads back what was written', () => {
    const times = fc.date({ min: new Date('2020-01-01'), max: new Date('2100-01-01'), noInvalidDate: true });
    fc.assert(
      fc.property(times, fc.constantFrom(...causes), (at, cause) => {
        expect(parseMark(formatMark({ at, cause }))).toEqual({ at, cause });
      }),
    );
  });

  it('consists of characters that an attribute may have, and of no more than fit (D-9.7)', () => {
    expect(markName).toMatch(/^[A-Za-z0-9_./-]{1,128}$/);
    for (const cause of causes)
      expect(formatMark({ at: noon, cause })).toMatch(/^[A-Za-z0-9_.@/\\: -]{1,128}$/);
  });

  it.each([
    '',
    'termination',
    '2026-05-04T12:00:00.000Z',
    '2026-05-04T12:00:00.000Z/boredom',
    '2026-13-04T12:00:00.000Z/termination',
    'yesterday/termination',
    '2026-05-04T12:00:00.000Z/termination ',
    ' 2026-05-04T12:00:00.000Z/termination',
  ])('is no mark of ours: "%s"', (value) => expect(parseMark(value)).toBeUndefined());
});
