/** One rule broken on purpose, and the tests that must notice. */
export interface Sabotage {
  /** What is wrong now, as a sentence. */
  readonly broken: string;
  readonly file: string;
  /** Text that stands in the file exactly once. */
  readonly find: string;
  readonly replace: string;
  /** Where the test is that must turn red. */
  readonly tests: readonly string[];
  /** The full name of that test, or a part of it: another red test proves nothing. Only such tests are run. */
  readonly by: string;
}
