import { AutoScaling } from './autoscaling/autoscaling.ts';
import type { CapacityPart } from './autoscaling/shortage.ts';
import type { Chance } from './chance.ts';
import { CloudFormation } from './cloud/cloudformation/cloudformation.ts';
import { Ecr } from './cloud/ecr/ecr.ts';
import { Bus } from './cloud/events/bus.ts';
import { isAllowed } from './cloud/iam/iam.ts';
import { Roles } from './cloud/iam/roles.ts';
import { LambdaApi } from './cloud/lambda/api.ts';
import { Lambda, type Runtime } from './cloud/lambda/lambda.ts';
import { Mappings } from './cloud/lambda/mapping.ts';
import { Logs } from './cloud/logs/logs.ts';
import { S3 } from './cloud/s3/s3.ts';
import { Sqs } from './cloud/sqs/sqs.ts';
import { Sts } from './cloud/sts/sts.ts';
import type { Stack } from './cloud/template/template.ts';
import { Ec2 } from './ec2/ec2.ts';
import { Impairments } from './ec2/impairments.ts';
import { instanceTypes, isInstanceType, offeredTypes } from './ec2/instance.ts';
import { Ecs } from './ecs/ecs.ts';
import { Reconnects } from './ecs/reconnects.ts';
import { Endpoint } from './endpoint.ts';
import { type Caller, Fault, type Need, type Outcome, type ServiceName } from './machine.ts';
import { Meddling } from './meddling.ts';
import type { AccountOptions } from './options.ts';
import { Ssm } from './ssm/ssm.ts';
import { World } from './world.ts';

export type { AccountOptions } from './options.ts';

/** What ECS launches by itself (D-4.46). */
const managedTypes = Object.entries(instanceTypes).map(([name, size]) => ({ name, ...size }));
/** How ECS is set up. */
const ecsOf = ({ ecsSwitches: switches = {}, ecsQuotas: quotas }: AccountOptions) => ({
  switches,
  quotas,
  instanceTypes: managedTypes,
});
/** From the launch of one of Managed Instances to a running agent, which adds up to 20 s (our choice). */
const managedAgentSeconds = 20;
/** The role by which ECS acts in an account. */
const ecsRolePath = 'role/aws-service-role/ecs.amazonaws.com/AWSServiceRoleForECS';

/** One AWS account in one Region, in virtual time: the services, and what runs in them. */
export class Account {
  readonly world: World;
  readonly ecs: Ecs;
  readonly autoscaling: AutoScaling;
  /** Agents that reconnect in normal operation; off unless it is set. */
  readonly reconnects: Reconnects;
  readonly ec2: Ec2;
  /** Instances whose status checks fail by chance; off unless it is set. */
  readonly impairments: Impairments;
  readonly sqs: Sqs;
  readonly ssm: Ssm;
  readonly bus: Bus;
  readonly lambda: Lambda;
  readonly mappings: Mappings;
  readonly roles = new Roles();
  readonly s3: S3;
  readonly cloudformation: CloudFormation;
  readonly endpoint: Endpoint;
  readonly meddling: Meddling;
  readonly region: string;
  readonly accountId: string;
  private readonly boot: Chance;
  private readonly operator: Caller;
  /** By which ECS manages the groups behind its capacity providers (D-4.22). */
  private readonly ecsRole: Caller;

