import {
  CompleteLifecycleActionCommand,
  RecordLifecycleActionHeartbeatCommand,
} from '@aws-sdk/client-auto-scaling';
import {
  type ContainerInstance,
  DescribeContainerInstancesCommand,
  DescribeTasksCommand,
  ListContainerInstancesCommand,
  ListTasksCommand,
  UpdateContainerInstancesStateCommand,
} from '@aws-sdk/client-ecs';
import type { Action, Strategy, Tools } from './strategy.ts';

/**
 * Written here after what published drainers do, each better than those: it finds the instance by a filter instead of
 * reading the whole cluster, sets an empty instance to DRAINING too, and renews the hook at every look.
 */
export const pollingStrategies: readonly Strategy[] = [
  {
    // A message to itself every five seconds. A queue stands in for the topic that the published ones use; what AWS does to
    // functions that call themselves like this (D-13.13) is left out.
    name: 're-publish every 5 s, counts',
    timeoutSeconds: 60,
    isQueued: true,
    visit: async (tools, action, body) => {
      if (!(await isLeftByCounts(tools, action))) return;
      await tools.platform.sleep(5000);
      await tools.again(body, 0);
    },
  },
  {
    // One invocation that stays, for the tasks that were there when it began; a timeout is tried again, twice.
    name: 'one function, 10 s, its tasks',
    timeoutSeconds: 900,
    isQueued: false,
    visit: stayUntilStopped,
  },
  {
    name: 'a queue every 60 s, counts',
    timeoutSeconds: 60,
    isQueued: true,
    visit: async (tools, action, body) => {
      if (await isLeftByCounts(tools, action)) await tools.again(body, 60);
    },
  },
];

/** Drains, and completes where the counts are 0; whether another look is needed. */
async function isLeftByCounts(tools: Tools, action: Action): Promise<boolean> {
  const instance = await drained(tools, action);
  const isBusy = instance && (instance.runningTasksCount ?? 0) + (instance.pendingTasksCount ?? 0) > 0;
  if (!isBusy) await complete(tools, action);
  else await renew(tools, action);
  return isBusy === true;
}

async function stayUntilStopped(tools: Tools, action: Action): Promise<void> {
  const { ecs, cluster, platform } = tools;
  const found = await find(tools, action);
  const containerInstance = found?.containerInstanceArn;
  const { taskArns: tasks = [] } = containerInstance
    ? await ecs.send(new ListTasksCommand({ cluster, containerInstance }))
    : {};
  await drained(tools, action);
  while (tasks.length > 0) {
    const answer = await ecs.send(new DescribeTasksCommand({ cluster, tasks }));
    if ((answer.tasks ?? []).every(({ lastStatus }) => lastStatus === 'STOPPED')) break;
    await renew(tools, action);
    await platform.sleep(10_000);
  }
  await complete(tools, action);
}

async function find(
  { ecs, cluster }: Tools,
  { EC2InstanceId }: Action,
): Promise<ContainerInstance | undefined> {
  const filter = `ec2InstanceId == '${EC2InstanceId}'`;
  const { containerInstanceArns: containerInstances } = await ecs.send(
    new ListContainerInstancesCommand({ cluster, filter }),
  );
  if (!containerInstances?.length) return undefined;
  const answer = await ecs.send(new DescribeContainerInstancesCommand({ cluster, containerInstances }));
  return answer.containerInstances?.[0];
}

async function drained(tools: Tools, action: Action): Promise<ContainerInstance | undefined> {
  const { ecs, cluster } = tools;
  const instance = await find(tools, action);
  if (instance?.containerInstanceArn && instance.status === 'ACTIVE') {
    const containerInstances = [instance.containerInstanceArn];
    await ecs.send(
      new UpdateContainerInstancesStateCommand({ cluster, containerInstances, status: 'DRAINING' }),
    );
  }
  return instance;
}

const named = ({ AutoScalingGroupName, LifecycleHookName, EC2InstanceId }: Action) => ({
  AutoScalingGroupName,
  LifecycleHookName,
  InstanceId: EC2InstanceId,
});

async function renew({ autoscaling }: Tools, action: Action): Promise<void> {
  await autoscaling.send(new RecordLifecycleActionHeartbeatCommand(named(action)));
}

async function complete({ autoscaling }: Tools, action: Action): Promise<void> {
  const input = { ...named(action), LifecycleActionResult: 'CONTINUE' };
  await autoscaling.send(new CompleteLifecycleActionCommand(input));
}
