import { describe, expect, it } from 'vitest';
import type { ServiceWish } from '../../demo/cluster.ts';
import { spotNotice } from './messages.ts';
import { job, Scene, type SceneWish, service } from './scene.ts';

/** Tasks that need all of their stopTimeout but a second to end in good order. */
const careful = (stopTimeoutSeconds: number, wish: Partial<ServiceWish> = {}) =>
  service({ stopSeconds: stopTimeoutSeconds - 1, stopTimeoutSeconds, desiredCount: 6, ...wish });

/** How each task of an instance ended: told to stop how long after the notice (seconds), and how long it then took. */
function endsOf(scene: Scene, instanceId: string, noticedAt: number) {
  return scene.tasksOn(instanceId).map(({ sigtermAt = NaN, executionStoppedAt = NaN, cutOff, stop }) => ({
    toldAfterSeconds: (sigtermAt - noticedAt) / 1000,
    tookSeconds: (executionStoppedAt - sigtermAt) / 1000,
    cutOff,
    stopCode: stop?.stopCode,
  }));
}

/** A scene in which Spot has taken the oldest instance back, and its hook has ended. */
async function interrupted(wish: SceneWish, doing: (scene: Scene) => void = () => {}) {
  const scene = await Scene.open(wish);
  doing(scene);
  const noticedAt = scene.account.world.now;
  const instanceId = scene.interrupt();
  await scene.account.advance(125);
  const ends = endsOf(scene, instanceId, noticedAt);
  const departure = await scene.ended(instanceId, 600);
  return { scene, instanceId, noticedAt, ends, departure };
}

