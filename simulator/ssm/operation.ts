import type { State } from './state.ts';

/** What an operation knows of its call beside the input. Times are milliseconds since the epoch. */
export interface Context {
  readonly state: State;
  readonly now: number;
  /** Reads answer from the state at this time. */
  readonly viewAt: number;
  readonly principalArn: string;
}

/**
 * Operations by name. Names and types of the members have been checked against the SDK's model before; values and
 * limits have not. They throw Fault as AWS would.
 */
// biome-ignore lint/suspicious/noExplicitAny: each operation has the SDK's type of its own input.
export type Operations = Readonly<Record<string, (context: Context, input: any) => object>>;
