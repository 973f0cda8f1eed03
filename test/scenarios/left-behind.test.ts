import { describe, expect, it } from 'vitest';
import { stewardHook } from '../../demo/cluster.ts';
import { functionsFromSource, packagedTemplate } from '../../demo/install.ts';
import type { Account } from '../../simulator/account.ts';
import { textOf } from '../files.ts';
import { parts } from './granted-run.ts';
import { filledIn, type LeftBehind, leftIn, type QueueName, versions } from './left-behind.ts';
import { clusterName, groupName, Scene, service } from './scene.ts';

describe('what a version of the steward leaves in AWS for the next one', () => {
  it('is as the last file of test/left-behind says: another form of it needs another file, beside the old ones', async () => {
    const accounts: Account[] = [];
    for (const { run } of parts) accounts.push(await run());
    expect(leftIn(accounts)).toEqual([...versions.values()].at(-1));
  }, 300_000);

  it('holds every reason to look again that there is now', () => {
    const [, union = ''] = /export type LookReason =([^;]+);/.exec(textOf('lib/fleet.ts')) ?? [];
    const reasons = [...union.matchAll(/'([\w-]+)'/g)].map(([, reason]) => reason);
    expect(reasons.length).toBeGreaterThan(2);
    const kept = JSON.stringify([...versions.values()].at(-1)?.messages.release);
    for (const reason of reasons) expect(kept).toContain(`"because":"${reason}"`);
  });
});

const leaving = 50;
const services = [
  service({ name: 'web', desiredCount: 70, stopSeconds: 30, stopTimeoutSeconds: 60 }),
  service({ name: 'worker', desiredCount: 40, stopSeconds: 100, stopTimeoutSeconds: 120 }),
];

/** 50 departures as a version has left them, nobody there to see to them: a third drain, a third wait for a budget. */
async function abandoned({ hook, attributes }: LeftBehind): Promise<{ scene: Scene; ids: string[] }> {
  const scene = await Scene.open({ instances: 60, services, unenrolled: true, install: async () => {} });
  const { account } = scene;
  account.call('autoscaling', 'PutLifecycleHook', { AutoScalingGroupName: groupName, ...hook });
  scene.tag({ 'ecs-steward:cluster': clusterName, 'ecs-steward:max-draining': '20' });
  const ids = account.ec2
    .all()
    .slice(0, leaving)
    .map(({ instanceId }) => instanceId);
  for (const instanceId of ids) scene.terminate(instanceId);
  await account.advance(5);
  const put = (instanceId: string, text = '') => {
    const [name = '', value = ''] = filledIn(scene, text, instanceId).split(' = ');
    const { containerInstanceArn: targetId } = scene.registration(instanceId);
    account.call('ecs', 'PutAttributes', { cluster: clusterName, attributes: [{ name, value, targetId }] });
  };
  const mark = attributes.find((text) => text.endsWith('/termination'));
  const waiting = attributes.find((text) => text.startsWith('ecs-steward.waiting'));
  for (const [i, instanceId] of ids.entries()) {
    if (i % 3 === 1) put(instanceId, waiting);
    if (i % 3 !== 0) continue;
    put(instanceId, mark);
    const { containerInstanceArn } = scene.registration(instanceId);
    const containerInstances = [containerInstanceArn];
    account.call('ecs', 'UpdateContainerInstancesState', {
      cluster: clusterName,
      containerInstances,
      status: 'DRAINING',
    });
  }
  await account.advance(60);
  return { scene, ids };
}

describe('this version', () => {
  it.each([...versions])(
    'finishes 50 departures that version %i has begun, its messages still on their way',
    async (_, left) => {
      const { scene, ids } = await abandoned(left);
      scene.account.install(packagedTemplate(), await functionsFromSource());
      const queues: QueueName[] = ['lane', 'release', 'interrupt'];
      const all = queues.flatMap((queue) => left.messages[queue].map((message) => ({ queue, message })));
      expect(all.length).toBeGreaterThanOrEqual(4);
      for (const [i, { queue, message }] of all.entries())
        scene.send(queue, JSON.parse(filledIn(scene, JSON.stringify(message), ids[i * 3] ?? '')));
      for (const event of left.events) {
        const [time, id] = [new Date(scene.account.world.now).toISOString(), ids[1] ?? ''];
        scene.send('lane', JSON.parse(filledIn(scene, JSON.stringify({ ...event, time }), id)));
      }
      const ended = () => scene.departures.filter(({ completedAt }) => completedAt !== undefined);
      await scene.account.until('all of them end', () => ended().length === leaving, 3600);
      for (const departure of scene.departures)
        expect(departure).toMatchObject({ isEarly: false, tasksKilled: 0, endedBy: 'complete' });
      expect(scene.metric('Unwanted')).toBe(0);
      expect(scene.metric('Failures')).toBe(0);
      expect(scene.deadLetters).toBe(0);
      expect(left.hook.LifecycleHookName).toBe(stewardHook);
    },
    240_000,
  );
});
