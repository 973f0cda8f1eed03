import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createGroup, createService, registerWorkload } from '../../../demo/cluster.ts';
import { Account } from '../../../simulator/account.ts';
import type { TaskRecord } from '../../../simulator/ecs/ecs.ts';
import { Fault } from '../../../simulator/machine.ts';

type Row = Readonly<Record<string, unknown>>;
type Counted = Row & {
  readonly runningCount: number;
  readonly pendingCount: number;
  readonly desiredCount: number;
};

/** One thing that happens to a cluster of one group, three services and tasks of none. */
const step = fc.record({
  kind: fc.constantFrom(
    ...(['scale', 'scale-group', 'drain', 'activate', 'exit', 'sick', 'stop-task', 'protect'] as const),
    ...(['deregister', 'attribute', 'deploy', 'run-task', 'scale-set', 'terminate'] as const),
    ...(['recommend', 'interrupt', 'spot-stop', 'capacity', 'no-capacity'] as const),
    ...(['refresh', 'pool', 'no-pool', 'zones', 'purchase'] as const),
  ),
  which: fc.nat(7),
  // The last is long enough for zones to be rebalanced.
  seconds: fc.constantFrom(0, 1, 2, 5, 20, 60, 320),
});
type Step = typeof step extends fc.Arbitrary<infer T> ? T : never;
const steps = fc.array(step, { minLength: 5, maxLength: 25 });

const zones = ['eu-west-1a', 'eu-west-1b', 'eu-west-1c'];
const nodes = { AutoScalingGroupName: 'nodes' };

const services = ['web', 'api', 'log', 'sets'] as const;
const cluster = 'shop';

/** A whole account, its services steady. */
async function account(seed: number) {
  const one = new Account({ seed });
  one.call('ecs', 'CreateCluster', { clusterName: cluster });
  createGroup(one, { clusterName: cluster, autoScalingGroupName: 'nodes', desiredCapacity: 3 });
  group(one, { CapacityRebalance: true, MaxSize: 8, ...bought(1, 50) });
  await one.advance(120);
  const size = { cpu: 128, memoryMib: 256 };
  createService(one, cluster, { ...size, name: 'web', desiredCount: 4, minimumHealthyPercent: 50 });
  const api = { ...size, name: 'api', desiredCount: 3, stopSeconds: 20, deregistrationDelaySeconds: 10 };
  createService(one, cluster, api);
  createService(one, cluster, { ...size, name: 'log' });
  registerWorkload(one, { ...size, name: 'job', exitAfterSeconds: 90 });
  const deploymentController = { type: 'EXTERNAL' };
  ecs(one, 'CreateService', { serviceName: 'sets', desiredCount: 3, deploymentController });
  const set = { service: 'sets', launchType: 'EC2', scale: { value: 60, unit: 'PERCENT' } };
  for (const taskDefinition of ['web', 'api']) ecs(one, 'CreateTaskSet', { ...set, taskDefinition });
  await one.advance(60);
  return one;
}

const group = (one: Account, input: Row, operation = 'UpdateAutoScalingGroup') =>
  one.call('autoscaling', operation, { ...nodes, ...input });
const bought = (OnDemandBaseCapacity: number, OnDemandPercentageAboveBaseCapacity: number) => ({
  MixedInstancesPolicy: {
    LaunchTemplate: { LaunchTemplateSpecification: { LaunchTemplateName: 'nodes' } },
    InstancesDistribution: { OnDemandBaseCapacity, OnDemandPercentageAboveBaseCapacity },
  },
});
const ecs = (one: Account, operation: string, input: Row = {}) =>
  one.call('ecs', operation, { cluster, ...input });
const live = (one: Account) => one.ecs.taskRecords().filter(({ lastStatus }) => lastStatus !== 'STOPPED');
const registered = (one: Account) =>
  one.ecs.containerInstanceRecords().filter(({ status }) => status !== 'INACTIVE');
const describeServices = (one: Account) =>
  ecs(one, 'DescribeServices', { services }).services as (Counted & { readonly serviceName: string })[];

