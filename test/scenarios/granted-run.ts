import { createGroup, setDesiredCapacity, tagGroup } from '../../demo/cluster.ts';
import { Removal } from './removal.ts';
import { clusterName, groupName, job, Scene, type SceneWish, service } from './scene.ts';

/** A part of the run: how its scene opens, and what happens in it. */
export interface Part {
  readonly what: string;
  readonly open: () => Promise<Scene>;
  readonly play: (scene: Scene) => Promise<void>;
}

const opened = (wish?: SceneWish) => () => Scene.open(wish);
const stuck = service({ desiredCount: 3, minimumHealthyPercent: 100, maximumPercent: 100 });

/** Puts another value of a tag, and lets time pass. */
const retag = (tags: Readonly<Record<string, string>>, seconds: number) => async (scene: Scene) => {
  scene.tag(tags);
  await scene.account.advance(seconds);
};

/** The instance that was launched last. */
function newestIn({ account }: Scene): string {
  const newest = account.ec2.all().findLast(({ state }) => state === 'running');
  if (!newest) throw new Error('No instance runs');
  return newest.instanceId;
}

/** Small scenes in which the stack does, between them, everything that it is for. */
export const parts: readonly Part[] = [
  {
    what: 'departures, by events and by sweeps alone',
    open: opened({ services: [service({ desiredCount: 6 })], instances: 4 }),
    play: async (scene) => {
      await scene.leave();
      scene.disable('events');
      await scene.ended(scene.terminate(newestIn(scene)));
    },
  },
  {
    what: 'a service that can neither stop a task nor start another, up to its deadline',
    open: opened({ services: [stuck], tags: { 'ecs-steward:drain-deadline': '10m' } }),
    play: async (scene) => void (await scene.leave()),
  },
  {
    what: 'a budget, by sweeps alone, a heartbeat and a tag that is taken away',
    open: opened({
      instances: 4,
      services: [service({ desiredCount: 4 })],
      standalone: [job({ exitAfterSeconds: 3600 })],
      tags: { 'ecs-steward:max-draining': '1' },
    }),
    play: async (scene) => {
      const [one, two, three] = scene.account.ec2.all().map(({ instanceId }) => instanceId);
      scene.disable('events');
      for (const instanceId of [one, two, three]) scene.terminate(instanceId);
      await scene.account.advance(600);
      scene.enable('events');
      await scene.account.advance(600);
      scene.account.call('autoscaling', 'DeleteTags', {
        Tags: [{ ResourceId: groupName, ResourceType: 'auto-scaling-group', Key: 'ecs-steward:cluster' }],
      });
      await scene.account.advance(1200);
    },
  },
  {
    what: 'an instance that is in no cluster, found by release, and by sweeps where it crashes',
    open: opened({ services: [] }),
    play: async (scene) => {
      const silent = { clusterName, autoScalingGroupName: 'silent', desiredCapacity: 2, agentSeconds: null };
      createGroup(scene.account, silent);
      tagGroup(scene.account, 'silent', { 'ecs-steward:cluster': clusterName });
      await scene.account.advance(120);
      setDesiredCapacity(scene.account, 'silent', 1);
      await scene.account.advance(300);
      scene.account.lambda.faults.crash = ({ functionName }) => functionName.endsWith('-release');
      setDesiredCapacity(scene.account, 'silent', 0);
      await scene.account.advance(300);
    },
  },
  {
    what: 'a warm pool that takes an instance back while the hook of another team holds one in it, and the stack removed',
    open: opened(),
    play: async (scene) => {
      const group = { AutoScalingGroupName: groupName };
      const { account } = scene;
      account.call('autoscaling', 'PutLifecycleHook', {
        ...group,
        LifecycleHookName: 'prepare',
        LifecycleTransition: 'autoscaling:EC2_INSTANCE_LAUNCHING',
        HeartbeatTimeout: 900,
      });
      account.call('autoscaling', 'PutWarmPool', {
        ...group,
        PoolState: 'Stopped',
        MaxGroupPreparedCapacity: 4,
        InstanceReusePolicy: { ReuseOnScaleIn: true },
      });
      await account.advance(400);
      setDesiredCapacity(account, groupName, 2);
      await account.advance(1200);
      setDesiredCapacity(account, groupName, 3);
      await account.advance(300);
      await new Removal(scene).run();
    },
  },
  {
    what: 'an instance that an operator has drained, and one whose registration has failed',
    open: opened({ services: [], instances: 2 }),
    play: async (scene) => {
      const { account } = scene;
      const instanceId = scene.oldestInstanceId;
      const containerInstances = [scene.registration(instanceId).containerInstanceArn];
      const drained = { cluster: clusterName, containerInstances, status: 'DRAINING' };
      account.call('ecs', 'UpdateContainerInstancesState', drained);
      await account.advance(30);
      await scene.ended(scene.terminate(instanceId), 300);
      const broken = 'broken-nodes';
      account.call('ecs', 'PutAccountSettingDefault', { name: 'awsvpcTrunking', value: 'enabled' });
      createGroup(account, { clusterName, autoScalingGroupName: broken, desiredCapacity: 0 });
      account.ec2.putLaunchTemplate({
        ...{ launchTemplateName: broken, instanceType: 'm6i.large', clusterName, agentSeconds: 25 },
        trunkFailure: 'The subnet has no free address.',
      });
      tagGroup(account, broken, { 'ecs-steward:cluster': clusterName });
      setDesiredCapacity(account, broken, 1);
      await account.advance(200);
      setDesiredCapacity(account, broken, 0);
      await account.advance(200);
    },
  },
  {
    what: 'Spot, which takes an instance back',
    open: opened({ services: [service({ stopSeconds: 80, stopTimeoutSeconds: 90, maximumPercent: 100 })] }),
    play: async (scene) => void (await scene.ended(scene.interrupt(), 600)),
  },
  {
    what: 'an instance that EC2 recommends to replace, and another whose tasks fit nowhere else',
    open: opened({ tags: { 'ecs-steward:rebalance-recommendation': 'on' } }),
    play: async (scene) => {
      scene.account.hear(scene.account.ec2.recommendRebalance(scene.oldestInstanceId));
      await scene.account.advance(2700);
      scene.account.hear(scene.account.ec2.recommendRebalance(newestIn(scene)));
      await scene.account.advance(1200);
    },
  },
  {
    what: 'an instance that is retained, and ended when it has drained',
    open: opened({
      services: [stuck],
      tags: { 'ecs-steward:drain-deadline': '5m', 'ecs-steward:on-deadline': 'retain' },
    }),
    play: async (scene) => {
      scene.setRetention('retain');
      scene.terminate();
      await scene.account.advance(600);
      scene.account.call('ecs', 'UpdateService', {
        cluster: clusterName,
        service: stuck.name,
        deploymentConfiguration: { minimumHealthyPercent: 0, maximumPercent: 200 },
      });
      await scene.account.advance(900);
    },
  },
  {
    what: 'an instance that EC2 has ended, its agent away, and what ECS has still of it',
    open: opened({
      services: [service({ minimumHealthyPercent: 100, maximumPercent: 100, desiredCount: 6 })],
    }),
    play: async (scene) => {
      const instanceId = scene.terminate();
      await scene.account.advance(30);
      scene.account.disconnectAgent(instanceId, 86_400);
      scene.account.hear(scene.account.ec2.terminate(scene.account.world.now, instanceId));
      await scene.account.advance(1800);
    },
  },
  {
    what: 'a group that leaves',
    open: opened(),
    play: async (scene) => {
      await retag({ 'ecs-steward:state': 'leaving' }, 1)(scene);
      await scene.leave();
      await scene.account.advance(300);
    },
  },
  {
    what: 'removing the stack, refused and then done',
    open: opened(),
    play: async (scene) => {
      const removal = new Removal(scene);
      const instanceId = scene.terminate();
      await scene.account.advance(5);
      await removal.run();
      await scene.ended(instanceId);
      await scene.account.advance(60);
      await removal.run();
    },
  },
];
