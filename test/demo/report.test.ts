import { describe, expect, it } from 'vitest';
import { accountWithSteward } from '../../demo/install.ts';
import { isGood, type Report, reportOf } from '../../demo/report.ts';
import { leavingCount, playScaleIn } from '../../demo/scenario.ts';
import { summaryOf } from '../../demo/summary.ts';
import { Fault } from '../../simulator/machine.ts';

/** The demo's scale-in, where `refuse` may refuse an operation at a time by returning a fault. */
async function played(refuse: (operation: string, now: number) => Fault | undefined) {
  const account = await accountWithSteward({ seed: 1 });
  account.endpoint.faults.refuse = ({ operation, functionName }) => {
    const fault = functionName === undefined ? undefined : refuse(operation, account.world.now);
    if (fault) throw fault;
  };
  const { scaledInAt } = await playScaleIn(account);
  const report = reportOf(account, scaledInAt);
  return { report, summary: summaryOf(account, report, leavingCount) };
}

const denied = (operation: string) => new Fault('AccessDenied', `may not ${operation}`, 403);

describe('the report of the demo', () => {
  it('says of departures that never end that they did not, and names the first call that was denied', async () => {
    const { report, summary } = await played((operation) =>
      operation === 'CompleteLifecycleAction' ? denied(operation) : undefined,
    );
    expect(report).toMatchObject({
      departures: 3,
      departuresEnded: 0,
      instancesTerminated: 0,
      tasksKilled: 0,
    });
    expect(report.firstDenied).toMatch(/^autoscaling:CompleteLifecycleAction by \S+-release at 12:03:\d\d/);
    expect(summary).toContain('0 of 3 departures ended');
    expect(summary).toContain(`the first: ${report.firstDenied}`);
    expect(isGood(report, leavingCount)).toBe(false);
  });

  it('counts the instances and the tasks that end without our hook', async () => {
    const { report, summary } = await played((operation) =>
      operation === 'PutLifecycleHook' ? denied(operation) : undefined,
    );
    expect(report).toMatchObject({ departures: 0, departuresEnded: 0, instancesTerminated: 3 });
    expect(report.tasksKilled).toBeGreaterThanOrEqual(3);
    expect(report.firstDenied).toContain('autoscaling:PutLifecycleHook');
    expect(summary).toContain('0 of 3 leaving instances held by the hook, 3 instances terminated');
    expect(isGood(report, leavingCount)).toBe(false);
  });

  it('takes a look that failed for the begin of our own part of the lateness', async () => {
    const failingMs = 30_000;
    let failsUntil: number | undefined;
    const { report } = await played((operation, now) => {
      if (operation !== 'CompleteLifecycleAction') return undefined;
      failsUntil ??= now + failingMs;
      return now < failsUntil ? new Fault('InternalFailure', 'try again', 500) : undefined;
    });
    expect(report.departuresEnded).toBe(3);
    expect(report.latenessOwnSecondsMax).toBeGreaterThanOrEqual(failingMs / 1000);
    for (const { latenessSeconds, latenessOwnSeconds } of report.instances)
      expect(latenessOwnSeconds).toBeLessThanOrEqual(Number(latenessSeconds));
  });
});

describe('isGood', () => {
  const good: Report = {
    seed: 1,
    since: 0,
    departures: 3,
    departuresEnded: 3,
    releasedEarly: 0,
    instancesTerminated: 3,
    tasksKilled: 0,
    tasksStoppedByPolicy: 0,
    hooksTimedOut: 0,
    latenessOwnSecondsMax: 0.2,
    latenessSecondsMax: 0.9,
    invocations: 15,
    invocationsSweep: 11,
    billedSeconds: 1.7,
    billedSecondsSweep: 1.4,
    apiCalls: 37,
    apiCallsSweep: 43,
    accessDenied: 0,
    firstDenied: undefined,
    instances: [],
  };

  it('holds where all three instances were held, drained and released', () => {
    expect(isGood(good, 3)).toBe(true);
  });

  it.each<[string, Partial<Report>]>([
    ['a departure has not ended', { departuresEnded: 2 }],
    ['an instance was not held', { departures: 2, departuresEnded: 2 }],
    ['another instance was terminated', { instancesTerminated: 4 }],
    ['nothing left', { departures: 0, departuresEnded: 0, instancesTerminated: 0 }],
    ['one was released early', { releasedEarly: 1 }],
    ['a task was cut off', { tasksKilled: 1 }],
    ['a hook timed out', { hooksTimedOut: 1 }],
    ['a call was denied', { accessDenied: 1 }],
  ])('does not hold where %s', (_what, change) => {
    expect(isGood({ ...good, ...change }, 3)).toBe(false);
  });
});
