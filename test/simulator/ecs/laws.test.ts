import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { TaskRecord } from '../../../simulator/ecs/ecs.ts';
import { maximumTasks, minimumHealthy } from '../../../simulator/ecs/passes.ts';
import { type Said, Scene, startAt, targetGroupArn } from './scene.ts';

/** One thing that happens in a cluster of four instances and three services. */
const step = fc.oneof(
  fc.record({ kind: fc.constant('pass' as const), seconds: fc.integer({ min: 1, max: 90 }) }),
  // Long enough for zones to be rebalanced.
  fc.record({ kind: fc.constant('pass' as const), seconds: fc.integer({ min: 310, max: 400 }) }),
  fc.record({
    kind: fc.constantFrom('drain', 'activate', 'flap', 'connect', 'terminate', 'launch'),
    which: fc.nat(3),
  }),
  fc.record({ kind: fc.constantFrom('stop-task', 'run-task', 'scale', 'deploy'), which: fc.nat(7) }),
);
type Step = typeof step extends fc.Arbitrary<infer T> ? T : never;
const zones = ['eu-west-1a', 'eu-west-1b', 'eu-west-1c'];
const steps = fc.array(step, { minLength: 5, maxLength: 40 });

/** The percentages of the service `web`, `api` and `tight`. */
const percents: Readonly<Record<string, [number, number]>> = {
  web: [100, 200],
  api: [50, 150],
  tight: [60, 100],
};

function scene() {
  const one = new Scene();
  one.ecs.putTargetGroup({ targetGroupArn, deregistrationDelaySeconds: 20, healthySeconds: 10 });
  for (const number of [0, 1, 2, 3])
    one.instance(`i-${number}`, { availabilityZone: `eu-west-1${number % 2 ? 'a' : 'b'}` });
  one.definition('job', { 'exit-after-seconds': 100 });
  one.definition('log', {}, { cpu: 64, memory: 64 });
  one.service('log', { taskDefinition: 'log', schedulingStrategy: 'DAEMON', desiredCount: undefined }, 0);
  const loadBalancers = [{ targetGroupArn, containerName: 'app', containerPort: 80 }];
  for (const [name, [low, high]] of Object.entries(percents)) {
    one.definition(name, { 'stop-seconds': name === 'api' ? 40 : 2 });
    const more = name === 'api' ? { loadBalancers } : {};
    one.service(name, { taskDefinition: name, desiredCount: 5, ...one.percents(low, high), ...more }, 0);
  }
  one.pass(100);
  return one;
}

function take(one: Scene, event: Step): void {
  if (event.kind === 'pass') {
    one.pass(event.seconds);
    return;
  }
  const instances = one.ecs.containerInstanceRecords().filter(({ status }) => status !== 'INACTIVE');
  const instance = instances[event.which % Math.max(1, instances.length)]?.ec2InstanceId;
  const task = one.live()[event.which]?.taskArn;
  const service = Object.keys(percents)[event.which % 3] ?? 'web';
  switch (event.kind) {
    case 'drain':
    case 'activate':
      if (instance) one.drain(instance, event.kind === 'drain' ? 'DRAINING' : 'ACTIVE');
      return;
    case 'flap':
    case 'connect':
      if (instance) one.connection(instance, event.kind === 'connect');
      return;
    case 'terminate':
      if (instance && instances.length > 1) one.terminate(instance);
      return;
    case 'launch': {
      const availabilityZone = `eu-west-1${'abc'[event.which % 3]}`;
      one.instance(`i-${one.ecs.containerInstanceRecords().length}`, { availabilityZone });
      return;
    }
    case 'stop-task':
      if (task) one.call('StopTask', { task });
      return;
    case 'run-task':
      if (instances.some(({ status }) => status === 'ACTIVE')) one.call('RunTask', { taskDefinition: 'job' });
      return;
    case 'scale':
      one.call('UpdateService', { service, desiredCount: event.which });
      return;
    case 'deploy':
      one.call('UpdateService', { service, forceNewDeployment: true });
  }
}

/** Runs the steps, then brings every agent back and lets everything end. */
function live(one: Scene, events: readonly Step[], check: () => void): void {
  one.onStep = check;
  for (const event of events) take(one, event);
}

const isHealthy = (task: TaskRecord, now: number) =>
  task.lastStatus === 'RUNNING' &&
  task.desiredStatus === 'RUNNING' &&
  (task.healthyAt ?? Number.POSITIVE_INFINITY) <= now;

