import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { createLogUpdate } from 'log-update';
import pc from 'picocolors';
import type { Account } from '../simulator/account.ts';
import { BadArguments, type DemoOptions, parseOptions, usage } from './args.ts';
import { forgetAws } from './environment.ts';
import { accountWithSteward, packageService } from './install.ts';
import { type Report, reportOf } from './report.ts';
import { playScaleIn } from './scenario.ts';
import { summaryOf } from './summary.ts';
import { Timeline } from './timeline.ts';

forgetAws(process.env);

/** The line that stays at the bottom of a terminal; silent in a pipe. */
const live = createLogUpdate(process.stderr);
const isLive = process.stderr.isTTY && process.stdout.isTTY;

const say = (text: string): void => {
  if (isLive) live.clear();
  console.log(text);
};

function follow(account: Account): void {
  const timeline = new Timeline(account);
  account.world.onRecord((entry) => {
    const line = timeline.line(entry);
    if (line !== undefined) say(line);
    if (isLive) live(timeline.status());
  });
}

/** One JSON object a line: what reached the bus, and every API call. */
function writeLogs(account: Account, folder: string): void {
  mkdirSync(folder, { recursive: true });
  const lines = (kind: string) =>
    account.world.log
      .filter((entry) => entry.kind === kind)
      .map((entry) => `${JSON.stringify(entry)}\n`)
      .join('');
  writeFileSync(join(folder, 'events.ndjson'), lines('event'));
  writeFileSync(join(folder, 'calls.ndjson'), lines('call'));
}

const isGood = (report: Report): boolean =>
  report.departures > 0 &&
  report.departuresEnded === report.departures &&
  report.releasedEarly === 0 &&
  report.tasksKilled === 0 &&
  report.accessDenied === 0;

async function run(options: DemoOptions): Promise<number> {
  say(pc.dim('packaging the service: sls package'));
  await packageService();
  const account = await accountWithSteward({ seed: options.seed });
  follow(account);
  const { scaledInAt, standaloneTaskArn } = await playScaleIn(account);
  live.clear();
  const report = reportOf(account, scaledInAt);
  const standalone = account.ecs.taskRecords().find(({ taskArn }) => taskArn === standaloneTaskArn);
  if (!report.instances.some(({ instanceId }) => instanceId === standalone?.ec2InstanceId)) {
    throw new Error('The standalone task is not on an instance that left: the scenario shows nothing of it');
  }
  say(`\n${summaryOf(account, report)}`);
  if (options.log !== undefined) writeLogs(account, options.log);
  if (options.json) say(JSON.stringify(report));
  return isGood(report) ? 0 : 1;
}

async function main(args: readonly string[]): Promise<number> {
  try {
    const options = parseOptions(args);
    if (!options.help) return await run(options);
    say(usage);
    return 0;
  } catch (error) {
    live.clear();
    console.error(pc.red(error instanceof Error ? error.message : String(error)));
    if (!(error instanceof BadArguments)) return 1;
    console.error(`\n${usage}`);
    return 2;
  }
}

process.exitCode = await main(process.argv.slice(2));
