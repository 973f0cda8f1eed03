import { beforeAll, describe, expect, it } from 'vitest';
import { createGroup, stewardHook } from '../../demo/cluster.ts';
import { compileWith } from '../stack/package.ts';
import { envelope, spotNotice, terminateEvent } from './messages.ts';
import { clusterName, groupName, Scene, service } from './scene.ts';

/** An instance that our functions must not touch, and everything that a message could say of it. */
interface Theirs {
  readonly instanceId: string;
  readonly containerInstanceArn: string;
  readonly version: number;
}

const theirGroup = 'their-nodes';
const foreignAccount = '444455556666';
const foreignArn = `arn:aws:ecs:eu-west-1:${foreignAccount}:container-instance/${clusterName}/${'1'.repeat(32)}`;
const unknownId = 'i-0123456789abcdef0';

let template: unknown;

/**
 * The enrolled group at rest, and in its cluster another one that is not enrolled, whose only instance has drained and waits on a
 * hook of our name: whatever may complete hooks without asking for the tag would complete it.
 */
async function open(): Promise<{ scene: Scene; theirs: Theirs }> {
  const scene = await Scene.open({ services: [service({ desiredCount: 3 })], template });
  const { account } = scene;
  createGroup(account, { clusterName, autoScalingGroupName: theirGroup, desiredCapacity: 1 });
  await account.advance(120);
  const launched = account.ec2
    .all()
    .find(({ template: { launchTemplateName } }) => launchTemplateName === theirGroup);
  if (!launched) throw new Error(`${theirGroup} has no instance`);
  const { instanceId } = launched;
  account.call('autoscaling', 'PutLifecycleHook', {
    AutoScalingGroupName: theirGroup,
    LifecycleHookName: stewardHook,
    LifecycleTransition: 'autoscaling:EC2_INSTANCE_TERMINATING',
    HeartbeatTimeout: 7200,
    DefaultResult: 'CONTINUE',
  });
  const { containerInstanceArn } = scene.registration(instanceId);
  const containerInstances = [containerInstanceArn];
  account.call('ecs', 'UpdateContainerInstancesState', {
    cluster: clusterName,
    containerInstances,
    status: 'DRAINING',
  });
  scene.terminate(instanceId);
  await account.advance(130);
  return {
    scene,
    theirs: { instanceId, containerInstanceArn, version: scene.registration(instanceId).version },
  };
}

/** A message as somebody may send it, and the line that says why nothing is done. */
interface Case {
  readonly what: string;
  readonly queue: 'lane' | 'release' | 'interrupt';
  readonly message: (scene: Scene, theirs: Theirs) => unknown;
  readonly says: Readonly<Record<string, unknown>>;
}

const changeOf = (scene: Scene, containerInstanceArn: string, instanceId: string, detail: object = {}) => ({
  ...envelope(scene, 'aws.ecs', 'ECS Container Instance State Change'),
  resources: [containerInstanceArn],
  detail: {
    clusterArn: `arn:aws:ecs:eu-west-1:111122223333:cluster/${clusterName}`,
    ...{ containerInstanceArn, ec2InstanceId: instanceId, status: 'DRAINING', version: 1 },
    ...{ runningTasksCount: 0, pendingTasksCount: 0, agentConnected: true },
    ...detail,
  },
});

const ownMessage = (scene: Scene, detailType: string, detail: object) => ({
  ...envelope(scene, 'ecs-steward', detailType),
  resources: [],
  detail,
});

