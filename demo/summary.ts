import type { Account } from '../simulator/account.ts';
import { type Colours, plain } from './colours.ts';
import { type DepartureReport, isHeld, type Report } from './report.ts';
import { table } from './table.ts';

const clock = (time: number | undefined) =>
  time === undefined ? '-' : new Date(time).toISOString().slice(11, 21);
const late = (seconds: number | undefined) => (seconds === undefined ? '-' : `${seconds.toFixed(2)} s`);

/** The summary that ends the demo, for somebody who has never seen the project; `leaving` instances were to leave. */
export function summaryOf(account: Account, report: Report, leaving: number, colours = plain): string {
  return [
    departuresTable(report.instances, colours),
    verdicts(report, leaving, colours),
    costs(account, report, colours),
  ].join('\n\n');
}

function departuresTable(instances: readonly DepartureReport[], colours: Colours): string {
  const rows = table(
    ['instance', 'terminate', 'draining', 'counts 0', 'last STOPPED', 'hook completed', 'late', 'own part'],
    colours,
  );
  for (const one of instances) {
    rows.push([
      one.instanceId,
      clock(one.terminateAt),
      clock(one.drainingAt),
      clock(one.countsZeroAt),
      clock(one.lastStoppedAt),
      clock(one.completedAt),
      late(one.latenessSeconds),
      late(one.latenessOwnSeconds),
    ]);
  }
  return `${rows.toString()}\n${colours.dim(
    'counts 0: ECS had told the last task to stop, and its default lists were empty; containers still ran until last STOPPED.\n' +
      'late: from last STOPPED to hook completed; own part: of that, from the start of the first function since last STOPPED\n' +
      'that asked ECS about the instance.',
  )}`;
}

function verdicts(report: Report, leaving: number, colours: Colours): string {
  const line = (isGood: boolean, text: string) =>
    `${isGood ? colours.green('ok') : colours.red('NOT ok')}  ${text}`;
  const first = report.firstDenied === undefined ? '' : `; the first: ${report.firstDenied}`;
  return [
    line(
      isHeld(report, leaving),
      `${report.departures} of ${leaving} leaving instances held by the hook, ${report.instancesTerminated} instances terminated`,
    ),
    line(
      report.departuresEnded === report.departures,
      `${report.departuresEnded} of ${report.departures} departures ended`,
    ),
    line(report.releasedEarly === 0, `${report.releasedEarly} released before the last task was STOPPED`),
    line(report.tasksKilled === 0, `${report.tasksKilled} tasks cut off by the end of their instance`),
    line(report.hooksTimedOut === 0, `${report.hooksTimedOut} hooks timed out`),
    line(
      report.accessDenied === 0,
      `${report.accessDenied} calls denied by the roles of the packaged stack${first}`,
    ),
  ].join('\n');
}

function costs(account: Account, report: Report, colours: Colours): string {
  const rows = table(['', 'invocations', 'billed', 'ECS and Auto Scaling calls'], colours);
  const perDeparture = (report.apiCalls / Math.max(1, report.departures)).toFixed(1);
  rows.push([
    'admit, release',
    report.invocations,
    `${report.billedSeconds.toFixed(1)} s`,
    `${report.apiCalls} (${perDeparture} a departure)`,
  ]);
  rows.push([
    'sweep and rebalance, every minute',
    report.invocationsSweep,
    `${report.billedSecondsSweep.toFixed(1)} s`,
    report.apiCallsSweep,
  ]);
  const minutes = Math.round((account.world.now - report.since) / 60_000);
  return `${rows.toString()}\n${colours.dim(
    `Counted from the scale-in, ${minutes} minutes. Model of the bill: 30 ms an API call, 5 ms an invocation and 1 ms a call of\n` +
      'computing, 250 ms for a cold start. Times of day are virtual; the seed decides what chance decides.',
  )}`;
}
