import { answering } from '../../../simulator/answered.ts';
import { Ids } from '../../../simulator/chance.ts';
import {
  Ecs,
  type EcsSwitches,
  type Quotas,
  type Registration,
  type TaskRecord,
} from '../../../simulator/ecs/ecs.ts';
import type { Outcome, ServiceEvent } from '../../../simulator/machine.ts';
import { checkReply } from '../../../simulator/wire/check.ts';
import { operationModel } from '../../../simulator/wire/models.ts';
import type { Reply } from './reply.ts';

export type { Reply } from './reply.ts';

export const startAt = Date.parse('2026-05-04T12:00:00Z');
export const rootArn = 'arn:aws:iam::111122223333:root';
export const clusterArn = 'arn:aws:ecs:eu-west-1:111122223333:cluster/demo';
export const targetGroupArn =
  'arn:aws:elasticloadbalancing:eu-west-1:111122223333:targetgroup/web/0123456789abcdef';
const size = { cpu: 2048, memoryMib: 7680 };
const usual = { clusterName: 'demo', instanceType: 'm6i.large', availabilityZone: 'eu-west-1a', ...size };

/** The ARN of an Auto Scaling group. */
export const groupArn = (name: string) =>
  `arn:aws:autoscaling:eu-west-1:111122223333:autoScalingGroup:1:autoScalingGroupName/${name}`;

/** A group as Auto Scaling tells ECS of it. */
export const newGroup = (name: string) => ({
  arn: groupArn(name),
  isProtectedFromScaleIn: false,
  minSize: 0,
  maxSize: 10,
  desiredCapacity: 0,
  tagKeys: [] as string[],
  inService: [] as { instanceId: string; isProtected: boolean; launchedAt: number }[],
  instanceSize: { cpu: 2048, memoryMib: 7680 },
});

/** What tasks in awsvpc mode need. */
export const inVpc = { networkConfiguration: { awsvpcConfiguration: { subnets: ['subnet-1'] } } };

/** An event with the time it was said (seconds since the start). */
export interface Said extends ServiceEvent {
  readonly at: number;
}

/** For providers the cluster is a filter, or where Managed Instances belong. */
const takesCluster = (operation: string) =>
  !/^(Create|Describe|Update|Delete)CapacityProviders?$/.test(operation) &&
  [...(operationModel('ecs', operation)?.input.structIterator() ?? [])].some(([name]) => name === 'cluster');

/** An `Ecs` with the cluster `demo`, driven by hand: times are seconds since the start. */
export class Scene {
  readonly ecs: Ecs;
  readonly said: Said[] = [];
  /** What Auto Scaling knows. */
  readonly groups = ['blue', 'green'].map(newGroup);
  /** What ECS asked Auto Scaling for. */
  readonly asked: {
    readonly operation: string;
    readonly input: Record<string, unknown>;
    readonly at: number;
  }[] = [];
  /** What ECS ordered of EC2. */
  readonly ordered: Outcome[] = [];
  /** Called whenever the machine has said something. */
  onStep: (() => void) | undefined;
  private time = startAt;

  constructor(switches: Partial<EcsSwitches> = {}, quotas: Partial<Quotas> = {}) {
    this.ecs = new Ecs({
      region: 'eu-west-1',
      accountId: '111122223333',
      ids: new Ids(1, 'ecs'),
      switches,
      quotas,
      group: (nameOrArn) => this.groups.find(({ arn }) => arn === nameOrArn || arn.endsWith(`/${nameOrArn}`)),
      instanceTypes: [{ name: 'm6i.large', cpu: 2048, memoryMib: 7680 }],
    });
    this.call('CreateCluster', { clusterName: 'demo' });
  }

  get seconds(): number {
    return (this.time - startAt) / 1000;
  }

  /** The group of that name, to be changed as Auto Scaling would. */
  group(name: string) {
    const group = this.groups.find(({ arn }) => arn === groupArn(name));
    if (!group) throw new Error(`no such group: ${name}`);
    return group;
  }

  /** Lets so many seconds pass. */
  pass(seconds: number): void {
    const until = this.time + seconds * 1000;
    for (let next = this.ecs.nextAt; next !== undefined && next <= until; next = this.ecs.nextAt) {
      this.time = Math.max(this.time, next);
      this.hear(this.ecs.advance(this.time));
    }
    this.time = until;
  }

  /** A call answered now, from the state `lagSeconds` ago; its reply fits the service's model. */
  call(
    operation: string,
    input: Record<string, unknown> = {},
    lagSeconds = 0,
    principalArn = rootArn,
  ): Reply {
    const caller = { principalArn, client: 'test' };
    const viewAt = this.time - lagSeconds * 1000;
    const withCluster = takesCluster(operation) ? { cluster: 'demo', ...input } : input;
    const call = { operation, input: withCluster, caller, viewAt };
    const { reply, outcomes } = answering('ecs', call, () => this.ecs.apply(this.time, call));
    checkReply('ecs', operation, reply);
    this.hear(outcomes);
    return reply as Reply;
  }

  /** An instance registers; gives the last segment of its ARN. */
  instance(ec2InstanceId: string, more: Partial<Registration> = {}): string {
    this.hear(this.ecs.agentRegisters(this.time, { ...usual, ec2InstanceId, ...more }));
    return this.idOf(ec2InstanceId);
  }

  idOf(ec2InstanceId: string): string {
    return this.record(ec2InstanceId).containerInstanceArn.split('/').at(-1) ?? '';
  }

  record(ec2InstanceId: string) {
    const record = this.ecs
      .containerInstanceRecords()
      .findLast((each) => each.ec2InstanceId === ec2InstanceId);
    if (!record) throw new Error(`no such instance: ${ec2InstanceId}`);
    return record;
  }