const cases: readonly Case[] = [
  {
    what: 'a termination in a group that is not enrolled',
    queue: 'lane',
    message: (scene, { instanceId }) =>
      terminateEvent(scene, instanceId, { AutoScalingGroupName: theirGroup }),
    says: { message: 'not enrolled', autoScalingGroupName: theirGroup },
  },
  {
    what: 'a termination of an instance of another group',
    queue: 'lane',
    message: (scene, { instanceId }) => terminateEvent(scene, instanceId),
    says: { message: 'nothing leaves', autoScalingGroupName: groupName },
  },
  {
    what: 'a termination of an instance of another account',
    queue: 'lane',
    message: (scene) => ({ ...terminateEvent(scene, unknownId), account: foreignAccount }),
    says: { message: 'unwanted', why: `an event of the account ${foreignAccount}` },
  },
  {
    what: 'a termination of an instance that nobody knows',
    queue: 'lane',
    message: (scene) => terminateEvent(scene, unknownId),
    says: { message: 'nothing leaves', autoScalingGroupName: groupName },
  },
  {
    what: 'a termination in a group that nobody knows here',
    queue: 'lane',
    message: (scene) => terminateEvent(scene, unknownId, { AutoScalingGroupName: 'no-such-group' }),
    says: { message: 'no such group', autoScalingGroupName: 'no-such-group' },
  },
  {
    what: 'a termination under a hook whose name begins like ours',
    queue: 'lane',
    message: (scene, { instanceId }) =>
      terminateEvent(scene, instanceId, { LifecycleHookName: `${stewardHook}-2` }),
    says: { message: 'unwanted', why: `the hook "${stewardHook}-2" of somebody else` },
  },
  {
    what: 'a launch under a hook of our name',
    queue: 'lane',
    message: (scene, { instanceId }) =>
      terminateEvent(scene, instanceId, { LifecycleTransition: 'autoscaling:EC2_INSTANCE_LAUNCHING' }),
    says: { message: 'unwanted', why: expect.stringContaining('EC2_INSTANCE_LAUNCHING') },
  },
  {
    what: 'a termination from a source that only looks like Auto Scaling',
    queue: 'lane',
    message: (scene, { instanceId }) => ({ ...terminateEvent(scene, instanceId), source: 'my.autoscaling' }),
    says: { message: 'unwanted', why: expect.stringContaining('my.autoscaling') },
  },
  {
    what: 'a request to admit in a group that is not enrolled',
    queue: 'lane',
    message: (scene, { instanceId }) =>
      ownMessage(scene, 'Admit', { autoScalingGroupName: theirGroup, instanceIds: [instanceId] }),
    says: { message: 'not enrolled', autoScalingGroupName: theirGroup },
  },
  {
    what: 'an instance that has left a group that is not enrolled',
    queue: 'lane',
    message: (scene, { instanceId }) =>
      ownMessage(scene, 'Instance Drained', { autoScalingGroupName: theirGroup, instanceId }),
    says: { message: 'not enrolled', autoScalingGroupName: theirGroup },
  },
  {
    what: 'an empty container instance of a group that is not enrolled',
    queue: 'release',
    message: (scene, { instanceId, containerInstanceArn, version }) =>
      changeOf(scene, containerInstanceArn, instanceId, { version }),
    says: { message: 'decided', decision: 'wait', why: 'not enrolled' },
  },
  {
    what: 'an empty container instance of another account',
    queue: 'release',
    message: (scene) => ({ ...changeOf(scene, foreignArn, unknownId), account: foreignAccount }),
    says: { message: 'unwanted', why: `an event of the account ${foreignAccount}` },
  },
  {
    what: 'an empty container instance that nobody knows',
    queue: 'release',
    message: (scene) => changeOf(scene, foreignArn.replace(foreignAccount, '111122223333'), unknownId),
    says: { message: 'decided', decision: 'wait', why: 'not-registered' },
  },
  {
    what: 'an empty container instance, by an instance that takes no part in it',
    queue: 'release',
    message: (scene) =>
      changeOf(scene, scene.registration(scene.oldestInstanceId).containerInstanceArn, unknownId),
    says: { message: 'decided', decision: 'wait', why: 'not draining' },
  },
  {
    what: 'a request to look at an instance of another group',
    queue: 'release',
    message: (scene, { instanceId }) =>
      ownMessage(scene, 'Look', {
        ...{ autoScalingGroupName: groupName, clusterName, instanceId },
        because: 'empty',
      }),
    says: { message: 'decided', decision: 'wait', why: 'not-enrolled', instanceId: expect.any(String) },
  },
  {
    what: 'a notice of Spot for an instance of a group that is not enrolled',
    queue: 'interrupt',
    message: (scene, { instanceId }) => spotNotice(scene, instanceId),
    says: { message: 'leaves an interruption alone', why: 'not-enrolled' },
  },
  {
    what: 'a notice of Spot for an instance of another account',
    queue: 'interrupt',
    message: (scene) => ({ ...spotNotice(scene, unknownId), account: foreignAccount }),
    says: { message: 'unwanted', why: `an event of the account ${foreignAccount}` },
  },
  {
    what: 'a notice of Spot for an instance that is in no group',
    queue: 'interrupt',
    message: (scene) => spotNotice(scene, unknownId),
    says: { message: 'leaves an interruption alone', why: 'in-no-group' },
  },
  {
    what: 'a notice of Spot from a source that only looks like EC2',
    queue: 'interrupt',
    message: (scene) => ({ ...spotNotice(scene, scene.oldestInstanceId), source: 'my.ec2' }),
    says: { message: 'unwanted', why: expect.stringContaining('my.ec2') },
  },
  {
    what: 'a notice of Spot in the queue of another function',
    queue: 'lane',
    message: (scene) => spotNotice(scene, scene.oldestInstanceId),
    says: { message: 'unwanted', why: expect.stringContaining('another queue') },
  },
];

describe('a message that was not meant for us, in whatever way it got there,', () => {
  beforeAll(() => {
    template = JSON.parse(compileWith('--param=logLevel=DEBUG'));
  });

  it.each(cases.map((one) => [one.what, one] as const))(
    'changes nothing, and why is logged: %s',
    async (_, { queue, message, says }) => {
      const { scene, theirs } = await open();
      const { now } = scene.account.world;
      scene.send(queue, message(scene, theirs));
      await scene.account.advance(200);
      expect(scene.writes).toEqual([]);
      expect(scene.denied).toEqual([]);
      expect(scene.deadLetters).toBe(0);
      const since = scene.logged.filter(({ timestamp }) => Date.parse(String(timestamp)) >= now);
      expect(since).toContainEqual(expect.objectContaining(says));
      expect(scene.metric('Failures')).toBe(0);
    },
  );

  it('takes no slot and wakes nobody when anybody puts it on the bus in our name', async () => {
    const { scene, theirs } = await open();
    const { FailedEntryCount } = scene.account.call('events', 'PutEvents', {
      Entries: [
        {
          Source: 'ecs-steward',
          DetailType: 'Instance Drained',
          Detail: JSON.stringify({ autoScalingGroupName: theirGroup, instanceId: theirs.instanceId }),
        },
      ],
    });
    expect(FailedEntryCount).toBe(0);
    await scene.account.advance(200);
    expect(scene.logged).toContainEqual(
      expect.objectContaining({ message: 'not enrolled', autoScalingGroupName: theirGroup }),
    );
    expect(scene.writes).toEqual([]);
  });
});
