import { describe, expect, it } from 'vitest';
import { stewardHook } from '../../demo/cluster.ts';
import { job, Scene, service } from './scene.ts';

/** Its drains never end by themselves (D-2.24). */
const stuck = { desiredCount: 3, minimumHealthyPercent: 100, maximumPercent: 100 } as const;

describe('tasks that are stopped at the drain deadline', () => {
  it('have all of their stopTimeout, however long, before the instance is released (D-2.35)', async () => {
    const slow = service({ ...stuck, stopTimeoutSeconds: 1200, stopSeconds: 1190 });
    const scene = await Scene.open({ services: [slow], tags: { 'ecs-steward:drain-deadline': '5m' } });
    const departure = await scene.leave();
    expect(departure).toMatchObject({ isEarly: false, tasksKilled: 0, endedBy: 'complete' });
    expect(Number(departure.completedAt) - Number(departure.drainingAt)).toBeGreaterThan(1_490_000);
    expect(scene.metric('ReleasedDrained')).toBe(1);
    expect(scene.denied).toEqual([]);
  });

  it('have the time to leave their load balancer that the tag of the group says (D-13.8)', async () => {
    const behind = service({ ...stuck, deregistrationDelaySeconds: 1800, stopSeconds: 20 });
    const tags = { 'ecs-steward:drain-deadline': '5m', 'ecs-steward:deregistration-delay': '30m' };
    const scene = await Scene.open({ services: [behind], tags });
    const departure = await scene.leave();
    expect(departure).toMatchObject({ isEarly: false, tasksKilled: 0, endedBy: 'complete' });
    expect(scene.metric('ReleasedDrained')).toBe(1);
    expect(scene.denied).toEqual([]);
  });

  it('are given up a minute after the time that they may take, and ten minutes at least', async () => {
    const scene = await Scene.open({
      services: [service({ ...stuck, stopTimeoutSeconds: 900, stopSeconds: 5 })],
      tags: { 'ecs-steward:drain-deadline': '5m' },
    });
    const instanceId = scene.terminate();
    await scene.account.advance(120);
    scene.account.disconnectAgent(instanceId, 7200);
    const departure = await scene.ended(instanceId);
    const [stop] = scene.calls('StopTask');
    const waitedSeconds = (Number(departure.completedAt) - Number(stop?.at)) / 1000;
    expect(waitedSeconds).toBeGreaterThanOrEqual(960);
    expect(waitedSeconds).toBeLessThanOrEqual(960 + 125);
    expect(scene.metric('ReleasedAtDeadline')).toBe(1);
  });
});

describe('tasks that are stopped before the end of the hook (D-3.7)', () => {
  it('are stopped before it ends as the hook of a template does, after 100 of its timeouts', async () => {
    const scene = await Scene.open({ services: [], standalone: [job({ stopSeconds: 15 })] });
    scene.tag({ 'ecs-steward:hook': 'external' });
    scene.putHook(stewardHook, 1500);
    const instanceId = scene.terminate();
    await scene.account.advance(120);
    await scene.pauseSweeps(36.5 * 3600);
    await scene.account.advance(700);
    const [warned] = scene.logged.filter(({ message }) => /ends soon/.test(String(message)));
    expect(warned).toMatchObject({ level: 'WARN', instanceId, why: 'standalone-tasks' });
    await scene.pauseSweeps(4.5 * 3600);
    const departure = await scene.ended(instanceId, 7200);
    const [task] = scene.account.ecs.taskRecords();
    const leftSeconds = 150_000 - (Number(task?.desiredStoppedAt) - departure.terminateAt) / 1000;
    expect(leftSeconds).toBeLessThanOrEqual(602);
    expect(leftSeconds).toBeGreaterThanOrEqual(600 - 62);
    expect(departure).toMatchObject({ isEarly: false, tasksKilled: 0, endedBy: 'complete' });
  });

  it('are stopped as much sooner as they need to end', async () => {
    const slow = job({ stopTimeoutSeconds: 1800, stopSeconds: 1780 });
    const scene = await Scene.open({ services: [], standalone: [slow] });
    const instanceId = scene.terminate();
    await scene.account.advance(120);
    await scene.pauseSweeps(46.5 * 3600);
    const departure = await scene.ended(instanceId, 2 * 3600);
    const [task] = scene.account.ecs.taskRecords();
    const leftSeconds = 48 * 3600 - (Number(task?.desiredStoppedAt) - departure.terminateAt) / 1000;
    expect(leftSeconds).toBeLessThanOrEqual(1800 + 180 + 2);
    expect(leftSeconds).toBeGreaterThanOrEqual(1800 + 180 - 62);
    expect(departure).toMatchObject({ isEarly: false, tasksKilled: 0, endedBy: 'complete' });
    expect(scene.denied).toEqual([]);
  });
});
