import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createGroup, hasHook, stewardHook, tagGroup } from '../../demo/cluster.ts';
import { Fault } from '../../simulator/machine.ts';
import { Removal } from './removal.ts';
import { clusterName, groupName, Scene, service } from './scene.ts';

const done = { Status: 'SUCCESS', PhysicalResourceId: 'ecs-steward' };
const slow = service({ stopSeconds: 30 });
/** Its tasks can neither stop nor start elsewhere, so that an instance is held for 50 minutes (D-2.24). */
const stuck = service({ desiredCount: 3, minimumHealthyPercent: 100, maximumPercent: 100 });

/** Another group of this name without instances, with our hook if wished, as if it had been enrolled once. */
function addGroup(scene: Scene, autoScalingGroupName: string, isHooked = true): void {
  createGroup(scene.account, { clusterName, autoScalingGroupName, desiredCapacity: 0 });
  if (isHooked) putHook(scene, autoScalingGroupName, stewardHook);
}

function putHook(scene: Scene, AutoScalingGroupName: string, LifecycleHookName: string): void {
  scene.account.call('autoscaling', 'PutLifecycleHook', {
    AutoScalingGroupName,
    LifecycleHookName,
    LifecycleTransition: 'autoscaling:EC2_INSTANCE_TERMINATING',
    DefaultResult: 'CONTINUE',
    HeartbeatTimeout: 1800,
  });
}

const hookNames = (scene: Scene, AutoScalingGroupName: string) => {
  const { LifecycleHooks } = scene.account.call('autoscaling', 'DescribeLifecycleHooks', {
    AutoScalingGroupName,
  });
  return (LifecycleHooks as { LifecycleHookName: string }[]).map((hook) => hook.LifecycleHookName);
};

const untag = (scene: Scene) =>
  scene.account.call('autoscaling', 'DeleteTags', {
    Tags: [{ ResourceId: groupName, ResourceType: 'auto-scaling-group', Key: 'ecs-steward:cluster' }],
  });

describe('when nothing waits', () => {
  it('our hook is deleted and no sweep puts it back', async () => {
    const scene = await Scene.open();
    const removal = new Removal(scene);
    expect(await removal.run()).toMatchObject(done);
    expect(hasHook(scene.account, groupName)).toBe(false);
    expect(removal.isSweepOn).toBe(false);
    await scene.account.advance(1200);
    expect(hasHook(scene.account, groupName)).toBe(false);
    expect(removal.writes).toEqual(['DisableRule ok', 'DeleteLifecycleHook ok']);
    expect(scene.denied).toEqual([]);
  });

  it('an instance that is terminated afterwards is not held up', async () => {
    const scene = await Scene.open();
    await new Removal(scene).run();
    const instanceId = scene.terminate();
    await scene.account.advance(90);
    expect(scene.account.ec2.all().find((one) => one.instanceId === instanceId)?.state).toBe('terminated');
    expect(scene.departures).toEqual([]);
  });

  it('the hooks of others stay, on the same group and on others', async () => {
    const scene = await Scene.open();
    putHook(scene, groupName, 'another-team');
    addGroup(scene, 'theirs', false);
    putHook(scene, 'theirs', 'ecs-steward-terminate-not-ours');
    await new Removal(scene).run();
    expect(hookNames(scene, groupName)).toEqual(['another-team']);
    expect(hookNames(scene, 'theirs')).toEqual(['ecs-steward-terminate-not-ours']);
  });

  it('a hook whose tag was taken away is deleted too', async () => {
    const scene = await Scene.open();
    untag(scene);
    const removal = new Removal(scene);
    expect(await removal.run()).toMatchObject(done);
    expect(hasHook(scene.account, groupName)).toBe(false);
  });

  it('hooks are found on every page of the groups', async () => {
    const scene = await Scene.open({ services: [], instances: 1 });
    for (let i = 0; i < 230; i++) addGroup(scene, `group-${i}`, i % 50 === 0);
    const removal = new Removal(scene);
    expect(await removal.run()).toMatchObject(done);
    expect(removal.writes.filter((write) => write === 'DeleteLifecycleHook ok')).toHaveLength(6);
    for (let i = 0; i < 230; i += 50) expect(hasHook(scene.account, `group-${i}`)).toBe(false);
  });

  it('reads that are seconds old do not make it fail', async () => {
    const scene = await Scene.open();
    scene.account.endpoint.faults.readLagSecondsMax = 8;
    const removal = new Removal(scene);
    expect(await removal.run()).toMatchObject(done);
    expect(hasHook(scene.account, groupName)).toBe(false);
  });
});

