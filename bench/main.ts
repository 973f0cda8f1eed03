import { parseArgs } from 'node:util';
import { coloursFor } from '../demo/colours.ts';
import { forgetAws } from '../demo/environment.ts';
import { endWithReader } from '../demo/screen.ts';
import { table } from '../demo/table.ts';
import { bundle } from './bundle.ts';
import { departures, type Row } from './departures.ts';
import { speed } from './speed.ts';

const benches: Readonly<Record<string, (onProgress: (text: string) => void) => Promise<Row[]>>> = {
  departures,
  speed,
  bundle,
};

const usage = `Usage: npm run -s bench -- ${Object.keys(benches).join(' | ')} [--json]

  departures  the scale-in of the demo for the seeds 1 to 20: lateness, calls, billed time
  speed       simulated / real time for 100 instances, alone and with the steward
  bundle      what each function loads before its handler can run`;

forgetAws(process.env);
endWithReader(process.stdout);
endWithReader(process.stderr);

/** For what is said beside the figures. */
const aside = coloursFor(process.stderr, process.env);

function show(rows: readonly Row[]): void {
  const shown = table(['figure', ''], coloursFor(process.stdout, process.env));
  for (const { figure, value, unit } of rows) shown.push([figure, `${value} ${unit}`.trim()]);
  console.log(shown.toString());
}

async function main(args: readonly string[]): Promise<number> {
  const options = { json: { type: 'boolean' }, help: { type: 'boolean', short: 'h' } } as const;
  const { values, positionals } = parseArgs({ args: [...args], options, allowPositionals: true });
  if (values.help) {
    console.log(usage);
    return 0;
  }
  const [name = '', ...more] = positionals;
  const bench = Object.hasOwn(benches, name) && more.length === 0 ? benches[name] : undefined;
  if (!bench)
    throw new TypeError(`expected one of ${Object.keys(benches).join(', ')}, got "${positionals.join(' ')}"`);
  const rows = await bench((text) => console.error(aside.dim(text)));
  if (values.json) console.log(JSON.stringify(rows));
  else show(rows);
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
