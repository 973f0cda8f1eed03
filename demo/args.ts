import { parseArgs } from 'node:util';

/** What the demo was asked to do. */
export interface DemoOptions {
  readonly seed: number;
  readonly json: boolean;
  /** Load the packaged template and run the functions from source, instead of deploying. */
  readonly inProcess: boolean;
  /** Keep the local AWS until a signal comes. */
  readonly keep: boolean;
  /** A folder to write events.ndjson and calls.ndjson to. */
  readonly log: string | undefined;
  readonly help: boolean;
}

/** The text of `--help`. */
export const usage = `Usage: npm run demo -- [options]

Starts a local AWS under virtual time on a free port of this machine, deploys the service into it
with sls deploy, scales a group of 6 container instances in to 3, and shows what happens.

Options:
  --seed N      what chance decides: path delays, boot times, who goes first (default 1)
  --json        the last line is one JSON object with the figures
  --keep        the local AWS stays, for the AWS CLI or an SDK to look at, until Ctrl-C
  --in-process  no port and no deployment: load the packaged template, run the functions from source
  --log FOLDER  writes events.ndjson and calls.ndjson there
  --help        this text

Exit code 0: the hook held all 3 instances, every departure ended, none early and none by
a timeout, no task was cut off, no call denied. 1: one of these does not hold. 2: bad arguments.
On a terminal the drain is slowed down to be watched; in a pipe it is not.`;

/** Bad arguments; the message names the option, the value and what was expected. */
export class BadArguments extends Error {}

/** Reads the command line. Throws BadArguments. */
export function parseOptions(args: readonly string[]): DemoOptions {
  const values = parseStrictly(args);
  return {
    seed: parseSeed(values.seed ?? '1'),
    json: values.json ?? false,
    inProcess: values['in-process'] ?? false,
    keep: values.keep ?? false,
    log: values.log,
    help: values.help ?? false,
  };
}

function parseStrictly(args: readonly string[]) {
  try {
    const { values, tokens } = parseArgs({
      args: withSeedJoined(args),
      tokens: true,
      options: {
        seed: { type: 'string' },
        json: { type: 'boolean' },
        'in-process': { type: 'boolean' },
        keep: { type: 'boolean' },
        log: { type: 'string' },
        help: { type: 'boolean', short: 'h' },
      },
    });
    const names = tokens.flatMap((token) => (token.kind === 'option' ? token.name : []));
    const repeated = names.find((name, i) => names.indexOf(name) !== i);
    if (repeated !== undefined) throw new Error(`--${repeated}: expected once, got it twice`);
    if (values.keep && values['in-process'])
      throw new Error('--keep: expected without --in-process, which has no port');
    return values;
  } catch (error) {
    throw new BadArguments(error instanceof Error ? error.message : String(error), { cause: error });
  }
}

/** Node.js takes what begins with a dash for an option; behind --seed it is a seed, though a wrong one. */
function withSeedJoined(args: readonly string[]): string[] {
  const at = args.findIndex((arg, i) => arg === '--seed' && args[i + 1]?.startsWith('-'));
  return at < 0 ? [...args] : [...args.slice(0, at), `--seed=${args[at + 1]}`, ...args.slice(at + 2)];
}

function parseSeed(text: string): number {
  const seed = Number(text);
  if (/^\d+$/.test(text) && Number.isSafeInteger(seed)) return seed;
  throw new BadArguments(`--seed: expected a whole number from 0 up, got "${text}"`);
}
