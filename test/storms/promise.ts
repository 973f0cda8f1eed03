const defaultDeadlineSeconds = 3000;
const secondsPer: Readonly<Record<string, number>> = { s: 1, m: 60, h: 3600 };

/** How long (seconds) a drain may take at least, as the tag of a group promises. */
export function deadlineSecondsOf(value: string | undefined): number {
  const [, count, unit = ''] = /^(\d+)([smh])$/.exec(value ?? '') ?? [];
  return count === undefined ? defaultDeadlineSeconds : Number(count) * (secondsPer[unit] ?? Number.NaN);
}

/** From so long after the begin of the drain on (seconds) standalone tasks may be stopped, as the tag promises. */
export function standaloneSecondsOf(value: string | undefined): number {
  if (value === 'stop') return 0;
  return value?.startsWith('stop-after:')
    ? deadlineSecondsOf(value.slice('stop-after:'.length))
    : Number.POSITIVE_INFINITY;
}

/** So many instances may drain. A percentage is rounded up; one more than of what is there now was there a moment ago. */
export function limitOf(value: string | undefined, size: number): number {
  const [, digits, unit] = /^(\d+)(|%| percent)$/.exec(value ?? '') ?? [];
  if (digits === undefined) return Number.POSITIVE_INFINITY;
  if (unit === '') return Number(digits);
  return Math.max(1, Math.ceil(((size + 1) * Number(digits)) / 100));
}