/** Does one step; what AWS refuses changes nothing. */
async function take(one: Account, next: Step): Promise<void> {
  try {
    act(one, next);
  } catch (error) {
    if (!(error instanceof Fault)) throw error;
  }
  await one.advance(next.seconds);
}

function act(one: Account, { kind, which }: Step): void {
  const task = live(one)[which];
  const instances = registered(one);
  const { containerInstanceArn, ec2InstanceId } = instances[which % Math.max(1, instances.length)] ?? {};
  const service = services[which % 2];
  const { now } = one.world;
  switch (kind) {
    case 'scale':
      ecs(one, 'UpdateService', { service, desiredCount: which });
      return;
    case 'deploy':
      ecs(one, 'UpdateService', { service, forceNewDeployment: true });
      return;
    case 'scale-set': {
      const [set] = (describeServices(one).at(-1)?.taskSets ?? []) as Row[];
      const scale = { value: which * 14, unit: 'PERCENT' };
      ecs(one, 'UpdateTaskSet', { service: 'sets', taskSet: set?.taskSetArn, scale });
      return;
    }
    case 'drain':
    case 'activate': {
      const status = kind === 'drain' ? 'DRAINING' : 'ACTIVE';
      ecs(one, 'UpdateContainerInstancesState', { containerInstances: [containerInstanceArn], status });
      return;
    }
    case 'deregister':
      ecs(one, 'DeregisterContainerInstance', { containerInstance: containerInstanceArn, force: true });
      return;
    case 'attribute':
      ecs(one, 'PutAttributes', {
        attributes: [{ name: 'rack', value: `${which}`, targetId: containerInstanceArn }],
      });
      return;
    case 'run-task':
      ecs(one, 'RunTask', { taskDefinition: 'job', count: 1 + (which % 3) });
      return;
    case 'stop-task':
      ecs(one, 'StopTask', { task: task?.taskArn });
      return;
    case 'protect':
      ecs(one, 'UpdateTaskProtection', { tasks: [task?.taskArn], protectionEnabled: which % 2 === 0 });
      return;
    case 'exit':
      if (task?.lastStatus === 'RUNNING') one.hear(one.ecs.taskExits(now, task.taskArn, 1));
      return;
    case 'sick':
      if (task?.lastStatus === 'RUNNING') one.hear(one.ecs.taskFailsCheck(now, task.taskArn));
      return;
    default:
      actOnGroup(one, { kind, which }, ec2InstanceId);
  }
}

/** What happens to the group, or to one instance by the hand of EC2. */
function actOnGroup(
  one: Account,
  { kind, which }: Pick<Step, 'kind' | 'which'>,
  instanceId: string | undefined,
): void {
  const { now } = one.world;
  switch (kind) {
    case 'scale-group':
      group(one, { DesiredCapacity: which }, 'SetDesiredCapacity');
      return;
    case 'recommend':
      if (instanceId) one.hear(one.ec2.recommendRebalance(instanceId));
      return;
    case 'interrupt':
    case 'spot-stop':
      if (instanceId)
        one.hear(one.ec2.interrupt(now, instanceId, kind === 'interrupt' ? 'terminate' : 'stop'));
      return;
    case 'capacity':
    case 'no-capacity':
      one.setCapacity('nodes', kind === 'capacity', which < 3 ? { availabilityZone: zones[which] } : {});
      return;
    case 'refresh':
      group(one, { Preferences: { MinHealthyPercentage: 50, InstanceWarmup: 5 } }, 'StartInstanceRefresh');
      return;
    case 'pool':
      group(one, { MinSize: which % 3, PoolState: which % 2 ? 'Running' : 'Stopped' }, 'PutWarmPool');
      return;
    case 'no-pool':
      group(one, { ForceDelete: which % 2 === 0 }, 'DeleteWarmPool');
      return;
    case 'zones':
      group(one, { AvailabilityZones: zones.slice(which % 3) });
      return;
    case 'purchase':
      group(one, bought(which % 4, (which % 3) * 50));
      return;
    case 'terminate':
      if (instanceId) one.hear(one.ec2.terminate(now, instanceId));
  }
}