  connection(ec2InstanceId: string, connected: boolean): void {
    this.hear(this.ecs.agentConnection(this.time, ec2InstanceId, connected));
  }

  reconnect(ec2InstanceId: string, milliseconds: number): void {
    this.hear(this.ecs.agentReconnects(this.time, ec2InstanceId, milliseconds));
  }

  forget(ec2InstanceId: string, more: Partial<Registration> = {}): void {
    this.hear(this.ecs.agentForgets(this.time, { ...usual, ec2InstanceId, ...more }));
  }

  noticeSpot(ec2InstanceId: string): void {
    this.hear(this.ecs.agentNoticesSpot(this.time, ec2InstanceId));
  }

  setRuntime(ec2InstanceId: string, status: 'OK' | 'IMPAIRED'): void {
    this.hear(this.ecs.setRuntime(this.time, ec2InstanceId, status));
  }

  setFargate(provider: 'FARGATE' | 'FARGATE_SPOT', isAvailable: boolean): void {
    this.hear(this.ecs.setFargate(this.time, provider, isAvailable));
  }

  /** Limits hold the scheduler back, or roles cannot be assumed. */
  hold(faults: Parameters<Ecs['setStartFaults']>[1]): void {
    this.hear(this.ecs.setStartFaults(this.time, faults));
  }

  interrupt(taskArn: string): void {
    this.hear(this.ecs.taskInterrupted(this.time, taskArn));
  }

  terminate(ec2InstanceId: string): void {
    this.hear(this.ecs.ec2Terminated(this.time, ec2InstanceId));
  }

  stop(ec2InstanceId: string): void {
    this.hear(this.ecs.ec2Stopped(this.time, ec2InstanceId));
  }

  exit(taskArn: string, exitCode: number): void {
    this.hear(this.ecs.taskExits(this.time, taskArn, exitCode));
  }

  failCheck(taskArn: string): void {
    this.hear(this.ecs.taskFailsCheck(this.time, taskArn));
  }

  /** Registers a definition with one container `app`; `labels` without their prefix, in seconds. */
  definition(
    family = 'web',
    labels: Record<string, number> = {},
    container: Record<string, unknown> = {},
    more: Record<string, unknown> = {},
  ): string {
    const dockerLabels = Object.fromEntries(
      Object.entries(labels).map(([name, seconds]) => [`simulator.${name}`, String(seconds)]),
    );
    const portMappings = more.networkMode === 'none' ? [] : [{ containerPort: 80 }];
    const app = {
      name: 'app',
      image: 'app:1',
      cpu: 256,
      memory: 512,
      portMappings,
      dockerLabels,
      ...container,
    };
    const input = { family, containerDefinitions: [app], ...more };
    return this.call('RegisterTaskDefinition', input).taskDefinition.taskDefinitionArn;
  }

  /** Creates a service of that definition and lets it become steady, unless `seconds` says otherwise. */
  service(serviceName: string, more: Record<string, unknown> = {}, seconds = 60): string {
    const input = { serviceName, taskDefinition: 'web', desiredCount: 2, ...more };
    const { service } = this.call('CreateService', input);
    this.pass(seconds);
    return service.serviceArn;
  }

  percents(minimumHealthyPercent: number, maximumPercent: number) {
    return { deploymentConfiguration: { minimumHealthyPercent, maximumPercent } };
  }

  drain(ec2InstanceId: string, status = 'DRAINING') {
    return this.call('UpdateContainerInstancesState', {
      containerInstances: [this.idOf(ec2InstanceId)],
      status,
    });
  }

  describe(ec2InstanceId: string) {
    const containerInstances = [this.idOf(ec2InstanceId)];
    const [instance] = this.call('DescribeContainerInstances', { containerInstances }).containerInstances;
    if (!instance) throw new Error(`ECS does not know ${ec2InstanceId}`);
    return instance;
  }

  list(ec2InstanceId: string, desiredStatus?: string): readonly string[] {
    const filter = desiredStatus === undefined ? {} : { desiredStatus };
    return this.call('ListTasks', { containerInstance: this.idOf(ec2InstanceId), ...filter }).taskArns;
  }

  /** Tasks on the instance that are not STOPPED. */
  tasksOn(ec2InstanceId: string): TaskRecord[] {
    return this.live().filter((task) => task.ec2InstanceId === ec2InstanceId);
  }

  live(): TaskRecord[] {
    return this.ecs.taskRecords().filter(({ lastStatus }) => lastStatus !== 'STOPPED');
  }

  tasksOf(group: string): TaskRecord[] {
    return this.live().filter((task) => task.group === group);
  }

  /** What was said since the last time somebody asked, of one detail type. */
  heard(detailType?: string): Said[] {
    const found = this.said.splice(0);
    return found.filter((event) => detailType === undefined || event.detailType === detailType);
  }

  instanceEvents(): Said[] {
    return this.heard('ECS Container Instance State Change');
  }

  taskEvents(): Said[] {
    return this.heard('ECS Task State Change');
  }

  private hear(outcomes: Outcome[]): void {
    if (outcomes.length === 0) return;
    for (const outcome of outcomes)
      if (outcome.kind === 'ask-autoscaling') this.asked.push({ ...outcome, at: this.seconds });
      else if (outcome.kind === 'event') this.said.push({ ...outcome.event, at: this.seconds });
      else this.ordered.push(outcome);
    this.onStep?.();
  }
}

/** `desiredStatus/lastStatus` of the task in an event or a reply. */
export const statuses = (task: Readonly<Record<string, unknown>>) =>
  `${task.desiredStatus}/${task.lastStatus}`;
