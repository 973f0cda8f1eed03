import type { Change } from './change.ts';

/** One rule broken on purpose, and the tests that must notice. */
export interface Sabotage extends Change {
  /** What is wrong now, as a sentence. */
  readonly broken: string;
  /** Where the test is that must turn red. */
  readonly tests: readonly string[];
  /** The full name of that test, or a part of it: another red test proves nothing. Only such tests are run. */
  readonly by: string;
}
