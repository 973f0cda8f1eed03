import { describe, expect, it } from 'vitest';
import { setDesiredCapacity } from '../../demo/cluster.ts';
import { packagedTemplate } from '../../demo/install.ts';
import { Fault } from '../../simulator/machine.ts';
import type { Template } from '../stack/template.ts';
import { Alarms } from './alarms.ts';
import { spotNotice, terminateEvent } from './messages.ts';
import { clusterName, groupName, job, Scene, type SceneWish, service } from './scene.ts';

/** The packaged template with a mapping that takes nothing from its queue. */
function withoutMapping(logicalId: string): Template {
  const template = packagedTemplate() as Template;
  const mapping = template.Resources[logicalId];
  if (!mapping) throw new Error(`There is no ${logicalId}`);
  const Properties = { ...mapping.Properties, Enabled: false };
  return { ...template, Resources: { ...template.Resources, [logicalId]: { ...mapping, Properties } } };
}

/** AWS answers calls of these operations with this error from now on. */
function refuse(scene: Scene, operations: RegExp, code: string): void {
  scene.account.endpoint.faults.refuse = ({ operation }) => {
    if (operations.test(operation)) throw new Fault(code, 'A fault of the test.');
  };
}

/** Every invocation of this function dies at its first call. */
function crash(scene: Scene, name: string): void {
  scene.account.lambda.faults.crash = ({ functionName }) => functionName.endsWith(`-${name}`);
}

/** The group buys its next instances in the Spot market. */
function buySpot({ account }: Scene): void {
  const LaunchTemplateSpecification = { LaunchTemplateName: groupName, Version: '$Latest' };
  const InstancesDistribution = { OnDemandBaseCapacity: 0, OnDemandPercentageAboveBaseCapacity: 0 };
  account.call('autoscaling', 'UpdateAutoScalingGroup', {
    AutoScalingGroupName: groupName,
    MixedInstancesPolicy: { LaunchTemplate: { LaunchTemplateSpecification }, InstancesDistribution },
  });
}

/** A scene in which one thing goes wrong, and every alarm that it raises. */
interface Case {
  readonly what: string;
  readonly wish?: SceneWish;
  readonly doing: (scene: Scene) => void;
  /** What happens in so many hours from then on is not watched, and goes without sweeps. */
  readonly unwatchedHours?: number;
  readonly seconds: number;
  readonly raises: readonly string[];
}

const slow = service({ stopSeconds: 100, stopTimeoutSeconds: 120 });
const shortly = { 'ecs-steward:drain-deadline': '5m' };
/** Nothing else can run its tasks, and it may not stop them. */
const stuck = service({ desiredCount: 3, minimumHealthyPercent: 100, maximumPercent: 100 });