/** Lives through a history, looks after each step, and hands back what is left. */
async function lived(seed: number, history: readonly Step[], look: (one: Account) => void): Promise<Account> {
  const one = await account(seed);
  look(one);
  for (const next of history) {
    await take(one, next);
    look(one);
  }
  return one;
}

const holds = (look: (one: Account) => void, end: (one: Account) => Promise<void> = async () => undefined) =>
  fc.assert(
    fc.asyncProperty(fc.nat(1000), steps, async (seed, history) => end(await lived(seed, history, look))),
    { numRuns: 15 },
  );

const count = (tasks: readonly TaskRecord[], lastStatus: string) =>
  tasks.filter((task) => task.lastStatus === lastStatus).length;
const sum = (numbers: readonly number[]) => numbers.reduce((total, number) => total + number, 0);

/** The tasks of a service are those of its deployments or task sets, and the cluster's are all of them. */
function checkTasks(one: Account): void {
  const all = live(one);
  for (const service of describeServices(one)) {
    const own = all.filter(({ serviceArn }) => serviceArn === service.serviceArn);
    const counts = { runningCount: count(own, 'RUNNING'), pendingCount: count(own, 'PENDING') };
    expect(service).toMatchObject(counts);
    const isOfSets = service.serviceName === 'sets';
    const parts = (isOfSets ? service.taskSets : service.deployments) as Counted[];
    expect(sum(parts.map(({ runningCount }) => runningCount))).toBe(counts.runningCount);
    expect(sum(parts.map(({ pendingCount }) => pendingCount))).toBe(counts.pendingCount);
    if (!isOfSets) expect(parts[0]?.desiredCount).toBe(service.desiredCount);
  }
  const counts = { running: count(all, 'RUNNING'), pending: count(all, 'PENDING') };
  const input = { clusters: [cluster], include: ['STATISTICS'] };
  const [shop] = one.call('ecs', 'DescribeClusters', input).clusters as Row[];
  expect(shop).toMatchObject({
    runningTasksCount: counts.running,
    pendingTasksCount: counts.pending,
    registeredContainerInstancesCount: registered(one).length,
    statistics: expect.arrayContaining([
      { name: 'runningEC2TasksCount', value: String(counts.running) },
      { name: 'pendingEC2TasksCount', value: String(counts.pending) },
    ]),
  });
  for (const instance of one.ecs.containerInstanceRecords()) {
    const own = all.filter((task) => task.containerInstanceArn === instance.containerInstanceArn);
    expect(instance.runningTasksCount).toBe(own.filter((task) => task.desiredStatus === 'RUNNING').length);
    expect(instance.pendingTasksCount).toBe(count(own, 'PENDING'));
  }
}

/** What an instance has left and what its tasks hold are what it registered with. */
function checkResources(one: Account): void {
  for (const { containerInstanceArn, registeredResources, remainingResources } of registered(one)) {
    const own = live(one).filter((task) => task.containerInstanceArn === containerInstanceArn);
    for (const name of ['cpu', 'memoryMib'] as const) {
      expect(remainingResources[name]).toBeGreaterThanOrEqual(0);
      const held = sum(own.map(({ reservation }) => reservation[name]));
      expect(remainingResources[name] + held).toBe(registeredResources[name]);
    }
  }
}

async function stopAll(one: Account): Promise<void> {
  for (const service of services.slice(0, 3)) ecs(one, 'DeleteService', { service, force: true });
  ecs(one, 'DeleteService', { service: 'sets', force: true });
  for (const { taskArn, serviceArn } of live(one)) if (!serviceArn) ecs(one, 'StopTask', { task: taskArn });
  await one.advance(300);
  expect(live(one)).toEqual([]);
  for (const { registeredResources, remainingResources } of registered(one))
    expect(remainingResources).toEqual(registeredResources);
}