  constructor(options: AccountOptions) {
    const { seed, startAt, region = 'eu-west-1', accountId = '111122223333', endpointUrl, codeOf } = options;
    this.region = region;
    this.accountId = accountId;
    const world = new World(seed, startAt, options.entriesMax);
    this.world = world;
    const place = { region, accountId };
    const aging = { ...place, forgets: options.entriesMax !== undefined };
    this.ecs = new Ecs({
      ...aging,
      ids: world.ids('ecs'),
      ...ecsOf(options),
      group: (nameOrArn) => this.groupBehind(nameOrArn),
    });
    this.reconnects = new Reconnects({ world, ecs: this.ecs, hear: (outcomes) => this.hear(outcomes) });
    this.ec2 = new Ec2(aging);
    this.impairments = new Impairments({ world, ec2: this.ec2, hear: (outcomes) => this.hear(outcomes) });
    this.autoscaling = new AutoScaling({
      ...aging,
      ids: world.ids('autoscaling'),
      hasLaunchTemplate: (name) => this.ec2.hasLaunchTemplate(name),
      instanceTypeOf: (name) => this.ec2.launchTemplate(name).instanceType,
      offeredTypes,
      switches: options.autoScalingSwitches ?? {},
      ec2Instance: (id) => this.ec2.find(id),
    });
    this.sqs = new Sqs({ ...place, ids: world.ids('sqs'), endpointUrl, luck: world.chance('sqs/faults') });
    this.s3 = new S3({ ...place, ids: world.ids('s3') });
    this.ssm = new Ssm(place);
    this.lambda = new Lambda({
      ...place,
      world,
      sqs: this.sqs,
      handle: (...request) => this.endpoint.handle(...request),
      ask: (...call) => this.endpoint.ask(...call),
    });
    this.bus = new Bus({ ...place, world, sqs: this.sqs, lambda: this.lambda });
    this.mappings = new Mappings({ world, sqs: this.sqs, lambda: this.lambda });
    this.operator = { principalArn: `arn:aws:iam::${accountId}:root`, client: 'operator' };
    this.ecsRole = { principalArn: `arn:aws:iam::${accountId}:${ecsRolePath}`, client: 'ecs' };
    const { roles, sqs, bus, lambda, mappings, s3, ssm, operator: caller } = this;
    const site = { world, roles, sqs, bus, lambda, mappings, s3, ssm, caller, inert: new Map(), codeOf };
    this.cloudformation = new CloudFormation({ ...place, endpointUrl, site });
    lambda.put = (url, body) => (this.cloudformation.respondAt(url, body) ? 200 : 403);
    this.boot = world.chance('boot');
    const onOutcome = (outcome: Outcome) => this.carryOut(outcome);
    this.endpoint = new Endpoint({
      world,
      services: {
        ecs: this.ecs,
        autoscaling: this.autoscaling,
        sqs: this.sqs,
        events: this.bus,
        ssm: this.ssm,
        cloudformation: this.cloudformation,
        s3,
        sts: new Sts(place),
        lambda: new LambdaApi({ ...place, lambda, s3, codeOf }),
        logs: new Logs({ ...place, world, lambda }),
        ecr: new Ecr(place),
      },
      operator: this.operator,
      signer: (accessKeyId) => lambda.signer(accessKeyId),
      isAllowed: (caller, need) => this.isAllowed(caller, need),
      onOutcome,
    });
    this.meddling = new Meddling(world, (...what) => this.call(...what));
    for (const machine of [this.ecs, this.autoscaling, this.ec2, this.sqs]) world.host(machine, onOutcome);
  }

  /**
   * Installs a compiled template as a stack, all at once; `runtime` finds the code of its functions. Throws on what the
   * simulator does not know.
   */
  install(template: unknown, runtime: Runtime, parameters: Record<string, string> = {}): Stack {
    return this.cloudformation.install(template, 'ecs-steward-local', { runtime, parameters });
  }

  /** A call by the account's operator, who may do everything; answered at once. Throws Fault. */
  call(service: ServiceName, operation: string, input: Record<string, unknown>): Record<string, unknown> {
    return this.endpoint.call(this.operator, service, operation, input);
  }

  /** What machines said when somebody did something to one of them, and all that follows from it. */
  hear(outcomes: readonly Outcome[]): void {
    for (const outcome of outcomes) this.carryOut(outcome);
  }

  /** The agent of an instance loses its connection for so many seconds (D-1.10g). */
  disconnectAgent(instanceId: string, seconds: number): void {
    const say = (isUp: boolean) => this.hear(this.ecs.agentConnection(this.world.now, instanceId, isUp));
    say(false);
    this.world.at(this.world.now + seconds * 1000, () => say(true));
  }

  /** The agent of an instance has lost its state and registers the instance a second time (D-2.8). */
  forgetAgent(instanceId: string): void {
    this.hear(this.ecs.agentForgets(this.world.now, this.registration(instanceId)));
  }

  /** EC2 has that part of a group's instances, where what Spot has stopped starts, or has none (D-7.10). Throws Fault. */
  setCapacity(autoScalingGroupName: string, available: boolean, part: CapacityPart = {}): void {
    const spot = this.autoscaling.setCapacity(autoScalingGroupName, available, part);
    for (const { instanceId } of spot) this.spotReturns(instanceId);
  }

  /** EC2 has capacity again for an instance, which starts if Spot has stopped it. */
  spotReturns(instanceId: string): void {
    if (!this.ec2.instance(instanceId).interruption?.hasStopped) return;
    const agentDelayMs = this.boot.between(0, 20_000);
    this.hear(this.ec2.spotReturns(this.world.now, { instanceId, agentDelayMs }));
  }

  /** Lets so many seconds pass. */
  async advance(seconds: number): Promise<void> {
    await this.world.advance(seconds);
  }