describe('while an instance waits', () => {
  it('it refuses, the departure ends as it would have, and the next removal succeeds', async () => {
    const scene = await Scene.open({ services: [slow] });
    const removal = new Removal(scene);
    const instanceId = scene.terminate();
    await scene.account.advance(15);
    const answer = await removal.run();
    expect(answer.Status).toBe('FAILED');
    expect(answer.Reason).toMatch(/^1 instance waits .* Remove the stack again when it has left/);
    expect(answer.Reason).toContain(`${instanceId} in ${groupName}`);
    expect(removal.writes).toEqual(['EnableRule ok']);
    expect(await scene.ended(instanceId)).toMatchObject({
      isEarly: false,
      tasksKilled: 0,
      endedBy: 'complete',
    });
    await scene.account.advance(60);
    expect(await removal.run()).toMatchObject(done);
    expect(hasHook(scene.account, groupName)).toBe(false);
  });

  it('it refuses also where the tag was taken away, for the hook holds the instance still', async () => {
    const scene = await Scene.open({ services: [slow] });
    scene.terminate();
    await scene.account.advance(15);
    untag(scene);
    expect(await new Removal(scene).run()).toMatchObject({ Status: 'FAILED' });
    expect(hasHook(scene.account, groupName)).toBe(true);
  });

  it('it lets the instance go where the group is forced', async () => {
    const scene = await Scene.open({ services: [stuck] });
    const instanceId = scene.terminate();
    await scene.account.advance(15);
    const removal = new Removal(scene);
    expect((await removal.run()).Reason).toContain('ecs-steward:uninstall = force');
    tagGroup(scene.account, groupName, { 'ecs-steward:uninstall': 'force' });
    expect(await removal.run()).toMatchObject(done);
    expect(hasHook(scene.account, groupName)).toBe(false);
    expect(scene.departure(instanceId).endedBy).toBe('hook-deleted');
  });
});

describe('while it waits until no sweep is under way', () => {
  it('a departure that begins makes it refuse, and the sweep goes on', async () => {
    const scene = await Scene.open({ services: [slow] });
    const removal = new Removal(scene);
    removal.begin();
    await scene.account.advance(145);
    expect(removal.isSweepOn).toBe(false);
    const instanceId = scene.terminate();
    await scene.account.until('an answer', () => removal.answers.length > 0, 60);
    expect(removal.answers[0]?.Reason).toContain(instanceId);
    expect(removal.writes).toEqual(['DisableRule ok', 'EnableRule ok']);
    expect(removal.isSweepOn).toBe(true);
    expect(await scene.ended(instanceId)).toMatchObject({
      isEarly: false,
      tasksKilled: 0,
      endedBy: 'complete',
    });
  });

  it('a sweep that begins late puts a hook, which is deleted like the others', async () => {
    const scene = await Scene.open({ services: [] });
    addGroup(scene, 'new-nodes', false);
    const removal = new Removal(scene);
    removal.begin();
    await scene.account.advance(1);
    expect(removal.isSweepOn).toBe(false);
    tagGroup(scene.account, 'new-nodes', { 'ecs-steward:cluster': clusterName });
    await scene.account.advance(58);
    // The event of the last minute, which Lambda had no room for until now.
    scene.account.lambda.invoke('ecs-steward-prod-sweep', '{}', 'late', () => {});
    await scene.account.advance(2);
    expect(hasHook(scene.account, 'new-nodes')).toBe(true);
    await scene.account.until('an answer', () => removal.answers.length > 0, 200);
    expect(removal.answers).toMatchObject([done]);
    expect(hasHook(scene.account, 'new-nodes')).toBe(false);
  });

  it('a group that is deleted is nothing to do', async () => {
    const scene = await Scene.open({ services: [] });
    addGroup(scene, 'short-lived');
    const removal = new Removal(scene);
    removal.begin();
    await scene.account.advance(149);
    scene.account.endpoint.faults.refuse = ({ operation, input }) => {
      const isLast = operation === 'DeleteLifecycleHook' && input.AutoScalingGroupName === 'short-lived';
      if (isLast)
        scene.account.call('autoscaling', 'DeleteAutoScalingGroup', { AutoScalingGroupName: 'short-lived' });
    };
    await scene.account.until('an answer', () => removal.answers.length > 0, 60);
    expect(removal.answers).toMatchObject([done]);
    expect(removal.writes).toContain('DeleteLifecycleHook ValidationError');
  });
});

