import { describe, expect, it } from 'vitest';
import { clusterName, job, Scene, service } from './scene.ts';

/** Released after the last STOPPED and within the path of an event: rule, queue, function. */
const soonSeconds = 2;
/** Released by the sweep, which runs every minute and whose own path takes a moment. */
const sweepSeconds = 62;

describe('an instance is released when its last task is STOPPED', () => {
  it.each([
    ['when it is STOPPED', false],
    ['when the stop is decided', true],
  ])(
    'F11: not while its counts are 0 and a task is still STOPPING (D-2.12, D-2.31), resources back %s',
    async (_, early) => {
      const scene = await Scene.open({
        services: [service({ stopSeconds: 25 })],
        ecsSwitches: { resourcesReturnWhenStopDecided: early },
      });
      const departure = await scene.leave();
      expect(departure.tasks).toBeGreaterThan(0);
      expect(departure.lastStoppedAt).toBeGreaterThanOrEqual((departure.countsZeroAt as number) + 25_000);
      expect(departure).toMatchObject({ isEarly: false, tasksKilled: 0, endedBy: 'complete' });
      expect(departure.latenessSeconds).toBeLessThanOrEqual(soonSeconds);
      expect(departure.latenessOwnSeconds).toBeLessThanOrEqual(0.5);
    },
  );

  it('after the load balancer has let go of its targets (D-2.34, D-13.8)', async () => {
    const completionOf = async (deregistrationDelaySeconds: number) => {
      const scene = await Scene.open({ services: [service({ deregistrationDelaySeconds })] });
      const departure = await scene.leave();
      expect(departure).toMatchObject({ isEarly: false, tasksKilled: 0 });
      return ((departure.completedAt as number) - (departure.countsZeroAt as number)) / 1000;
    };
    const [short, long] = [await completionOf(30), await completionOf(300)];
    expect(long - short).toBeGreaterThan(270 - soonSeconds);
    expect(long - short).toBeLessThan(270 + soonSeconds);
  });

  it('after a standalone task has ended by itself (D-2.28)', async () => {
    const scene = await Scene.open({ standalone: [job({ exitAfterSeconds: 900 })] });
    const departure = await scene.leave();
    expect(departure.latenessSeconds).toBeLessThanOrEqual(soonSeconds);
    expect(departure).toMatchObject({ isEarly: false, tasksKilled: 0, endedBy: 'complete' });
    expect(scene.calls('StopTask')).toEqual([]);
  });

  it('after its daemon, which stops last (D-2.29)', async () => {
    const scene = await Scene.open({
      services: [service(), { name: 'agent', cpu: 32, memoryMib: 64, stopSeconds: 4 }],
    });
    const departure = await scene.leave();
    expect(departure).toMatchObject({ isEarly: false, tasksKilled: 0 });
    expect(departure.latenessSeconds).toBeLessThanOrEqual(soonSeconds);
  });

  it('F20: by way of heartbeats when it takes longer than the heartbeat timeout (D-3.7, D-3.8)', async () => {
    const scene = await Scene.open({ standalone: [job({ exitAfterSeconds: 5 * 3600 })] });
    const departure = await scene.leave(6 * 3600);
    const drainSeconds = ((departure.completedAt as number) - departure.terminateAt) / 1000;
    expect(drainSeconds).toBeGreaterThan(4 * 3600);
    expect(departure).toMatchObject({ endedBy: 'complete', isEarly: false, tasksKilled: 0 });
    const beats = scene.calls('RecordLifecycleActionHeartbeat').length;
    expect(beats).toBeGreaterThanOrEqual(Math.floor(drainSeconds / 450) - 1);
    expect(beats).toBeLessThanOrEqual(Math.ceil(drainSeconds / 450) + 1);
  });
});

describe('an empty instance', () => {
  it.each([{ eventOnStateChange: true }, { eventOnStateChange: false }])(
    'F13: is set to DRAINING first, looked at again after 10 s at the latest, and released, with %o (D-11.1)',
    async (ecsSwitches) => {
      const scene = await Scene.open({ services: [], ecsSwitches });
      const instanceId = scene.terminate();
      const departure = await scene.ended(instanceId, 60);
      expect(departure.tasks).toBe(0);
      expect(departure.drainingAt).toBeLessThan(departure.completedAt as number);
      const waited = ((departure.completedAt as number) - (departure.drainingAt as number)) / 1000;
      expect(waited).toBeLessThanOrEqual(10 + soonSeconds);
    },
  );
});

