import { availableParallelism } from 'node:os';
import { parseArgs } from 'node:util';
import type { Size } from './plan.ts';

/** What `npm run storms` was asked to do. */
export interface StormOptions {
  readonly seeds: number;
  readonly seed: number;
  readonly minutes: number | undefined;
  readonly size: Size;
  readonly planFile: string | undefined;
  readonly isPlanted: boolean;
  readonly keepsGoing: boolean;
  readonly json: boolean;
  readonly help: boolean;
  readonly processes: number;
}

/** The text of `--help`. */
export const usage = `Usage: npm run storms -- [options]

Plays storms: an account with the packaged stack under virtual time, in which everything goes wrong that AWS, its users
and chance can bring about, and an invariant is watched after every call and at the end of each. A seed is a storm.

  --seeds N       how many storms (default 20)
  --seed S        the first seed; the others follow it (default 1)
  --size SIZE     small: 10 instances, 20 minutes; normal: 20 instances, an hour (default small)
  --minutes M     another length
  --plan FILE     play the storm that an earlier run wrote down, instead
  --planted       break the code on purpose, one bug after the other, and say after how many storms it is noticed
  --keep-going    play on after a violation; the first is the one that is shrunk
  --processes P   how many at a time (default: one a core)
  --json          one JSON object in the end
  --help          this text

Exit code 0: no violation, and in 1,000 storms or more every branch was reached; with --planted, every bug was noticed.
1: otherwise; a violation is shrunk, written down as a plan, and the command that replays it is printed. 2: bad arguments.`;

/** Bad arguments; the message names the option, the value and what was expected. */
export class BadArguments extends Error {}

/** Reads the command line. Throws BadArguments. */
export function parseOptions(args: readonly string[]): StormOptions {
  const values = parseStrictly(args);
  const size = values.size ?? 'small';
  if (size !== 'small' && size !== 'normal')
    throw new BadArguments(`--size: expected small or normal, got "${size}"`);
  return {
    seeds: whole('--seeds', values.seeds ?? '20', 1_000_000),
    seed: whole('--seed', values.seed ?? '1', 2_000_000_000),
    minutes: values.minutes === undefined ? undefined : whole('--minutes', values.minutes, 24 * 60),
    size,
    planFile: values.plan,
    isPlanted: values.planted ?? false,
    keepsGoing: values['keep-going'] ?? false,
    json: values.json ?? false,
    help: values.help ?? false,
    processes: whole('--processes', values.processes ?? String(availableParallelism()), 64),
  };
}

function parseStrictly(args: readonly string[]) {
  try {
    const { values } = parseArgs({
      args: [...args],
      options: {
        seeds: { type: 'string' },
        seed: { type: 'string' },
        minutes: { type: 'string' },
        size: { type: 'string' },
        plan: { type: 'string' },
        planted: { type: 'boolean' },
        'keep-going': { type: 'boolean' },
        processes: { type: 'string' },
        json: { type: 'boolean' },
        help: { type: 'boolean' },
      },
    });
    return values;
  } catch (error) {
    throw new BadArguments(error instanceof Error ? error.message : String(error));
  }
}

function whole(option: string, text: string, most: number): number {
  const value = Number(text);
  if (/^\d+$/.test(text) && value >= 1 && value <= most) return value;
  throw new BadArguments(`${option}: expected a whole number from 1 to ${most}, got "${text}"`);
}