describe('when AWS refuses', () => {
  const refusing = (
    scene: Scene,
    refused: string,
    when: (input: Record<string, unknown>) => boolean = () => true,
  ) => {
    scene.account.endpoint.faults.refuse = ({ operation, input, functionName }) => {
      if (functionName?.endsWith('uninstall') && operation === refused && when(input))
        throw new Fault('AccessDenied', `no ${refused} today`, 403);
    };
  };

  it.each(['DescribeAutoScalingGroups', 'DescribeLifecycleHooks', 'DisableRule', 'DeleteLifecycleHook'])(
    'a call (%s), it fails with what AWS said and leaves the steward at work',
    async (operation) => {
      const scene = await Scene.open({ services: [] });
      const removal = new Removal(scene);
      refusing(scene, operation);
      expect(await removal.run()).toMatchObject({
        Status: 'FAILED',
        Reason: `AccessDenied: no ${operation} today.`,
      });
      expect(removal.isSweepOn).toBe(true);
      expect(hasHook(scene.account, groupName)).toBe(true);
    },
  );

  it('in the middle, the sweep puts back within two minutes what was deleted', async () => {
    const scene = await Scene.open({ services: [] });
    addGroup(scene, 'refused');
    refusing(scene, 'DeleteLifecycleHook', ({ AutoScalingGroupName }) => AutoScalingGroupName === 'refused');
    const removal = new Removal(scene);
    expect(await removal.run()).toMatchObject({ Status: 'FAILED' });
    expect(hasHook(scene.account, groupName)).toBe(false);
    await scene.account.advance(120);
    expect(hasHook(scene.account, groupName)).toBe(true);
  });

  it('to switch the sweep on again, it says so', async () => {
    const scene = await Scene.open({ services: [slow] });
    scene.terminate();
    await scene.account.advance(15);
    refusing(scene, 'EnableRule');
    const { Reason } = await new Removal(scene).run();
    expect(Reason).toMatch(/Waiting: .* Switch the rule of the sweep on, .* no EnableRule today\.$/);
  });

  it('for a moment only, it tries again', async () => {
    const scene = await Scene.open({ services: [] });
    let refusals = 0;
    scene.account.endpoint.faults.refuse = ({ operation }) => {
      if (operation === 'DeleteLifecycleHook' && refusals++ === 0)
        throw new Fault('Throttling', 'Rate exceeded', 400);
    };
    expect(await new Removal(scene).run()).toMatchObject(done);
  });
});

describe('a request', () => {
  it.each(['Create', 'Update'])('to %s is answered at once', async (RequestType) => {
    const scene = await Scene.open({ services: [] });
    const removal = new Removal(scene);
    removal.begin({ RequestType });
    await scene.account.advance(1);
    expect(removal.answers).toMatchObject([done]);
    expect(removal.writes).toEqual([]);
  });

  it('that is not understood is answered with what was expected', async () => {
    const scene = await Scene.open({ services: [] });
    const removal = new Removal(scene);
    const { Status, Reason } = await removal.run({ RequestType: 'Remove' });
    expect([Status, removal.writes]).toEqual(['FAILED', []]);
    expect(Reason).toContain('RequestType');
  });

  it('whose answer is not taken at first is answered again', async () => {
    const scene = await Scene.open({ services: [] });
    const removal = new Removal(scene);
    const take = scene.account.lambda.put;
    let attempts = 0;
    scene.account.lambda.put = (url, body) => (++attempts < 3 ? 503 : take(url, body));
    expect(await removal.run()).toMatchObject(done);
    expect(attempts).toBe(3);
  });

  it('that cannot be answered fails the function, so that Lambda runs it again', async () => {
    const scene = await Scene.open({ services: [] });
    const removal = new Removal(scene);
    await expect(removal.run({ ResponseURL: 'https://nowhere.example/' })).rejects.toThrow(
      'ended with error',
    );
    expect(await removal.run()).toMatchObject(done);
  });
});

describe('an invocation', () => {
  it('that comes twice at the same time does the same once', async () => {
    const scene = await Scene.open({ services: [] });
    const removal = new Removal(scene);
    removal.begin();
    removal.begin();
    await scene.account.until('both answers', () => removal.answers.length === 2, 320);
    expect(removal.answers).toMatchObject([done, done]);
    expect(hasHook(scene.account, groupName)).toBe(false);
  });

  it('that dies at any of its calls is made good by the next one, whatever waits by then', async () => {
    const deaths = fc.record({
      callNumber: fc.integer({ min: 1, max: 12 }),
      when: fc.constantFrom('before', 'after'),
      seed: fc.integer({ min: 1, max: 1000 }),
      isLeaving: fc.boolean(),
    });
    await fc.assert(
      fc.asyncProperty(deaths, async ({ callNumber, when, seed, isLeaving }) => {
        const scene = await Scene.open({ services: [slow], instances: 2, seed });
        const removal = new Removal(scene);
        scene.account.lambda.faults.crash = ({ functionName }, number, moment) =>
          functionName.endsWith('uninstall') && number === callNumber && moment === when;
        removal.begin();
        await scene.account.until('the end', () => removal.ended.length > 0, 320);
        scene.account.lambda.faults.crash = undefined;
        const isHeld = isLeaving && hasHook(scene.account, groupName);
        if (isLeaving) scene.terminate();
        await scene.account.advance(5);
        const { Status } = await removal.run();
        expect(Status).toBe(isHeld ? 'FAILED' : 'SUCCESS');
        expect(removal.isSweepOn).toBe(isHeld);
        expect(hasHook(scene.account, groupName)).toBe(isHeld);
      }),
      { numRuns: 12 },
    );
  });
});