describe('Spot takes an instance back', () => {
  it.each([
    [30, 50, {}],
    [30, 100, {}],
    [90, 50, {}],
    [90, 100, {}],
    [30, 100, { maximumPercent: 100 }],
    [90, 100, { maximumPercent: 100 }],
  ])(
    'F25: its tasks get SIGTERM in time for a stopTimeout of %i s, behind a minimum of %i % and %o (D-3.19)',
    async (stopTimeoutSeconds, minimumHealthyPercent, wish) => {
      const services = [careful(stopTimeoutSeconds, { minimumHealthyPercent, ...wish })];
      const { scene, ends } = await interrupted({ services });
      expect(ends.length).toBeGreaterThan(0);
      for (const end of ends) {
        expect(end).toMatchObject({ tookSeconds: stopTimeoutSeconds - 1, cutOff: false });
        expect(end.toldAfterSeconds).toBeLessThanOrEqual(110 - stopTimeoutSeconds);
      }
      expect(scene.metric('InterruptedTooSlow')).toBe(0);
      expect(scene.metric('Failures')).toBe(0);
      expect(scene.denied).toEqual([]);
      expect(scene.deadLetters).toBe(0);
    },
  );

  it('is drained within seconds of the notice, and what ECS can replace in time is stopped by ECS alone', async () => {
    const { scene, instanceId, noticedAt, ends } = await interrupted({ services: [careful(30)] });
    const { drainingAt = NaN } = scene.registration(instanceId);
    expect((drainingAt - noticedAt) / 1000).toBeLessThan(3);
    expect(ends.map(({ stopCode }) => stopCode)).not.toContain('UserInitiated');
    expect(scene.calls('StopTask')).toEqual([]);
    expect(scene.metric('Interruptions')).toBe(1);
  });

  it('stops a standalone task in time, too, and a daemon', async () => {
    const daemon = { name: 'agent', cpu: 32, memoryMib: 64, stopSeconds: 20 };
    const wish = {
      services: [careful(30, { desiredCount: 1 }), daemon],
      standalone: [job({ stopSeconds: 25 })],
    };
    const { ends } = await interrupted(wish);
    expect(ends.length).toBeGreaterThanOrEqual(2);
    for (const { cutOff, tookSeconds } of ends) {
      expect(cutOff).toBe(false);
      expect(tookSeconds).toBeGreaterThanOrEqual(20);
    }
  });

  it('takes a task out of its load balancer before SIGTERM where the delays fit, as the tag of the group says (D-13.8)', async () => {
    const services = [
      careful(30, { deregistrationDelaySeconds: 20, minimumHealthyPercent: 100, maximumPercent: 100 }),
    ];
    const tags = { 'ecs-steward:deregistration-delay': '20s' };
    const { scene, ends } = await interrupted({ services, tags });
    expect(ends.length).toBeGreaterThan(0);
    for (const { cutOff, toldAfterSeconds, tookSeconds } of ends) {
      expect({ cutOff, tookSeconds }).toEqual({ cutOff: false, tookSeconds: 29 });
      expect(toldAfterSeconds).toBeGreaterThan(60);
    }
    expect(scene.metric('InterruptedTooSlow')).toBe(0);
  });

  it('names the service whose delays do not fit, and has it leave its load balancer at once', async () => {
    const services = [
      careful(30, { deregistrationDelaySeconds: 300, minimumHealthyPercent: 100, maximumPercent: 100 }),
    ];
    const { scene, instanceId, noticedAt } = await interrupted({ services });
    const tasks = scene.tasksOn(instanceId);
    expect(tasks.length).toBeGreaterThan(0);
    for (const { cutOff, desiredStoppedAt = NaN } of tasks) {
      expect(cutOff).toBe(true);
      expect((desiredStoppedAt - noticedAt) / 1000).toBeLessThan(4);
    }
    const named = scene.logged.filter(({ message }) =>
      /longer to stop than Spot gives/.test(String(message)),
    );
    expect(named).toMatchObject([
      { level: 'WARN', taskGroup: 'service:web', deregistrationDelaySeconds: 300 },
    ]);
  });

  it('has its hook completed when the instance has gone, in seconds and not at its timeout (D-3.22)', async () => {
    const { departure } = await interrupted({ services: [careful(30)] });
    expect(departure.endedBy).toBe('complete');
    expect((Number(departure.completedAt) - departure.terminateAt) / 1000).toBeLessThan(20);
  });

  it.each(['stop', 'hibernate'] as const)(
    'drains it before a %s, and its group replaces it (D-1.29)',
    async (action) => {
      const scene = await Scene.open({ services: [careful(30)] });
      const instanceId = scene.interrupt(scene.oldestInstanceId, action);
      await scene.account.advance(5);
      expect(scene.registration(instanceId).status).toBe('DRAINING');
      expect(await scene.ended(instanceId, 1200)).toMatchObject({ endedBy: 'complete' });
    },
  );

  it('goes on with an instance that leaves already', async () => {
    const scene = await Scene.open({
      services: [careful(90, { minimumHealthyPercent: 100, maximumPercent: 100 })],
    });
    const instanceId = scene.terminate();
    await scene.account.advance(60);
    const noticedAt = scene.account.world.now;
    scene.interrupt(instanceId);
    await scene.ended(instanceId, 600);
    for (const end of endsOf(scene, instanceId, noticedAt))
      expect(end).toMatchObject({ cutOff: false, tookSeconds: 89 });
  });
});

