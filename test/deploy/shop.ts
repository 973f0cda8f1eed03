import {
  AutoScalingClient,
  CreateAutoScalingGroupCommand,
  CreateOrUpdateTagsCommand,
  DescribeLifecycleHooksCommand,
  TerminateInstanceInAutoScalingGroupCommand,
} from '@aws-sdk/client-auto-scaling';
import {
  CreateClusterCommand,
  CreateServiceCommand,
  DescribeContainerInstancesCommand,
  DescribeTasksCommand,
  ECSClient,
  ListContainerInstancesCommand,
  ListTasksCommand,
  RegisterTaskDefinitionCommand,
} from '@aws-sdk/client-ecs';
import { clientOf, type Service } from './service.ts';

/** What leaves: an EC2 instance, and the tasks that were on it. */
export interface Leaving {
  readonly instanceId: string;
  readonly tasks: readonly string[];
}

interface Call {
  readonly at: number;
  readonly operation: string;
  readonly outcome: string;
  readonly input: { readonly InstanceId?: string };
}

const cluster = 'shop';
const group = 'shop-nodes';

/** A cluster of three instances in an enrolled group of the local AWS, with six tasks that take 100 s to stop. */
export class Shop {
  private readonly here: Service;
  private readonly ecs: ECSClient;
  private readonly autoscaling: AutoScalingClient;

  private constructor(here: Service) {
    this.here = here;
    this.ecs = new ECSClient(clientOf(here));
    this.autoscaling = new AutoScalingClient(clientOf(here));
  }

  /** Resolves when its tasks run, and a steward that is there has put its hook. */
  static async open(here: Service): Promise<Shop> {
    const shop = new Shop(here);
    const { ecs, autoscaling } = shop;
    await ecs.send(new CreateClusterCommand({ clusterName: cluster }));
    const machine = { instanceType: 'm6i.large', clusterName: cluster, agentSeconds: 25 };
    await here.control('launch-template', { launchTemplateName: group, ...machine });
    await autoscaling.send(
      new CreateAutoScalingGroupCommand({
        AutoScalingGroupName: group,
        LaunchTemplate: { LaunchTemplateName: group },
        ...{ MinSize: 0, MaxSize: 9, DesiredCapacity: 3, AvailabilityZones: ['eu-west-1a'] },
      }),
    );
    await shop.tag('ecs-steward:cluster', cluster);
    await here.control('advance', { seconds: 120 });
    const container = { name: 'app', image: 'app:1', cpu: 128, memory: 128, stopTimeout: 120 };
    const dockerLabels = { 'simulator.stop-seconds': '100' };
    await ecs.send(
      new RegisterTaskDefinitionCommand({
        family: 'web',
        containerDefinitions: [{ ...container, dockerLabels }],
      }),
    );
    const web = { serviceName: 'web', taskDefinition: 'web', desiredCount: 6 };
    await ecs.send(new CreateServiceCommand({ cluster, ...web }));
    await here.control('advance', { seconds: 120 });
    return shop;
  }

  /** Tags the group. */
  async tag(Key: string, Value: string): Promise<void> {
    const place = { ResourceId: group, ResourceType: 'auto-scaling-group', PropagateAtLaunch: false };
    await this.autoscaling.send(new CreateOrUpdateTagsCommand({ Tags: [{ Key, Value, ...place }] }));
  }

  /** The lifecycle hooks of the group, by name. */
  async hooks(): Promise<(string | undefined)[]> {
    const input = { AutoScalingGroupName: group };
    const { LifecycleHooks = [] } = await this.autoscaling.send(new DescribeLifecycleHooksCommand(input));
    return LifecycleHooks.map(({ LifecycleHookName }) => LifecycleHookName);
  }

  /** Tells an instance with tasks to go. */
  async terminate(): Promise<Leaving> {
    const { ecs } = this;
    const { containerInstanceArns = [] } = await ecs.send(new ListContainerInstancesCommand({ cluster }));
    const { containerInstances = [] } = await ecs.send(
      new DescribeContainerInstancesCommand({ cluster, containerInstances: containerInstanceArns }),
    );
    const busy = containerInstances.find(({ runningTasksCount = 0 }) => runningTasksCount > 0);
    const { ec2InstanceId: instanceId = '', containerInstanceArn: containerInstance } = busy ?? {};
    const { taskArns: tasks = [] } = await ecs.send(
      new ListTasksCommand({ cluster, ...(containerInstance ? { containerInstance } : {}) }),
    );
    const input = { InstanceId: instanceId, ShouldDecrementDesiredCapacity: true };
    await this.autoscaling.send(new TerminateInstanceInAutoScalingGroupCommand(input));
    return { instanceId, tasks };
  }

  /** How the departure went: the exit codes of the tasks, and how long after the last had STOPPED it was completed. */
  async departure({ instanceId, tasks }: Leaving) {
    const { tasks: described = [] } = await this.ecs.send(
      new DescribeTasksCommand({ cluster, tasks: [...tasks] }),
    );
    const { entries } = await this.here.control<{ entries: Call[] }>('calls?limit=10000');
    const completions = entries.filter(
      ({ operation, outcome, input }) =>
        operation === 'CompleteLifecycleAction' && outcome === 'ok' && input.InstanceId === instanceId,
    );
    const stoppedAt = Math.max(...described.map((task) => task.stoppedAt?.getTime() ?? Number.NaN));
    return {
      exitCodes: described.flatMap(({ containers = [] }) => containers.map(({ exitCode }) => exitCode)),
      completedAfterSeconds: completions.map(({ at }) => (at - stoppedAt) / 1000),
    };
  }

  /** The state of an EC2 instance. */
  async stateOf(instanceId: string): Promise<string | undefined> {
    const answer = await this.here.control<{ instances: { instanceId: string; state: string }[] }>('ec2');
    return answer.instances.find((instance) => instance.instanceId === instanceId)?.state;
  }
}
