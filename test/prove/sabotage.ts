/** One rule broken on purpose, and the tests that must notice. */
export interface Sabotage {
  /** What is wrong now, as a sentence. */
  readonly broken: string;
  readonly file: string;
  /** Text that stands in the file exactly once. */
  readonly find: string;
  readonly replace: string;
  /** Test files of which at least one test must turn red. */
  readonly tests: readonly string[];
}