/** Each EC2 instance that is not gone is one of the group's or of its warm pool's, and ECS knows no other. */
function checkGroup(one: Account): void {
  const listed = one.autoscaling.instancesOf('nodes').map(({ instanceId }) => instanceId);
  const machines = one.ec2.all().filter(({ state }) => state === 'pending' || state === 'running');
  expect(machines.map(({ instanceId }) => instanceId).filter((id) => !listed.includes(id))).toEqual([]);
  const known = registered(one).flatMap(({ ec2InstanceId, ec2TerminatedAt }) =>
    ec2TerminatedAt === undefined ? [ec2InstanceId] : [],
  );
  expect(known.filter((id) => !listed.includes(id))).toEqual([]);
}

const groupOf = (one: Account) =>
  (one.call('autoscaling', 'DescribeAutoScalingGroups', {}).AutoScalingGroups as unknown[])[0] as {
    readonly DesiredCapacity: number;
    readonly Instances: readonly { readonly InstanceId: string; readonly LifecycleState: string }[];
  };

async function settleGroup(one: Account): Promise<void> {
  one.setCapacity('nodes', true);
  await one.advance(7200);
  const { DesiredCapacity, Instances } = groupOf(one);
  expect(Instances.map(({ LifecycleState }) => LifecycleState)).toEqual(
    Array(DesiredCapacity).fill('InService'),
  );
}

interface Event {
  readonly 'detail-type': string;
  readonly resources: readonly string[];
  readonly detail: Row & { readonly version: number };
}

const stateChanges = ['ECS Task State Change', 'ECS Container Instance State Change'];

/**
 * Members of an event that the API shows in the same form. Not pendingTasksCount: a task that has come up is no cause of an
 * event of its instance (D-1.10).
 */
const members = (
  'version lastStatus desiredStatus stopCode stoppedReason containers group startedBy status agentConnected ' +
  'runningTasksCount ec2InstanceId'
).split(' ');
const seen = (row: Row | undefined) =>
  JSON.parse(JSON.stringify(Object.fromEntries(members.map((member) => [member, row?.[member]]))));

/** Each version of a task or an instance has one event, which shows what the API shows until the next version. */
function versionsOf() {
  const last = new Map<string, Event>();
  let heard = 0;
  return (one: Account) => {
    for (const { kind, ...entry } of one.world.log.slice(heard)) {
      const event = entry.event as Event;
      if (kind !== 'event' || !stateChanges.includes(event['detail-type'])) continue;
      const [arn = ''] = event.resources;
      const before = last.get(arn);
      if (before) expect(event.detail.version).toBe(before.detail.version + 1);
      last.set(arn, event);
    }
    heard = one.world.log.length;
    const tasks = one.ecs.taskRecords().map(({ taskArn }) => taskArn);
    const containerInstances = one.ecs.containerInstanceRecords().map((each) => each.containerInstanceArn);
    const described = [
      ecs(one, 'DescribeTasks', { tasks: tasks.slice(-100) }).tasks,
      ecs(one, 'DescribeContainerInstances', { containerInstances }).containerInstances,
    ];
    const rows = described.flat() as Row[];
    for (const row of rows) {
      const arn = String(row.taskArn ?? row.containerInstanceArn);
      expect(seen(last.get(arn)?.detail)).toEqual(seen(row));
    }
  };
}

describe('in a whole account, whatever happens', () => {
  it('services, deployments, task sets, instances and the cluster count the same tasks (D-2.11, D-2.12, D-9.24)', () =>
    holds(checkTasks));

  it('resources are never negative, and are all back when everything has stopped (D-9.4)', () =>
    holds(checkResources, stopAll));

  it('the group lists every instance there is, and comes to its desired capacity', () =>
    holds(checkGroup, settleGroup));

  it('each version has one event, which shows what the API shows (D-1.4, D-10.1)', async () => {
    await fc.assert(
      fc.asyncProperty(fc.nat(1000), steps, async (seed, history) => {
        await lived(seed, history, versionsOf());
      }),
      { numRuns: 15 },
    );
  });
});
