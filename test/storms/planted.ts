/** A bug that is put into a copy of the code on purpose, for the storms to find. */
export interface Planted {
  /** What is wrong then, as a sentence. */
  readonly broken: string;
  readonly file: string;
  /** Text that stands in the file exactly once. */
  readonly find: string;
  readonly replace: string;
}

/** Every bug that the storms must find. */
export const planted: readonly Planted[] = [
  {
    broken: 'a task counts as STOPPED when its stop is decided, and the record is not asked',
    file: 'lib/departure.ts',
    find: 'return isFree(usable) || isSettled(departure, tasks, now);',
    replace: 'return true;',
  },
];
