/** A table to print, and what is to be said below it. */
export interface Sheet {
  readonly head: readonly string[];
  readonly lines: readonly (readonly string[])[];
  readonly notes?: readonly string[];
}
