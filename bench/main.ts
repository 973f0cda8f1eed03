import { parseArgs } from 'node:util';
import { coloursFor } from '../demo/colours.ts';
import { forgetAws } from '../demo/environment.ts';
import { endWithReader } from '../demo/screen.ts';
import { table } from '../demo/table.ts';
import { bundle } from './bundle.ts';
import { cold, coldSheet } from './cold.ts';
import { departures, type Row } from './departures.ts';
import { drain } from './drain/drain.ts';
import { drainSheet } from './drain/sheet.ts';
import type { Sheet } from './sheet.ts';
import { simulator } from './simulator.ts';

type OnProgress = (text: string) => void;

/** What a bench measures, and how that is shown. */
const bench =
  <Measured>(run: (onProgress: OnProgress) => Promise<Measured>, show: (measured: Measured) => Sheet) =>
  async (onProgress: OnProgress) => {
    const measured = await run(onProgress);
    return { json: measured, sheet: show(measured) };
  };

/** One figure a line. */
const figures = (rows: readonly Row[]): Sheet => ({
  head: ['figure', ''],
  lines: rows.map(({ figure, value, unit }) => [figure, `${value} ${unit}`.trim()]),
});

const benches: Readonly<
  Record<string, (onProgress: OnProgress) => Promise<{ json: unknown; sheet: Sheet }>>
> = {
  departures: bench(departures, figures),
  drain: bench(drain, drainSheet),
  simulator: bench(simulator, figures),
  bundle: bench(bundle, figures),
  cold: bench(cold, coldSheet),
};

const usage = `Usage: npm run -s bench -- ${Object.keys(benches).join(' | ')} [--json]

  departures  the scale-in of the demo for the seeds 1 to 20: lateness, calls, billed time
  drain       drains of 90 s to 3 h, up to 100 at once, beside three ways of polling
  simulator   a week of 100 instances with 1,000 tasks, alone and with the steward: speed and memory
  bundle      what each function loads before its handler can run
  cold        the same and its import, beside the same code unbundled`;

forgetAws(process.env);
endWithReader(process.stdout);
endWithReader(process.stderr);

/** For what is said beside the figures. */
const aside = coloursFor(process.stderr, process.env);

function show({ head, lines, notes = [] }: Sheet): void {
  const shown = table(head, coloursFor(process.stdout, process.env));
  for (const line of lines) shown.push([...line]);
  console.log(shown.toString());
  for (const note of notes) console.log(note);
}

async function main(args: readonly string[]): Promise<number> {
  const options = { json: { type: 'boolean' }, help: { type: 'boolean', short: 'h' } } as const;
  const { values, positionals } = parseArgs({ args: [...args], options, allowPositionals: true });
  if (values.help) {
    console.log(usage);
    return 0;
  }
  const [name = '', ...more] = positionals;
  const chosen = Object.hasOwn(benches, name) && more.length === 0 ? benches[name] : undefined;
  if (!chosen)
    throw new TypeError(`expected one of ${Object.keys(benches).join(', ')}, got "${positionals.join(' ')}"`);
  const { json, sheet } = await chosen((text) => console.error(aside.dim(text)));
  if (values.json) console.log(JSON.stringify(json));
  else show(sheet);
  return 0;
}

main(process.argv.slice(2)).then(
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
