import { describe, expect, it } from 'vitest';
import { parseSchedule } from '../../../../simulator/cloud/events/schedule.ts';

/** The next runs of a schedule after Monday, 4 May 2026, 12:00:30 UTC. */
function runs(expression: string, count: number): string[] {
  const next = parseSchedule(expression);
  const found: string[] = [];
  for (
    let at = next(Date.parse('2026-05-04T12:00:30Z'));
    at !== undefined && found.length < count;
    at = next(at)
  )
    found.push(new Date(at).toISOString().slice(0, 16));
  return found;
}

describe('a schedule', () => {
  it.each([
    { expression: 'rate(1 minute)', expected: ['2026-05-04T12:01', '2026-05-04T12:02'] },
    { expression: 'rate(5 hours)', expected: ['2026-05-04T17:00', '2026-05-04T22:00'] },
    { expression: 'rate(2 days)', expected: ['2026-05-06T12:00', '2026-05-08T12:00'] },
    { expression: 'cron(0/15 * * * ? *)', expected: ['2026-05-04T12:15', '2026-05-04T12:30'] },
    {
      expression: 'cron(*/30 8-9 * * ? *)',
      expected: ['2026-05-05T08:00', '2026-05-05T08:30', '2026-05-05T09:00'],
    },
    {
      expression: 'cron(0 9 ? * MON-FRI *)',
      expected: [
        '2026-05-05T09:00',
        '2026-05-06T09:00',
        '2026-05-07T09:00',
        '2026-05-08T09:00',
        '2026-05-11T09:00',
      ],
    },
    { expression: 'cron(0 0 ? * 1 *)', expected: ['2026-05-10T00:00'] },
    { expression: 'cron(5,10 0 1 1 ? *)', expected: ['2027-01-01T00:05', '2027-01-01T00:10'] },
    { expression: 'cron(0 12 29 FEB ? *)', expected: ['2028-02-29T12:00', '2032-02-29T12:00'] },
    { expression: 'cron(0 0 1 1 ? 2025)', expected: [] },
  ])('$expression runs next at $expected', ({ expression, expected }) => {
    expect(runs(expression, Math.max(1, expected.length))).toEqual(expected);
  });

  it.each([
    'rate(0 minutes)',
    'rate(1 minutes)',
    'rate(5 minute)',
    'rate(5 weeks)',
    'rate(1.5 hours)',
    'every minute',
    'cron(* * * * *)',
    'cron(0 0 * * * *)',
    'cron(0 0 ? * ? *)',
    'cron(60 0 * * ? *)',
    'cron(0 0 L * ? *)',
    'cron(0 0 ? * 8 *)',
    'cron(5-1 0 * * ? *)',
    'cron(0/0 0 * * ? *)',
  ])('is refused as %s, with what was expected', (expression) => {
    expect(() => parseSchedule(expression)).toThrow(
      expect.objectContaining({ code: 'ValidationException', message: expect.stringContaining('expected') }),
    );
  });
});
