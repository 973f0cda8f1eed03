import { setImmediate as turn } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import { accountWithSteward } from '../../demo/install.ts';
import { Pace } from '../../demo/pace.ts';
import { reportOf } from '../../demo/report.ts';
import { leavingCount, playScaleIn } from '../../demo/scenario.ts';
import { Timeline } from '../../demo/timeline.ts';

/** Plays the drain as the demo shows it; gives the lines, the status of every second and the rest it would take. */
async function watched(seed: number) {
  const account = await accountWithSteward({ seed });
  const timeline = new Timeline(account);
  const pace = new Pace();
  const lines: { readonly at: number; readonly text: string }[] = [];
  const statuses: string[] = [];
  let restMs = 0;
  account.world.onRecord((entry) => {
    const text = timeline.line(entry);
    if (text === undefined) return;
    lines.push({ at: account.world.now, text });
    pace.noteLine(account.world.now);
  });
  const { scaledInAt } = await playScaleIn(account, async () => {
    statuses.push(timeline.status());
    restMs += pace.restMs(account.world.now);
    await turn();
  });
  return { account, report: reportOf(account, scaledInAt), lines, statuses, restMs };
}

describe('the drain on a terminal', () => {
  it('takes some seconds to watch, and goes byte for byte as the one in a pipe', async () => {
    const { account, restMs } = await watched(3);
    expect(restMs).toBeGreaterThan(4000);
    expect(restMs).toBeLessThan(8000);
    const unwatched = await accountWithSteward({ seed: 3 });
    await playScaleIn(unwatched);
    expect(JSON.stringify(account.world.log) === JSON.stringify(unwatched.world.log)).toBe(true);
  });

  it('rests no more where nothing has happened for a quarter of an hour', () => {
    const pace = new Pace();
    pace.noteLine(0);
    expect([0, 19_999, 20_000, 899_999, 900_000].map((now) => pace.restMs(now))).toEqual([60, 60, 4, 4, 0]);
  });

  it('says once for each instance that the counts are 0 while containers still run (D-2.12)', async () => {
    const { report, lines } = await watched(1);
    const early = report.instances.filter((one) => Number(one.countsZeroAt) < Number(one.lastStoppedAt));
    expect(early.length).toBeGreaterThan(0);
    const said = lines.filter(({ text }) => text.includes('ECS counts 0 tasks'));
    expect(said).toHaveLength(early.length);
    for (const { instanceId, countsZeroAt } of early) {
      const [line] = said.filter(({ text }) => text.includes(instanceId));
      expect(line?.text).toMatch(/1 container still stops: .*not released/);
      expect(line?.at).toBe(countsZeroAt);
    }
  });

  it('shows for each leaving instance how many tasks are left and of what', async () => {
    const { report, statuses } = await watched(1);
    for (const { instanceId, tasks } of report.instances) {
      const own = statuses.flatMap((status) =>
        status.split('\n').filter((line) => line.includes(instanceId)),
      );
      expect(own[0]).toMatch(new RegExp(`${instanceId} {2}${tasks} left: .*\\d web`));
      expect(own.at(-1)).toContain('released');
    }
    expect(statuses.at(-1)?.split('\n')).toHaveLength(leavingCount);
  });
});
