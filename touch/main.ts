import { parseArgs } from 'node:util';
import { coloursFor } from '../demo/colours.ts';
import { forgetAws } from '../demo/environment.ts';
import { endWithReader } from '../demo/screen.ts';
import { table } from '../demo/table.ts';
import { Server } from '../simulator/server.ts';
import { openSite } from '../simulator/site.ts';
import { servedOperations } from './control.ts';
import { touch } from './javascript.ts';
import { touchWithBoto3 } from './python.ts';
import { type Judged, judge } from './row.ts';
import { readSteps, services } from './steps.ts';

const usage = `Usage: npm run touch -- [options]

Calls every operation of ECS, Auto Scaling and Systems Manager that the local AWS answers, over HTTP,
once with input that AWS would refuse and once with input that it takes, and shows what came back.

Options:
  --sdk NAME          javascript: the AWS SDK for JavaScript (default)
                      boto3: the AWS SDK for Python, skipped where python3 or boto3 is missing
  --endpoint-url URL  a fresh local AWS that runs already (npm run aws); default: one of its own
  --json              prints the rows as JSON
  --help              this text

Exit code 0: all is as expected, or skipped. 1: an operation is not touched, is not known, fails, refuses
the good input, or does not refuse the bad one as AWS does. 2: bad arguments.`;

forgetAws(process.env);
endWithReader(process.stdout);
endWithReader(process.stderr);

const colours = coloursFor(process.stdout, process.env);
const aside = coloursFor(process.stderr, process.env);

function options(args: readonly string[]) {
  const { values } = parseArgs({
    args: [...args],
    options: {
      sdk: { type: 'string', default: 'javascript' },
      'endpoint-url': { type: 'string' },
      json: { type: 'boolean', default: false },
      help: { type: 'boolean', short: 'h', default: false },
    },
  });
  const { sdk, 'endpoint-url': endpointUrl } = values;
  if (sdk !== 'javascript' && sdk !== 'boto3')
    throw new TypeError(`--sdk: expected javascript or boto3, got "${sdk}"`);
  if (endpointUrl !== undefined && !/^https?:\/\/[^/]+$/.test(endpointUrl))
    throw new TypeError(`--endpoint-url: expected http://HOST:PORT, got "${endpointUrl}"`);
  return { sdk, endpointUrl, json: values.json, help: values.help } as const;
}

function startServer(): Promise<Server> {
  return Server.start(
    {
      seed: 1,
      clock: { kind: 'virtual', speed: 1 },
      open: (seed, endpointUrl) => openSite({ seed, endpointUrl }),
      report: (line) => console.error(aside.red(line)),
    },
    0,
  );
}

/** The rows, or why there are none. */
async function rowsFrom(sdk: 'javascript' | 'boto3', endpointUrl: string): Promise<Judged[] | string> {
  const steps = readSteps();
  const rows = sdk === 'boto3' ? await touchWithBoto3(endpointUrl) : await touch(endpointUrl, steps);
  return typeof rows === 'string' ? rows : judge(rows, steps, await servedOperations(endpointUrl));
}

function show(rows: readonly Judged[]): void {
  const shown = table(['operation', 'good', 'bad'], colours);
  for (const service of services)
    for (const { operation, good, bad, problem } of rows.filter((row) => row.service === service))
      shown.push([
        `${service} ${operation}`,
        good,
        problem === undefined ? bad : colours.red(`${bad}: ${problem}`),
      ]);
  console.log(shown.toString());
  const wrong = rows.filter(({ problem }) => problem !== undefined).length;
  console.log(`\n${rows.length - wrong} of ${rows.length} operations answer as expected.`);
}

async function run({ sdk, endpointUrl, json }: ReturnType<typeof options>): Promise<number> {
  const server = endpointUrl === undefined ? await startServer() : undefined;
  try {
    const rows = await rowsFrom(sdk, endpointUrl ?? server?.url ?? '');
    if (typeof rows === 'string') {
      console.error(`skipped: ${rows}`);
      return 0;
    }
    if (json) console.log(JSON.stringify(rows));
    else show(rows);
    return rows.some(({ problem }) => problem !== undefined) ? 1 : 0;
  } finally {
    await server?.stop();
  }
}

async function main(args: readonly string[]): Promise<number> {
  const asked = options(args);
  if (!asked.help) return run(asked);
  console.log(usage);
  return 0;
}

main(process.argv.slice(2)).then(
  (code) => {
    process.exitCode = code;
  },
  (error: unknown) => {
    const isBadArgument = error instanceof TypeError && !('cause' in error);
    console.error(aside.red(error instanceof Error ? error.message : String(error)));
    if (isBadArgument) console.error(`\n${usage}`);
    process.exitCode = isBadArgument ? 2 : 1;
  },
);
