/** What an operation knows of its call beside the input. Times are milliseconds since the epoch. */
export interface Context {
  readonly now: number;
  /** Reads answer from the state at this time. */
  readonly viewAt: number;
  readonly principalArn: string;
}

/** Answers one API operation; throws Fault as AWS would. */
export type Operation = (context: Context, input: Record<string, unknown>) => Record<string, unknown>;

/**
 * Gives an operation its input under the SDK's type. The names and types of the members have been checked against the
 * same model before a service is called (`checkInput` in `simulator/wire`); values and limits have not.
 */
export const operation =
  <I extends object>(run: (context: Context, input: I) => object): Operation =>
  (context, input) => ({ ...run(context, input as I) });
