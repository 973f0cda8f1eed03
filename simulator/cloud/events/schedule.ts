import { Fault } from '../../machine.ts';

/** When a schedule runs next after a time (both milliseconds since the epoch); undefined: never again. */
export type Schedule = (after: number) => number | undefined;

const unitMs: Readonly<Record<string, number>> = { minute: 60_000, hour: 3_600_000, day: 86_400_000 };

const months = ['JAN', 'FEB', 'MAR', 'APR', 'MAY', 'JUN', 'JUL', 'AUG', 'SEP', 'OCT', 'NOV', 'DEC'];
const weekdays = ['SUN', 'MON', 'TUE', 'WED', 'THU', 'FRI', 'SAT'];

interface Field {
  readonly name: string;
  readonly min: number;
  readonly max: number;
  /** Words for the values from `min` on. */
  readonly words?: readonly string[];
}

const fields = [
  { name: 'minutes', min: 0, max: 59 },
  { name: 'hours', min: 0, max: 23 },
  { name: 'day of month', min: 1, max: 31 },
  { name: 'month', min: 1, max: 12, words: months },
  { name: 'day of week', min: 1, max: 7, words: weekdays },
  { name: 'year', min: 1970, max: 2199 },
] as const satisfies readonly Field[];

/**
 * Reads `rate(5 minutes)` or `cron(0 12 ? * MON-FRI *)`, in UTC. Not known here: L, W and # in cron. Throws
 * `ValidationException` naming what was expected.
 *
 * https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-scheduled-rule-pattern.html
 */
export function parseSchedule(expression: string): Schedule {
  const [, kind, text = ''] = /^(rate|cron)\((.*)\)$/.exec(expression) ?? [];
  if (kind === 'rate') return rate(text, expression);
  if (kind === 'cron') return cron(text, expression);
  throw invalid(expression, 'rate(...) or cron(...)');
}

function rate(text: string, expression: string): Schedule {
  const [, count = '', unit = '', plural = ''] = /^([1-9]\d*) (minute|hour|day)(s?)$/.exec(text) ?? [];
  const ms = unitMs[unit];
  if (ms === undefined || (count === '1') !== (plural === ''))
    throw invalid(expression, 'rate(value unit): a positive value and minute, hour, day; with s above 1');
  return (after) => after + Number(count) * ms;
}

function cron(text: string, expression: string): Schedule {
  const texts = text.split(' ');
  if (texts.length !== fields.length)
    throw invalid(expression, `six fields: ${fields.map(({ name }) => name).join(', ')}`);
  if ((texts[2] === '?') === (texts[4] === '?'))
    throw invalid(expression, '? either for the day of month or for the day of week');
  const [minutes, hours, days, monthsOf, weekdaysOf, years] = fields.map((field, index) =>
    fieldTest(texts[index] ?? '', field, expression),
  );
  const isDay = (date: Date) =>
    years?.(date.getUTCFullYear()) &&
    monthsOf?.(date.getUTCMonth() + 1) &&
    days?.(date.getUTCDate()) &&
    weekdaysOf?.(date.getUTCDay() + 1);
  const isMinute = (date: Date) => hours?.(date.getUTCHours()) && minutes?.(date.getUTCMinutes());
  return (after) => {
    const { minute: minuteMs, day: dayMs } = { minute: 60_000, day: 86_400_000 };
    let at = (Math.floor(after / minuteMs) + 1) * minuteMs;
    for (let date = new Date(at); date.getUTCFullYear() <= fields[5].max; date = new Date(at)) {
      if (isDay(date) && isMinute(date)) return at;
      at = isDay(date) ? at + minuteMs : (Math.floor(at / dayMs) + 1) * dayMs;
    }
    return undefined;
  };
}

/** Says whether a value is in a field such as `1,5-7,MON` or `0/15`. */
function fieldTest(text: string, field: Field, expression: string): (value: number) => boolean {
  if (text === '?' || text === '*') return () => true;
  const tests = text.split(',').map((part) => partTest(part, field, expression));
  return (value) => tests.some((test) => test(value));
}

function partTest(part: string, field: Field, expression: string): (value: number) => boolean {
  const [, first = '', last, step] = /^(\*|\w+)(?:-(\w+))?(?:\/(\d+))?$/.exec(part) ?? [];
  const from = first === '*' ? field.min : numberOf(first, field);
  const to =
    last === undefined ? (step === undefined && first !== '*' ? from : field.max) : numberOf(last, field);
  const by = step === undefined ? 1 : Number(step);
  if (from === undefined || to === undefined || to < from || by < 1 || (first === '*' && last !== undefined))
    throw invalid(
      expression,
      `${field.name} from ${field.min} to ${field.max} with , - * / only, got ${part}`,
    );
  return (value) => value >= from && value <= to && (value - from) % by === 0;
}

function numberOf(text: string, { min, max, words }: Field): number | undefined {
  const word = words?.indexOf(text.toUpperCase()) ?? -1;
  if (word >= 0) return min + word;
  const value = /^\d+$/.test(text) ? Number(text) : Number.NaN;
  return value >= min && value <= max ? value : undefined;
}

function invalid(expression: string, expected: string): Fault {
  return new Fault(
    'ValidationException',
    `Parameter ScheduleExpression is not valid: expected ${expected}; got ${expression}`,
  );
}
