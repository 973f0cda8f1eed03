import { once } from 'node:events';
import { setTimeout as rest } from 'node:timers/promises';
import type { Account } from '../simulator/account.ts';
import { BadArguments, type DemoOptions, parseOptions, usage } from './args.ts';
import { coloursFor } from './colours.ts';
import { type Deployment, deployService } from './deploy.ts';
import { forgetAws } from './environment.ts';
import { accountWithSteward, packageService } from './install.ts';
import { prepareLogs, writeLogs } from './logs.ts';
import { Pace } from './pace.ts';
import { isGood, reportOf } from './report.ts';
import { leavingCount, playScaleIn } from './scenario.ts';
import { endWithReader, Screen } from './screen.ts';
import { summaryOf } from './summary.ts';
import { Timeline } from './timeline.ts';

forgetAws(process.env);
endWithReader(process.stdout);
endWithReader(process.stderr);

const colours = coloursFor(process.stdout, process.env);
const screen = new Screen(process.stdout, colours);

/** Shows what happens as it happens; returns what is to be done after every virtual second of the drain. */
function follow(account: Account): () => Promise<void> {
  const { world } = account;
  const timeline = new Timeline(account, colours);
  const pace = new Pace();
  const show = () => screen.status(() => timeline.status());
  world.onRecord((entry) => {
    const line = timeline.line(entry);
    if (line !== undefined) {
      screen.say(line);
      pace.noteLine(world.now);
    }
    show();
  });
  return async () => {
    if (!screen.isLive) return;
    show();
    const restMs = pace.restMs(world.now);
    if (restMs > 0) await rest(restMs);
  };
}

async function run(options: DemoOptions): Promise<number> {
  if (options.log !== undefined) prepareLogs(options.log);
  const { account, url, stop } = await install(options);
  try {
    const code = await play(account, options);
    if (options.keep) {
      screen.say(`the local AWS stays at ${url} until Ctrl-C`);
      await Promise.race(['SIGINT', 'SIGTERM'].map((signal) => once(process, signal)));
    }
    return code;
  } finally {
    await stop();
  }
}

/** An account with the steward in it: deployed as a user deploys it, or loaded from the packaged template. */
async function install({ seed, inProcess }: DemoOptions): Promise<Deployment> {
  if (!inProcess) return screen.during('deploying the service: sls deploy', () => deployService({ seed }));
  await screen.during('packaging the service: sls package', packageService);
  return { account: await accountWithSteward({ seed }), stop: async () => {} };
}

/** Plays the scenario and shows it; gives the exit code. */
async function play(account: Account, options: DemoOptions): Promise<number> {
  const playedFrom = account.world.log.length;
  const { scaledInAt, standaloneTaskArn } = await playScaleIn(account, follow(account));
  screen.end();
  const report = reportOf(account, scaledInAt);
  screen.say(`\n${summaryOf(account, report, leavingCount, colours)}`);
  if (options.log !== undefined) writeLogs(account, options.log, playedFrom);
  if (options.json) screen.say(JSON.stringify(report));
  const standalone = account.ecs.taskRecords().find(({ taskArn }) => taskArn === standaloneTaskArn);
  const isShown = report.instances.some(({ instanceId }) => instanceId === standalone?.ec2InstanceId);
  if (report.departures === leavingCount && !isShown)
    throw new Error('The standalone task is not on an instance that left: the scenario shows nothing of it');
  return isGood(report, leavingCount) ? 0 : 1;
}

async function main(args: readonly string[]): Promise<number> {
  try {
    const options = parseOptions(args);
    if (!options.help) return await run(options);
    screen.say(usage);
    return 0;
  } catch (error) {
    screen.end();
    console.error(
      coloursFor(process.stderr, process.env).red(error instanceof Error ? error.message : String(error)),
    );
    if (!(error instanceof BadArguments)) return 1;
    console.error(`\n${usage}`);
    return 2;
  }
}

process.exitCode = await main(process.argv.slice(2));
