import { accountWithSteward, packageService } from '../demo/install.ts';
import { type Report, reportOf } from '../demo/report.ts';
import { leavingCount, playScaleIn } from '../demo/scenario.ts';

/** One row of the table: a figure over all runs. */
export interface Row {
  readonly figure: string;
  readonly value: number;
  readonly unit: string;
}

const seeds = Array.from({ length: 20 }, (_, i) => i + 1);
const most = (reports: readonly Report[], value: (report: Report) => number) =>
  Math.max(...reports.map(value));
const sum = (reports: readonly Report[], value: (report: Report) => number) =>
  reports.reduce((total, report) => total + value(report), 0);
const rounded = (value: number) => Math.round(value * 100) / 100;

/** The scale-in of the demo for the seeds 1 to 20. */
export async function departures(onProgress: (text: string) => void): Promise<Row[]> {
  onProgress('sls package');
  await packageService();
  const reports: Report[] = [];
  for (const seed of seeds) {
    onProgress(`seed ${seed} of ${seeds.length}`);
    const account = await accountWithSteward({ seed });
    const { scaledInAt } = await playScaleIn(account);
    const report = reportOf(account, scaledInAt);
    if (report.departures !== leavingCount || report.departuresEnded !== leavingCount)
      throw new Error(`Seed ${seed}: ${report.departuresEnded} of ${leavingCount} departures ended`);
    reports.push(report);
  }
  const count = sum(reports, (report) => report.departures);
  return [
    { figure: 'departures', value: count, unit: '' },
    {
      figure: 'released before the last task was STOPPED',
      value: sum(reports, (one) => one.releasedEarly),
      unit: '',
    },
    { figure: 'tasks cut off', value: sum(reports, (one) => one.tasksKilled), unit: '' },
    {
      figure: 'lateness, whole path, most',
      value: most(reports, (one) => one.latenessSecondsMax),
      unit: 's',
    },
    {
      figure: 'lateness, own part, most',
      value: most(reports, (one) => one.latenessOwnSecondsMax),
      unit: 's',
    },
    {
      figure: 'ECS and Auto Scaling calls a departure, sweep apart',
      value: rounded(sum(reports, (one) => one.apiCalls) / count),
      unit: '',
    },
    {
      figure: 'the same, in the dearest run',
      value: rounded(most(reports, (one) => one.apiCalls / one.departures)),
      unit: '',
    },
    {
      figure: 'Lambda time billed a departure, sweep apart',
      value: rounded(sum(reports, (one) => one.billedSeconds) / count),
      unit: 's',
    },
  ];
}
