import { parseArgs } from 'node:util';
import type { ClockSettings } from './clock.ts';

/** What the server was asked to do. */
export interface AwsOptions {
  readonly port: number;
  readonly clock: ClockSettings;
  readonly seed: number;
  readonly help: boolean;
}

/** The text of `--help`. */
export const usage = `Usage: npm run aws -- [options]

The local AWS as a server on 127.0.0.1: the AWS CLI, SDKs and \`sls deploy\` talk to it, and
/_simulator/ moves its time and breaks things (docs/simulator.md).

Options:
  --port N      where it listens; 0 takes a free port (default 4566)
  --clock KIND  real: virtual time follows real time (default)
                virtual: time passes only when /_simulator/advance or settle says so,
                and a second whenever somebody asks after a stack operation under way
  --speed N     virtual seconds in a real one, 0.001 to 100000, with --clock real (default 1)
  --seed N      what chance decides: path delays, boot times, who goes first (default 1)
  --help        this text

Prints "ready http://127.0.0.1:PORT" when it listens; everything else goes to standard error.
Exit code 0: ended by SIGINT or SIGTERM. 1: it cannot listen on the port. 2: bad arguments.`;

/** Bad arguments; the message names the option, the value and what was expected. */
export class BadArguments extends Error {}

/** Reads the command line. Throws BadArguments. */
export function parseOptions(args: readonly string[]): AwsOptions {
  const values = parseStrictly(args);
  const kind = values.clock ?? 'real';
  if (kind !== 'real' && kind !== 'virtual') throw bad('clock', kind, 'real or virtual');
  if (kind === 'virtual' && values.speed !== undefined)
    throw bad('speed', values.speed, 'no speed with --clock virtual');
  return {
    port: wholeNumber('port', values.port ?? '4566', 65_535),
    clock: { kind, speed: parseSpeed(values.speed ?? '1') },
    seed: wholeNumber('seed', values.seed ?? '1', Number.MAX_SAFE_INTEGER),
    help: values.help ?? false,
  };
}

function parseStrictly(args: readonly string[]) {
  try {
    return parseArgs({
      args: withNumbersJoined(args),
      options: {
        port: { type: 'string' },
        clock: { type: 'string' },
        speed: { type: 'string' },
        seed: { type: 'string' },
        help: { type: 'boolean', short: 'h' },
      },
    }).values;
  } catch (error) {
    throw new BadArguments(error instanceof Error ? error.message : String(error), { cause: error });
  }
}

/** Node.js takes what begins with a dash for an option; behind a number's option it is a number, though a wrong one. */
function withNumbersJoined(args: readonly string[]): string[] {
  const joined: string[] = [];
  for (const arg of args) {
    const before = joined.at(-1);
    const isNumber = before !== undefined && ['--port', '--speed', '--seed'].includes(before);
    if (isNumber && arg.startsWith('-')) joined.splice(-1, 1, `${before}=${arg}`);
    else joined.push(arg);
  }
  return joined;
}

function wholeNumber(option: string, text: string, max: number): number {
  const value = Number(text);
  if (/^\d+$/.test(text) && value <= max) return value;
  throw bad(option, text, `a whole number from 0 to ${max}`);
}

function parseSpeed(text: string): number {
  const value = Number(text);
  if (/^\d+(\.\d+)?$/.test(text) && value >= 0.001 && value <= 100_000) return value;
  throw bad('speed', text, 'a number from 0.001 to 100000');
}

const bad = (option: string, value: string, expected: string) =>
  new BadArguments(`--${option}: expected ${expected}, got "${value}"`);