describe('whatever happens', () => {
  it('no resource is ever negative, and all of it comes back', () => {
    fc.assert(
      fc.property(steps, (events) => {
        const one = scene();
        live(one, events, () => {
          for (const { remainingResources: left } of one.ecs.containerInstanceRecords()) {
            expect(left.cpu).toBeGreaterThanOrEqual(0);
            expect(left.memoryMib).toBeGreaterThanOrEqual(0);
            expect(new Set(left.ports).size).toBe(left.ports.length);
          }
        });
        for (const { ec2InstanceId } of one.ecs.containerInstanceRecords())
          one.connection(ec2InstanceId, true);
        for (const service of ['log', ...Object.keys(percents)])
          one.call('DeleteService', { service, force: true });
        one.pass(400);
        for (const { ec2TerminatedAt, ...instance } of one.ecs.containerInstanceRecords())
          if (ec2TerminatedAt === undefined)
            expect(instance.remainingResources).toEqual(instance.registeredResources);
      }),
      { numRuns: 60 },
    );
  });

  it('a version goes up by one with each event and never otherwise (D-1.4, D-10.1)', () => {
    fc.assert(
      fc.property(steps, (events) => {
        const one = scene();
        const versions = new Map<string, number>();
        let heard = 0;
        live(one, events, () => {
          for (const { resources, detail } of one.said.slice(heard)) {
            if (typeof detail.version !== 'number') continue;
            const arn = String(resources[0]);
            const before = versions.get(arn);
            if (before !== undefined) expect(detail.version).toBe(before + 1);
            versions.set(arn, detail.version);
          }
          heard = one.said.length;
          for (const { containerInstanceArn, version } of one.ecs.containerInstanceRecords())
            expect(version).toBe(versions.get(containerInstanceArn));
          for (const { taskArn, version } of one.ecs.taskRecords())
            expect(version).toBe(versions.get(taskArn));
        });
      }),
      { numRuns: 60 },
    );
  });

  it('an event of an instance shows what the events of its tasks before it add up to (D-1.10, D-2.12)', () => {
    fc.assert(
      fc.property(steps, (events) => {
        const one = scene();
        live(one, events, () => undefined);
        checkAgainstTasks(one.said);
      }),
      { numRuns: 60 },
    );
  });

  it('the scheduler breaks no limit: ceil below, floor above (D-2.23, D-2.27, D-10.5)', () => {
    fc.assert(
      fc.property(steps, (events) => {
        const one = scene();
        let before = snapshot(one);
        live(one, events, () => {
          const after = snapshot(one);
          for (const name of Object.keys(percents)) checkLimits(one, name, before, after);
          before = after;
        });
      }),
      { numRuns: 60 },
    );
  });
});

describe('zones, whatever happened before', () => {
  it('are even once services are steady, each with the tasks that it wants (D-2.41)', () => {
    fc.assert(
      fc.property(steps, (events) => {
        const one = scene();
        live(one, events, () => undefined);
        one.onStep = undefined;
        for (const { ec2InstanceId, status, ec2TerminatedAt } of one.ecs.containerInstanceRecords()) {
          if (status === 'INACTIVE') continue;
          const containerInstance = one.idOf(ec2InstanceId);
          if (ec2TerminatedAt === undefined) one.connection(ec2InstanceId, true);
          else one.call('DeregisterContainerInstance', { containerInstance, force: true });
          if (ec2TerminatedAt === undefined && status === 'DRAINING') one.drain(ec2InstanceId, 'ACTIVE');
        }
        for (const zone of zones) one.instance(`i-${zone}`, { availabilityZone: zone });
        one.pass(3_600);
        for (const name of ['web', 'api']) {
          const tasks = one.tasksOf(`service:${name}`);
          const [service] = one.call('DescribeServices', { services: [name] }).services;
          expect(tasks.length).toBe(service?.desiredCount);
          const counts = zones.map((zone) => tasks.filter((task) => task.availabilityZone === zone).length);
          expect(Math.max(...counts) - Math.min(...counts)).toBeLessThan(2);
        }
      }),
      { numRuns: 60 },
    );
  });
});

function checkAgainstTasks(said: readonly Said[]): void {
  const tasks = new Map<string, Readonly<Record<string, unknown>>>();
  for (const { detailType, resources, detail } of said) {
    if (detailType === 'ECS Task State Change') tasks.set(String(resources[0]), detail);
    if (detailType !== 'ECS Container Instance State Change') continue;
    const own = [...tasks.values()].filter(
      (task) => task.containerInstanceArn === detail.containerInstanceArn && task.lastStatus !== 'STOPPED',
    );
    expect(detail.runningTasksCount).toBe(own.filter((task) => task.desiredStatus === 'RUNNING').length);
    expect(detail.pendingTasksCount).toBe(own.filter((task) => task.lastStatus === 'PENDING').length);
    const [all, left] = [detail.registeredResources, detail.remainingResources] as {
      integerValue: number;
    }[][];
    const used = (member: 'cpu' | 'memory') => own.reduce((sum, task) => sum + Number(task[member]), 0);
    expect(left?.[0]?.integerValue).toBe((all?.[0]?.integerValue ?? 0) - used('cpu'));
    expect(left?.[1]?.integerValue).toBe((all?.[1]?.integerValue ?? 0) - used('memory'));
  }
}

const snapshot = (one: Scene) => new Map(one.live().map((task) => [task.taskArn, task]));
type Snapshot = ReturnType<typeof snapshot>;

/** What the scheduler decided between two looks: stops of healthy tasks leave enough, starts do not pass the maximum. */
function checkLimits(one: Scene, name: string, before: Snapshot, after: Snapshot): void {
  const [service] = one.call('DescribeServices', { services: [name] }).services;
  const [minimumHealthyPercent, maximumPercent] = percents[name] ?? [0, 0];
  const limits = { desiredCount: Number(service?.desiredCount), minimumHealthyPercent, maximumPercent };
  const now = startAt + one.seconds * 1000;
  const own = [...after.values()].filter(({ serviceArn }) => serviceArn === service?.serviceArn);
  const wasHealthy = (taskArn: string) => {
    const task = before.get(taskArn);
    return task !== undefined && isHealthy(task, now);
  };
  const stops = own.filter(
    ({ taskArn, desiredStatus, stop }) =>
      desiredStatus === 'STOPPED' && stop?.stopCode === 'ServiceSchedulerInitiated' && wasHealthy(taskArn),
  );
  const healthy = own.filter((task) => isHealthy(task, now)).length;
  if (stops.length > 0) expect(healthy).toBeGreaterThanOrEqual(minimumHealthy(limits));
  const starts = own.filter(({ taskArn }) => !before.has(taskArn));
  if (starts.length > 0) expect(own.length).toBeLessThanOrEqual(maximumTasks(limits));
}
