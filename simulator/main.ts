import { Account } from './account.ts';
import { type AwsOptions, BadArguments, parseOptions, usage } from './args.ts';
import { type ClockSettings, today } from './clock.ts';
import type { CodeOf } from './cloud/lambda/package.ts';
import { Processes } from './cloud/lambda/process.ts';
import { Server, type Site } from './server.ts';

/** What is kept of the log, the calls and the invocations: a day of a quiet account. */
const entriesMax = 20_000;

const say = (line: string) => process.stderr.write(`${line}\n`);

// Whoever started the server may stop reading; that is no reason to end.
for (const stream of [process.stdout, process.stderr]) stream.on('error', () => {});

/** An account whose functions run in processes of their own; under a real clock its time begins now. */
function openSite(clock: ClockSettings): (seed: number, url: string) => Site {
  return (seed, url) => {
    const startAt = clock.kind === 'real' ? { startAt: today() } : {};
    const codeOf: CodeOf = (zip, handler) => processes.runtime(zip)(handler);
    const account = new Account({ seed, entriesMax, endpointUrl: url, codeOf, ...startAt });
    const processes = new Processes({ world: account.world, endpointUrl: url });
    return {
      account,
      respond: (token, body) => account.cloudformation.respond(token, body),
      polls: (request) => account.cloudformation.isPolled(request.body),
      functionRequests: (accessKeyId, request) => processes.handle(accessKeyId, request),
      close: () => processes.stop(),
    };
  };
}

/** Listens until a signal comes; resolves with the exit code. */
async function run({ port, clock, seed }: AwsOptions): Promise<number> {
  const ended = new Promise<string>((done) => {
    for (const signal of ['SIGINT', 'SIGTERM']) process.on(signal, () => done(signal));
  });
  const options = { seed, clock, open: openSite(clock), report: say };
  const server = await Server.start(options, port).catch((error: unknown) => {
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