const cases: readonly Case[] = [
  {
    what: 'a departure that nothing ends, because its tasks cannot be stopped',
    wish: { services: [stuck], tags: shortly },
    doing: (scene) => {
      refuse(scene, /^StopTask$/, 'AccessDeniedException');
      scene.terminate();
    },
    seconds: 1800,
    raises: ['FailuresAlarm', 'StuckAlarm'],
  },
  {
    what: 'AWS that throttles every read',
    wish: { services: [slow] },
    doing: (scene) => {
      refuse(scene, /^DescribeContainerInstances$/, 'ThrottlingException');
      scene.terminate();
    },
    seconds: 400,
    raises: ['FailuresAlarm', 'ThrottledAlarm'],
  },
  {
    what: 'a call that the steward may not make',
    wish: { services: [slow] },
    doing: (scene) => {
      refuse(scene, /^UpdateContainerInstancesState$/, 'AccessDeniedException');
      scene.terminate();
    },
    seconds: 400,
    raises: ['FailuresAlarm'],
  },
  {
    what: 'a tag that is not understood',
    doing: (scene) => scene.tag({ 'ecs-steward:drain-deadline': 'soon' }),
    seconds: 1900,
    raises: ['MisconfiguredAlarm'],
  },
  {
    what: 'an instance of a paused group in the last hours of its hook',
    wish: { services: [slow], tags: { 'ecs-steward:state': 'paused' } },
    doing: (scene) => scene.terminate(),
    unwatchedHours: 47,
    seconds: 600,
    raises: ['HookEndNearAlarm'],
  },
  {
    what: 'a standalone task that is not STOPPED when the hook ends',
    wish: { services: [], standalone: [job({ stopSeconds: 7200, stopTimeoutSeconds: 7200 })] },
    doing: (scene) => scene.terminate(),
    unwatchedHours: 47,
    seconds: 4200,
    raises: ['HookEndAlarm', 'HookEndNearAlarm'],
  },
  {
    what: 'an instance that has not drained in time in a group that retains it',
    wish: { services: [stuck], tags: { ...shortly, 'ecs-steward:on-deadline': 'retain' } },
    doing: (scene) => {
      scene.setRetention('retain');
      scene.terminate();
    },
    seconds: 1200,
    raises: ['RetainedAlarm'],
  },
  {
    what: 'no schedule',
    doing: (scene) => scene.disable('schedules'),
    seconds: 700,
    raises: ['SweepMissingAlarm'],
  },
  {
    what: 'a sweep that crashes',
    doing: (scene) => crash(scene, 'sweep'),
    seconds: 700,
    raises: ['SweepErrorsAlarm'],
  },
  {
    what: 'a function admit that crashes on a message again and again',
    doing: (scene) => {
      crash(scene, 'admit');
      scene.send('lane', terminateEvent(scene, scene.oldestInstanceId));
    },
    seconds: 900,
    raises: ['LaneAgeAlarm', 'LaneDeadLettersAlarm'],
  },
  {
    what: 'a function release that crashes on a message again and again',
    wish: { services: [slow] },
    doing: (scene) => {
      scene.disable('schedules');
      crash(scene, 'release');
      scene.terminate();
    },
    seconds: 1200,
    raises: ['ReleaseDeadLettersAlarm', 'SweepMissingAlarm'],
  },
  {
    what: 'a function interrupt that crashes on a notice again and again',
    doing: (scene) => {
      crash(scene, 'interrupt');
      scene.send('interrupt', spotNotice(scene, scene.oldestInstanceId));
    },
    seconds: 400,
    raises: ['InterruptAgeAlarm', 'InterruptDeadLettersAlarm'],
  },
  {
    what: 'a release queue that nobody takes from',
    wish: { template: withoutMapping('ReleaseEventSourceMappingSQSReleaseQueue') },
    doing: (scene) => scene.terminate(),
    seconds: 1200,
    raises: ['ReleaseAgeAlarm'],
  },
  {
    what: 'queues that EventBridge cannot deliver to for an hour',
    doing: (scene) => {
      scene.account.bus.faults.unavailable = (arn) => arn.includes('ReleaseQueue');
      scene.terminate();
    },
    seconds: 2 * 3600,
    raises: ['RuleDeadLettersAlarm'],
  },
  {
    what: 'a group that finds no Spot capacity, and buys On-Demand',
    doing: (scene) => {
      buySpot(scene);
      scene.tag({ 'ecs-steward:on-demand-fallback': 'on' });
      scene.account.setCapacity(groupName, false, { market: 'spot' });
      setDesiredCapacity(scene.account, groupName, 5);
    },
    seconds: 900,
    raises: ['CapacityAlarm'],
  },
  {
    what: 'a parameter that is not there although something is shifted',
    doing: ({ account }) =>
      account.call('ecs', 'TagResource', {
        resourceArn: `arn:aws:ecs:${account.region}:${account.accountId}:cluster/${clusterName}`,
        tags: [{ key: 'ecs-steward:shifted', value: '/ecs-steward/shop' }],
      }),
    seconds: 900,
    raises: ['LedgerAlarm'],
  },
  {
    what: 'a function rebalance that crashes again and again',
    doing: (scene) => crash(scene, 'rebalance'),
    seconds: 900,
    raises: ['RebalanceLaneAgeAlarm', 'RebalanceLaneDeadLettersAlarm'],
  },
];

describe('the alarms of the packaged stack', () => {
  it.each(cases.map((one) => [one.what, one.raises.join(' and '), one] as const))(
    'hear of %s: %s',
    async (_what, _raises, { wish, doing, unwatchedHours = 0, seconds, raises }) => {
      const scene = await Scene.open(wish);
      if (unwatchedHours > 0) {
        doing(scene);
        await scene.account.advance(120);
        await scene.pauseSweeps(unwatchedHours * 3600);
      }
      const alarms = new Alarms(scene);
      if (unwatchedHours === 0) doing(scene);
      await scene.account.advance(seconds);
      expect(alarms.raised).toEqual(raises);
    },
  );

  it('are each raised by one of these', () => {
    const { Resources } = packagedTemplate() as Template;
    const all = Object.keys(Resources).filter((id) => Resources[id]?.Type === 'AWS::CloudWatch::Alarm');
    expect([...new Set(cases.flatMap(({ raises }) => raises))].sort()).toEqual(all.sort());
  });

  it('are silent while departures go well, with a budget, a job of hours and an interruption', async () => {
    const scene = await Scene.open({
      instances: 6,
      services: [service({ desiredCount: 12, stopSeconds: 20 })],
      standalone: [job({ exitAfterSeconds: 2 * 3600 })],
      tags: { 'ecs-steward:max-draining': '1' },
    });
    const alarms = new Alarms(scene);
    const instances = scene.account.ec2.all().map(({ instanceId }) => instanceId);
    for (const instanceId of instances.slice(0, 3)) scene.terminate(instanceId);
    await scene.account.advance(600);
    scene.interrupt(instances[4]);
    await scene.account.advance(3 * 3600);
    expect(scene.departures.filter(({ completedAt }) => completedAt !== undefined)).toHaveLength(4);
    expect(alarms.raised).toEqual([]);
  });
});
