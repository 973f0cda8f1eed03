import { type AwsOptions, BadArguments, parseOptions, usage } from './args.ts';
import { today } from './clock.ts';
import { Server } from './server.ts';
import { openSite } from './site.ts';

/** What is kept of the log, the calls and the invocations: a day of a quiet account. */
const entriesMax = 20_000;

const say = (line: string) => process.stderr.write(`${line}\n`);

// Whoever started the server may stop reading; that is no reason to end.
for (const stream of [process.stdout, process.stderr]) stream.on('error', () => {});

/** Listens until a signal comes; resolves with the exit code. */
async function run({ port, clock, seed }: AwsOptions): Promise<number> {
  const ended = new Promise<string>((done) => {
    for (const signal of ['SIGINT', 'SIGTERM']) process.on(signal, () => done(signal));
  });
  // Under a real clock the account's time begins now.
  const startAt = clock.kind === 'real' ? { startAt: today() } : {};
  const open = (own: number, endpointUrl: string) =>
    openSite({ seed: own, endpointUrl, entriesMax, ...startAt });
  const server = await Server.start({ seed, clock, open, report: say }, port).catch((error: unknown) => {
    say(whyNot(port, error));
  });
  if (!server) return 1;
  process.stdout.write(`ready ${server.url}\n`);
  say(`${await ended}: stopping`);
  await server.stop();
  return 0;
}

function whyNot(port: number, error: unknown): string {
  const { code, message } = error as NodeJS.ErrnoException;
  if (code === 'EADDRINUSE')
    return `Port ${port} of 127.0.0.1 is taken: choose another with --port, or a free one with --port 0.`;
  if (code === 'EACCES')
    return `Port ${port} needs rights that this user does not have: choose one from 1024 up.`;
  return message;
}

async function main(args: readonly string[]): Promise<number> {
  try {
    const options = parseOptions(args);
    if (!options.help) return await run(options);
    process.stdout.write(`${usage}\n`);
    return 0;
  } catch (error) {
    if (!(error instanceof BadArguments)) throw error;
    say(`${error.message}\n\n${usage}`);
    return 2;
  }
}

process.exitCode = await main(process.argv.slice(2));