describe('a notice', () => {
  it.each<[what: string, faults: (scene: Scene) => void]>([
    ['comes twice', (scene) => Object.assign(scene.account.bus.faults, { duplicate: 1 })],
    [
      'comes ten seconds late',
      (scene) => Object.assign(scene.account.bus.faults, { lateProbability: 1, lateSecondsMax: 10 }),
    ],
    [
      'meets reads up to 3 s old',
      (scene) => Object.assign(scene.account.endpoint.faults, { readLagSecondsMax: 3 }),
    ],
  ])('that %s does no harm (D-0.2)', async (_, faults) => {
    const { scene, ends } = await interrupted({ services: [careful(60)] }, faults);
    expect(ends.length).toBeGreaterThan(0);
    for (const end of ends) expect(end).toMatchObject({ cutOff: false, tookSeconds: 59 });
    expect(scene.metric('Failures')).toBe(0);
    expect(scene.deadLetters).toBe(0);
  });

  it('that is lost is seen nowhere: the instance ends, and its hook is completed all the same (D-0.1)', async () => {
    const lose = (scene: Scene) => Object.assign(scene.account.bus.faults, { loseBestEffort: 1 });
    const { ends, departure, scene } = await interrupted({ services: [careful(30)] }, lose);
    expect(ends.map(({ cutOff }) => cutOff)).toContain(true);
    expect(scene.metric('Interruptions')).toBe(0);
    expect(departure.endedBy).toBe('complete');
    expect((Number(departure.completedAt) - departure.terminateAt) / 1000).toBeLessThan(90);
  });

  it('that comes when its instance has gone changes nothing', async () => {
    const { scene, instanceId, noticedAt } = await interrupted({ services: [careful(30)] });
    await scene.account.advance(120);
    const writes = scene.writes.length;
    scene.send('interrupt', spotNotice(scene, instanceId, new Date(noticedAt)));
    await scene.account.advance(30);
    expect(scene.writes).toHaveLength(writes);
    expect(reasons(scene)).toContain('too-late');
  });

  it.each<[what: string, wish: SceneWish, why: string]>([
    ['a group that is not enrolled', { unenrolled: true }, 'not-enrolled'],
    ['a group that does not want it', { tags: { 'ecs-steward:interrupt': 'off' } }, 'off'],
    ['a paused group', { tags: { 'ecs-steward:state': 'paused' } }, 'paused'],
    ['a group in a dry run', { tags: { 'ecs-steward:dry-run': 'on' } }, 'dry-run'],
  ])('about an instance of %s changes nothing, and why is said', async (_, wish, why) => {
    const scene = await Scene.open({ ...wish, ...(why === 'dry-run' && { unenrolled: true }) });
    if (why === 'dry-run') scene.tag({ 'ecs-steward:cluster': 'shop', 'ecs-steward:dry-run': 'on' });
    const instanceId = scene.interrupt();
    await scene.account.advance(100);
    expect(scene.registration(instanceId).status).toBe('ACTIVE');
    expect(scene.writes.filter(({ service: name }) => name === 'ecs')).toEqual([]);
    expect(reasons(scene)).toEqual([why]);
  });

  it('that nothing follows is undone: after half an hour, and a look at most a quarter of an hour later', async () => {
    const scene = await Scene.open({ services: [careful(30)] });
    const instanceId = scene.oldestInstanceId;
    scene.send('interrupt', spotNotice(scene, instanceId));
    await scene.account.advance(1790);
    expect(scene.registration(instanceId)).toMatchObject({ status: 'DRAINING' });
    await scene.account.advance(10 + 900 + 62);
    expect(scene.registration(instanceId)).toMatchObject({ status: 'ACTIVE', customAttributes: [] });
    expect(scene.metric('Restored')).toBe(1);
    expect(scene.denied).toEqual([]);
  });

  it('about an instance of another account, or one that nobody knows, changes nothing', async () => {
    const scene = await Scene.open();
    scene.send('interrupt', spotNotice(scene, 'i-0123456789abcdef0'));
    const foreign = { ...spotNotice(scene, scene.oldestInstanceId), account: '444455556666' };
    scene.account.bus.publish(scene.account.world.now, {
      source: 'my.ec2',
      detailType: foreign['detail-type'],
      resources: [],
      detail: foreign.detail,
    });
    await scene.account.advance(60);
    expect(scene.writes).toEqual([]);
    expect(reasons(scene)).toEqual(['in-no-group']);
  });
});

const reasons = (scene: Scene) =>
  scene.logged.filter(({ message }) => message === 'leaves an interruption alone').map(({ why }) => why);