describe('an instance that drained before its termination', () => {
  it.each([
    ['empty', []],
    ['with tasks that have moved', [service({ stopSeconds: 3 })]],
  ])('is released at once, %s: its operator had set it to DRAINING', async (_, services) => {
    const scene = await Scene.open({ services });
    const { containerInstanceArn } = scene.registration(scene.oldestInstanceId);
    scene.account.call('ecs', 'UpdateContainerInstancesState', {
      cluster: clusterName,
      containerInstances: [containerInstanceArn],
      status: 'DRAINING',
    });
    await scene.account.advance(300);
    const departure = await scene.leave();
    expect(departure).toMatchObject({ isEarly: false, tasksKilled: 0, endedBy: 'complete' });
    expect((Number(departure.completedAt) - departure.terminateAt) / 1000).toBeLessThanOrEqual(
      soonSeconds + 2,
    );
    expect(scene.calls('PutAttributes')).toEqual([]);
  });
});

describe('when events do not come', () => {
  it('the sweep starts the drain of an instance whose best-effort events were all lost (D-0.1)', async () => {
    const scene = await Scene.open();
    scene.account.bus.faults.loseBestEffort = 1;
    const departure = await scene.leave();
    expect(departure.drainingAt).toBeLessThanOrEqual(departure.terminateAt + sweepSeconds * 1000);
    expect(departure).toMatchObject({ isEarly: false, tasksKilled: 0, endedBy: 'complete' });
    expect(departure.latenessSeconds).toBeLessThanOrEqual(soonSeconds);
  });

  it('the sweep releases while ECS events are minutes late (D-1.8)', async () => {
    const scene = await Scene.open();
    Object.assign(scene.account.bus.faults, { lateProbability: 1, lateSecondsMax: 600 });
    const departure = await scene.leave();
    expect(departure).toMatchObject({ isEarly: false, tasksKilled: 0, endedBy: 'complete' });
    expect(departure.latenessSeconds).toBeLessThanOrEqual(sweepSeconds);
    await scene.account.advance(1200);
    expect(scene.deadLetters).toBe(0);
  });

  it('F3: the sweep does everything when every rule is disabled', async () => {
    const scene = await Scene.open({ instances: 4, services: [service({ desiredCount: 8 })] });
    scene.disable('events');
    const departure = await scene.leave();
    expect(departure.drainingAt).toBeLessThanOrEqual(departure.terminateAt + sweepSeconds * 1000);
    expect(departure).toMatchObject({ isEarly: false, tasksKilled: 0, endedBy: 'complete' });
    expect(departure.latenessSeconds).toBeLessThanOrEqual(sweepSeconds);
  });

  it('F1: doubled events do no harm (D-0.2)', async () => {
    const scene = await Scene.open();
    scene.account.bus.faults.duplicate = 1;
    const departure = await scene.leave();
    expect(departure).toMatchObject({ isEarly: false, tasksKilled: 0, endedBy: 'complete' });
    await scene.account.advance(300);
    expect(scene.deadLetters).toBe(0);
    expect(scene.metric('Failures')).toBe(0);
  });
});

describe('when reads are old', () => {
  it.each([1, 2, 3, 4, 5, 6])(
    'never releases early, and ends, with reads up to 8 s old (seed %i)',
    async (seed) => {
      const scene = await Scene.open({ seed, services: [service({ stopSeconds: 12 })] });
      scene.account.endpoint.faults.readLagSecondsMax = 8;
      const departure = await scene.leave();
      expect(departure).toMatchObject({ isEarly: false, tasksKilled: 0, endedBy: 'complete' });
      expect(departure.latenessSeconds).toBeLessThanOrEqual(2 * sweepSeconds);
    },
  );

  it('starts the drain although the API shows the instance InService when the terminate event comes', async () => {
    const scene = await Scene.open();
    const instanceId = scene.oldestInstanceId;
    const before = scene.account.world.now;
    scene.account.endpoint.faults.viewAt = ({ operation }, now) =>
      operation === 'DescribeAutoScalingGroups' ? Math.min(now, Math.max(before, now - 4000)) : now;
    scene.terminate(instanceId);
    await scene.account.advance(20);
    expect(scene.registration(instanceId).status).toBe('DRAINING');
    expect(await scene.ended(instanceId)).toMatchObject({
      isEarly: false,
      tasksKilled: 0,
      endedBy: 'complete',
    });
  });
});

describe('a task that moves between the two lists', () => {
  it('is never in neither: RUNNING is listed before STOPPED (design: idea 4)', async () => {
    const scene = await Scene.open({
      services: [service({ stopSeconds: 40, desiredCount: 3 })],
      // Nothing but the lists says then that a task still stops.
      ecsSwitches: { resourcesReturnWhenStopDecided: true },
    });
    // The instance is read as it is, with counts 0; its tasks as they were when the last one was still to run.
    let firstListAt: number | undefined;
    scene.account.endpoint.faults.viewAt = ({ operation }, now) => {
      if (operation !== 'ListTasks') return now;
      const moved = scene.departures[0]?.countsZeroAt;
      if (moved === undefined || moved > now) return now;
      firstListAt ??= now;
      return now === firstListAt ? moved - 1 : now;
    };
    const departure = await scene.leave();
    expect(firstListAt).toBeDefined();
    expect(departure).toMatchObject({ isEarly: false, tasksKilled: 0, endedBy: 'complete' });
  });
});
