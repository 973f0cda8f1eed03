import { parseArgs } from 'node:util';

/** What the demo was asked to do. */
export interface DemoOptions {
  readonly seed: number;
  readonly json: boolean;
  /** A folder to write events.ndjson and calls.ndjson to. */
  readonly log: string | undefined;
  readonly help: boolean;
}

/** The text of `--help`. */
export const usage = `Usage: npm run demo -- [options]

Packages the service, loads the compiled template into a local AWS under virtual time,
scales a group of 6 container instances in to 3, and shows what happens.

Options:
  --seed N      what chance decides: path delays, boot times, who goes first (default 1)
  --json        the last line is one JSON object with the figures
  --log FOLDER  writes events.ndjson and calls.ndjson there
  --help        this text

Exit code 0: every departure ended, none early, no task killed, no call denied.
1: one of these does not hold. 2: bad arguments.`;

/** Bad arguments; the message names the option, the value and what was expected. */
export class BadArguments extends Error {}

/** Reads the command line. Throws BadArguments. */
export function parseOptions(args: readonly string[]): DemoOptions {
  const values = parseStrictly(args);
  return {
    seed: parseSeed(values.seed ?? '1'),
    json: values.json ?? false,
    log: values.log,
    help: values.help ?? false,
  };
}

function parseStrictly(args: readonly string[]) {
  try {
    return parseArgs({
      args: [...args],
      options: {
        seed: { type: 'string' },
        json: { type: 'boolean' },
        log: { type: 'string' },
        help: { type: 'boolean', short: 'h' },
      },
    }).values;
  } catch (error) {
    throw new BadArguments(error instanceof Error ? error.message : String(error), { cause: error });
  }
}

function parseSeed(text: string): number {
  const seed = Number(text);
  if (/^\d+$/.test(text) && Number.isSafeInteger(seed)) return seed;
  throw new BadArguments(`--seed: expected a whole number from 0 up, got "${text}"`);
}
