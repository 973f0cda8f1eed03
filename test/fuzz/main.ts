import { parseArgs } from 'node:util';
import fc from 'fast-check';
import { coloursFor } from '../../demo/colours.ts';
import { endWithReader, Screen } from '../../demo/screen.ts';
import { actsProperty, bodyProperty, tagsProperty } from './door.ts';

const usage = `Usage: npm run fuzz -- [--runs N] [--seed S]

Throws N messages and N sets of tags (default 100000) at what reads them, and N / 100 batches at the functions in an
account where nothing is ours. Exit code 0: no crash, and nothing done. 1: otherwise, with the smallest input. 2: bad arguments.`;

endWithReader(process.stdout);
const aside = coloursFor(process.stderr, process.env);
const screen = new Screen(process.stderr, aside);

function whole(name: string, text: string): number {
  if (/^\d{1,9}$/.test(text)) return Number(text);
  throw new TypeError(`--${name}: expected a whole number, got "${text}"`);
}

async function main(): Promise<number> {
  const options = { runs: { type: 'string' }, seed: { type: 'string' }, help: { type: 'boolean' } } as const;
  const { values } = parseArgs({ options });
  if (values.help) {
    console.log(usage);
    return 0;
  }
  const numRuns = whole('runs', values.runs ?? '100000');
  const seed = whole('seed', values.seed ?? String(Date.now() % 1_000_000_000));
  console.log(`seed ${seed}`);
  const tell = async (what: string, runs: number, check: () => Promise<void> | void) => {
    await screen.during(`${runs} ${what}`, async () => check());
    console.log(`${runs} ${what}: nothing wrong`);
  };
  await tell('messages', numRuns, () => fc.assert(bodyProperty, { numRuns, seed }));
  await tell('sets of tags', numRuns, () => fc.assert(tagsProperty, { numRuns, seed }));
  const batches = Math.ceil(numRuns / 100);
  await tell('batches', batches, () => fc.assert(actsProperty, { numRuns: batches, seed }));
  return 0;
}

main().then(
  (code) => {
    process.exitCode = code;
  },
  (error: unknown) => {
    const isBadArgument = error instanceof TypeError;
    console.error(aside.red(error instanceof Error ? error.message : String(error)));
    if (isBadArgument) console.error(`\n${usage}`);
    process.exitCode = isBadArgument ? 2 : 1;
  },
);
