import { createGroup, setDesiredCapacity, tagGroup } from '../../demo/cluster.ts';
import type { Account } from '../../simulator/account.ts';
import { CapacityScene } from './capacity-scene.ts';
import { FargateScene, redeploy } from './fargate-scene.ts';
import { Removal } from './removal.ts';
import { clusterName, groupName, job, Scene, type SceneWish, service } from './scene.ts';

/** A part of the run, in an account of its own. */
export interface Part {
  readonly what: string;
  /** Plays it; `watch` is given the account when it is about to begin. Gives the account as it is then. */
  readonly run: (watch?: (account: Account) => void) => Promise<Account>;
}

/** A part of scenes of one kind: how they open, and what happens in them. */
const part = <Played extends { readonly account: Account }>(
  what: string,
  open: () => Promise<Played>,
  play: (scene: Played) => Promise<unknown>,
): Part => ({
  what,
  run: async (watch) => {
    const scene = await open();
    watch?.(scene.account);
    await play(scene);
    return scene.account;
  },
});

const opened = (wish?: SceneWish) => () => Scene.open(wish);
const stuck = service({ desiredCount: 3, minimumHealthyPercent: 100, maximumPercent: 100 });

/** The instance that was launched last. */
function newestIn({ account }: Scene): string {
  const newest = account.ec2.all().findLast(({ state }) => state === 'running');
  if (!newest) throw new Error('No instance runs');
  return newest.instanceId;
}

/** Small scenes in which the stack does, between them, everything that it is for. */
export const parts: readonly Part[] = [
  part(
    'departures, by events and by sweeps alone',
    opened({ services: [service({ desiredCount: 6 })], instances: 4 }),
    async (scene) => {
      await scene.leave();
      scene.disable('events');
      await scene.ended(scene.terminate(newestIn(scene)));
    },
  ),
  part(
    'a service that can neither stop a task nor start another, up to its deadline',
    opened({ services: [stuck], tags: { 'ecs-steward:drain-deadline': '10m' } }),
    (scene) => scene.leave(),
  ),
  part(
    'a budget, by sweeps alone, a heartbeat and a tag that is taken away',
    opened({
      instances: 4,
      services: [service({ desiredCount: 4 })],
      standalone: [job({ exitAfterSeconds: 3600 })],
      tags: { 'ecs-steward:max-draining': '1' },
    }),
    async (scene) => {
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
  ),
  part(
    'an instance that is in no cluster, found by release, and by sweeps where it crashes',
    opened({ services: [] }),
    async (scene) => {
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
  ),
  part(
    'a warm pool that takes an instance back while the hook of another team holds one in it, and the stack removed',
    opened(),
    async (scene) => {
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
  ),
  part(
    'an instance that an operator has drained, and one whose registration has failed',
    opened({ services: [], instances: 2 }),
    async (scene) => {
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
  ),
  part(
    'Spot, which takes an instance back',
    opened({ services: [service({ stopSeconds: 80, stopTimeoutSeconds: 90, maximumPercent: 100 })] }),
    (scene) => scene.ended(scene.interrupt(), 600),
  ),
  part('a group that leaves', opened(), async (scene) => {
    scene.tag({ 'ecs-steward:state': 'leaving' });
    await scene.leave();
    await scene.account.advance(300);
  }),
  part('removing the stack, refused and then done', opened(), async (scene) => {
    const removal = new Removal(scene);
    const instanceId = scene.terminate();
    await scene.account.advance(5);
    await removal.run();
    await scene.ended(instanceId);
    await scene.account.advance(60);
    await removal.run();
  }),
  part(
    'what EC2 recommends to replace',
    opened({ tags: { 'ecs-steward:rebalance-recommendation': 'on' } }),
    async ({ account, oldestInstanceId }) => {
      account.hear(account.ec2.recommendRebalance(oldestInstanceId));
      await account.advance(2700);
    },
  ),
  part(
    'an instance that is retained, and ended when it has drained',
    opened({
      services: [stuck],
      tags: { 'ecs-steward:drain-deadline': '5m', 'ecs-steward:on-deadline': 'retain' },
    }),
    async (scene) => {
      scene.setRetention('retain');
      scene.terminate();
      await scene.account.advance(900);
      scene.account.call('ecs', 'UpdateService', {
        cluster: clusterName,
        service: 'web',
        deploymentConfiguration: { minimumHealthyPercent: 100, maximumPercent: 200 },
      });
      await scene.account.advance(600);
    },
  ),
  part(
    'what ECS has still of an instance that EC2 has ended, its agent away',
    opened({ services: [service({ desiredCount: 6, minimumHealthyPercent: 100, maximumPercent: 100 })] }),
    async (scene) => {
      const { account } = scene;
      const instanceId = scene.terminate();
      await account.advance(30);
      account.disconnectAgent(instanceId, 100_000);
      account.hear(account.ec2.terminate(account.world.now, instanceId));
      await account.advance(1800);
    },
  ),
  part(
    'Spot without capacity, On-Demand in its place, and back',
    () => CapacityScene.open({ tags: { 'ecs-steward:on-demand-fallback': 'on' } }),
    async (scene) => {
      scene.spot(false);
      await scene.minutes(15);
      scene.spot(true);
      await scene.minutes(90);
    },
  ),
  part(
    'Fargate Spot without capacity: a service and the default strategy move, and come back',
    () =>
      FargateScene.open({
        clusterTags: { 'ecs-steward:default-strategy': 'shift', ...redeploy },
        defaultStrategy: [{ capacityProvider: 'FARGATE_SPOT', weight: 1 }],
      }),
    async (scene) => {
      scene.spot(false);
      await scene.minutes(15);
      scene.spot(true);
      await scene.minutes(120);
    },
  ),
];