  /** Lets time pass until `done` holds, looked at every virtual second; throws after `secondsMax`. */
  async until(what: string, done: () => boolean, secondsMax: number): Promise<void> {
    for (let second = 0; second < secondsMax; second++) {
      if (done()) return;
      await this.world.advance(1);
    }
    if (!done()) throw new Error(`Waited ${secondsMax} s of virtual time in vain: ${what}`);
  }

  private isAllowed(caller: Caller, need: Need): boolean {
    if (caller.principalArn === this.operator.principalArn || caller === this.ecsRole) return true;
    return isAllowed(this.roles.policiesOf(caller.principalArn), need);
  }

  /** What one machine says, another one hears. */
  private carryOut(outcome: Outcome): void {
    for (const further of this.route(outcome)) this.carryOut(further);
  }

  private route(outcome: Outcome): Outcome[] {
    const { now } = this.world;
    switch (outcome.kind) {
      case 'event':
        this.bus.publish(now, outcome.event);
        return [...this.ecs.hears(now, outcome.event), ...this.autoscaling.hears(now, outcome.event)];
      case 'ask-autoscaling':
        this.askAutoScaling(outcome.operation, outcome.input);
        return [];
      case 'launch-instance':
        return this.ec2.launch(now, { ...outcome, agentDelayMs: this.boot.between(0, 20_000) });
      case 'launch-managed-instance':
        return this.launchManaged(outcome);
      case 'start-instance':
        return this.ec2.start(now, { ...outcome, agentDelayMs: this.boot.between(0, 20_000) });
      case 'stop-instance':
        return this.ec2.stop(now, outcome.instanceId);
      case 'replace-root-volume':
        return this.ec2.replaceRootVolume(now, outcome.instanceId, outcome.milliseconds);
      case 'instance-rebooting':
        return this.ecs.ec2Stopped(now, outcome.instanceId);
      case 'root-volume-replaced':
        return this.ecs.agentForgets(now, this.registration(outcome.instanceId));
      case 'terminate-instance':
        return this.ec2.terminate(now, outcome.instanceId);
      case 'instance-running':
        return this.autoscaling.instanceRunning(now, outcome.instanceId);
      case 'instance-impaired':
        return this.autoscaling.instanceImpaired(now, outcome.instanceId);
      case 'instance-recovered':
        return this.autoscaling.instanceRecovered(now, outcome.instanceId);
      case 'instance-shutting-down':
        return this.ecs.ec2Terminated(now, outcome.instanceId);
      case 'instance-stopping':
        return [
          ...this.ecs.ec2Stopped(now, outcome.instanceId),
          ...this.autoscaling.instanceStopping(now, outcome.instanceId),
        ];
      case 'instance-stopped':
        return this.autoscaling.instanceStopped(now, outcome.instanceId);
      case 'instance-terminated':
        return this.autoscaling.instanceTerminated(now, outcome.instanceId);
      case 'agent-ready':
        return this.ecs.agentRegisters(now, this.registration(outcome.instanceId));
      case 'spot-notice':
        return this.ecs.agentNoticesSpot(now, outcome.instanceId);
    }
  }

  /** ECS launches an instance of its own, whose template nobody else has (D-4.46). */
  private launchManaged(order: Extract<Outcome, { kind: 'launch-managed-instance' }>): Outcome[] {
    const { instanceType, clusterName, capacityProvider } = order;
    if (!isInstanceType(instanceType)) throw new Error(`No such instance type: ${instanceType}`);
    const launchTemplateName = `ecs-managed-instances/${capacityProvider}/${instanceType}`;
    const agentSeconds = managedAgentSeconds;
    this.ec2.putLaunchTemplate({ launchTemplateName, instanceType, clusterName, agentSeconds });
    const agentDelayMs = this.boot.between(0, 20_000);
    return this.ec2.launch(this.world.now, { ...order, launchTemplateName, agentDelayMs });
  }

  /** What Auto Scaling refuses, as for a group that is gone, ECS gives up; the calls of the account show it. */
  private askAutoScaling(operation: string, input: Readonly<Record<string, unknown>>): void {
    try {
      this.endpoint.call(this.ecsRole, 'autoscaling', operation, input);
    } catch (error) {
      if (!(error instanceof Fault)) throw error;
    }
  }

  /** A group as ECS looks at it: what Auto Scaling knows of it, and what its launch template makes. */
  private groupBehind(nameOrArn: string) {
    const group = this.autoscaling.group(nameOrArn);
    return group && { ...group, instanceSize: this.ec2.sizeOf(group.launchTemplateName) };
  }

  private registration(instanceId: string) {
    const autoScalingGroupName = this.autoscaling.groupNameOf(instanceId);
    return { ...this.ec2.registration(instanceId), autoScalingGroupName };
  }
}
