import { describe, expect, it } from 'vitest';
import { accountWithSteward } from '../../demo/install.ts';
import { reportOf } from '../../demo/report.ts';
import { playScaleIn } from '../../demo/scenario.ts';

describe('the demo', () => {
  it.each(Array.from({ length: 20 }, (_, i) => i + 1))(
    'releases three instances in time and cuts nothing off, with seed %i',
    async (seed) => {
      const account = await accountWithSteward({ seed });
      const { scaledInAt, standaloneTaskArn } = await playScaleIn(account);
      const report = reportOf(account, scaledInAt);
      expect(report).toMatchObject({
        departures: 3,
        departuresEnded: 3,
        releasedEarly: 0,
        tasksKilled: 0,
        tasksStoppedByPolicy: 0,
        hooksTimedOut: 0,
        accessDenied: 0,
      });
      for (const { latenessOwnSeconds } of report.instances) expect(latenessOwnSeconds).toBeGreaterThan(0);
      expect(report.latenessOwnSecondsMax).toBeLessThanOrEqual(0.5);
      expect(report.latenessSecondsMax).toBeLessThanOrEqual(2);
      expect(report.apiCalls / report.departures).toBeLessThanOrEqual(16);
      const standalone = account.ecs.taskRecords().find(({ taskArn }) => taskArn === standaloneTaskArn);
      expect(report.instances.map(({ instanceId }) => instanceId)).toContain(standalone?.ec2InstanceId);
      expect(standalone?.stop?.stopCode).toBe('EssentialContainerExited');
      expect(Number(standalone?.stoppedAt) - Number(standalone?.startedAt)).toBe(12 * 60_000);
    },
  );
});
