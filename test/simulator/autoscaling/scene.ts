import type {
  Activity,
  AutoScalingGroup,
  CreateAutoScalingGroupType,
  LifecycleHook,
} from '@aws-sdk/client-auto-scaling';
import { Agenda } from '../../../simulator/agenda.ts';
import { answering } from '../../../simulator/answered.ts';
import { AutoScaling } from '../../../simulator/autoscaling/autoscaling.ts';
import type { OfferedType } from '../../../simulator/autoscaling/requirements.ts';
import type { AutoScalingSwitches } from '../../../simulator/autoscaling/switches.ts';
import { Ids } from '../../../simulator/chance.ts';
import type { Outcome, ServiceEvent } from '../../../simulator/machine.ts';
import { checkInput, encodeReply } from '../../../simulator/wire/wire.ts';

export const startAt = Date.parse('2026-05-04T12:00:00Z');

export const drainHook = 'ecs-drain-hook';

type Input = Record<string, unknown>;

/** Auto Scaling with an EC2 that boots in 10 s, stops in 20 s and terminates in 30 s, in a time that the test moves. */
export class Scene {
  readonly autoscaling: AutoScaling;
  now = startAt;
  readonly outcomes: { at: number; outcome: Outcome }[] = [];
  /** What EC2 knows of each instance. */
  readonly machines = new Map<string, { availabilityZone: string; state: string }>();
  private readonly ec2 = new Agenda<(now: number) => Outcome[]>();
  private readonly boots: boolean;

  constructor(
    options: {
      boots?: boolean;
      switches?: Partial<AutoScalingSwitches>;
      offeredTypes?: readonly OfferedType[];
    } = {},
  ) {
    this.boots = options.boots ?? true;
    this.autoscaling = new AutoScaling({
      region: 'us-east-1',
      accountId: '111122223333',
      ids: new Ids(1, 'autoscaling'),
      instanceTypeOf: () => 'm6i.large',
      switches: options.switches ?? {},
      ...(options.offeredTypes && { offeredTypes: options.offeredTypes }),
      ec2Instance: (instanceId) => this.machines.get(instanceId),
    });
  }

  /** One call, its input and its reply checked against the service's model. Throws Fault. */
  call<R = Input>(operation: string, input: Input = {}, viewAt = this.now): R {
    checkInput('autoscaling', operation, input);
    const caller = { principalArn: 'arn:aws:iam::111122223333:role/tester', client: 'test' };
    const call = { operation, input, caller, viewAt };
    const { reply, outcomes } = answering('autoscaling', call, () => this.autoscaling.apply(this.now, call));
    this.hear(outcomes);
    encodeReply('autoscaling', operation, reply, 'request');
    return reply as R;
  }

  /** Lets time pass, everything in the order in which it is due. */
  advance(seconds: number): void {
    const until = this.now + seconds * 1000;
    for (;;) {
      const own = this.autoscaling.nextAt ?? Number.POSITIVE_INFINITY;
      const ec2 = this.ec2.nextAt ?? Number.POSITIVE_INFINITY;
      if (Math.min(own, ec2) > until) break;
      this.now = Math.max(this.now, Math.min(own, ec2));
      if (own <= ec2) this.hear(this.autoscaling.advance(this.now));
      else this.hear(this.ec2.take(this.now)?.value(this.now) ?? []);
    }
    this.now = until;
  }

  /** EC2 terminates an instance behind Auto Scaling's back. */
  kill(instanceId: string): void {
    this.become(instanceId, 'terminated');
    this.hear(this.autoscaling.instanceTerminated(this.now, instanceId));
  }

  /** EC2 stops an instance behind Auto Scaling's back. */
  stop(instanceId: string): void {
    this.hear(this.autoscaling.instanceStopping(this.now, instanceId));
  }

  /** A status check of an instance fails from now on, or passes again. */
  check(instanceId: string, passes: boolean): void {
    const { autoscaling: own, now } = this;
    this.hear(passes ? own.instanceRecovered(now, instanceId) : own.instanceImpaired(now, instanceId));
  }

  /** EC2 says something of an instance in an event. */
  signal(detailType: string, instanceId: string): void {
    const detail = { 'instance-id': instanceId };
    this.hear(this.autoscaling.hears(this.now, { source: 'aws.ec2', detailType, resources: [], detail }));
  }

  /** A group `demo` in three zones with its instances in service, and the drain hook if asked for. */
  group(input: Partial<CreateAutoScalingGroupType> = {}, hook?: Input): void {
    this.call('CreateAutoScalingGroup', {
      AutoScalingGroupName: 'demo',
      MinSize: 0,
      MaxSize: 100,
      DesiredCapacity: 3,
      AvailabilityZones: ['us-east-1a', 'us-east-1b', 'us-east-1c'],
      LaunchTemplate: { LaunchTemplateName: 'ecs' },
      ...input,
    });
    if (hook) this.hook(hook);
    this.advance(15);
  }

  /** Puts the drain hook, or another. */
  hook(input: Input = {}): void {
    this.call('PutLifecycleHook', {
      AutoScalingGroupName: 'demo',
      LifecycleHookName: drainHook,
      LifecycleTransition: 'autoscaling:EC2_INSTANCE_TERMINATING',
      HeartbeatTimeout: 300,
      DefaultResult: 'CONTINUE',
      ...input,
    });
  }

  /** Suspends processes of `demo`. */
  suspend(...ScalingProcesses: string[]): void {
    this.call('SuspendProcesses', { AutoScalingGroupName: 'demo', ScalingProcesses });
  }

  /** Resumes processes of `demo`. */
  resume(...ScalingProcesses: string[]): void {
    this.call('ResumeProcesses', { AutoScalingGroupName: 'demo', ScalingProcesses });
  }

  /** Changes settings of `demo`. */
  update(input: Input): void {
    this.call('UpdateAutoScalingGroup', { AutoScalingGroupName: 'demo', ...input });
  }

  /** Sets the desired capacity of `demo`. */
  desired(count: number): void {
    this.call('SetDesiredCapacity', { AutoScalingGroupName: 'demo', DesiredCapacity: count });
  }

  /** The group as the API describes it now. */
  describe(name = 'demo'): AutoScalingGroup {
    const found = this.call<{ AutoScalingGroups: AutoScalingGroup[] }>('DescribeAutoScalingGroups', {
      AutoScalingGroupNames: [name],
    });
    return found.AutoScalingGroups[0] as AutoScalingGroup;
  }

  /** The instances' states by id. */
  states(): Record<string, string> {
    const instances = this.describe()?.Instances ?? [];
    return Object.fromEntries(instances.map((one) => [one.InstanceId ?? '', one.LifecycleState ?? '']));
  }

  /** The ids of the instances in that state, oldest first. */
  in(state: string): string[] {
    return Object.entries(this.states()).flatMap(([id, held]) => (held === state ? id : []));
  }

  hooks(name = 'demo'): LifecycleHook[] {
    const input = { AutoScalingGroupName: name };
    return this.call<{ LifecycleHooks: LifecycleHook[] }>('DescribeLifecycleHooks', input).LifecycleHooks;
  }

  activities(input: Input = { AutoScalingGroupName: 'demo' }): Activity[] {
    return this.call<{ Activities: Activity[] }>('DescribeScalingActivities', input).Activities;
  }

  /** The newest activity that terminates (or launches) that instance. */
  activity(instanceId: string, word = 'Terminating'): Activity {
    const found = this.activities().find(
      ({ Description = '' }) => Description.startsWith(word) && Description.includes(instanceId),
    );
    return found as Activity;
  }

  /** Every event said so far, or those of one detail type. */
  events(detailType?: string): ServiceEvent[] {
    return this.outcomes
      .flatMap(({ outcome }) => (outcome.kind === 'event' ? outcome.event : []))
      .filter((event) => detailType === undefined || event.detailType === detailType);
  }

  /** The instances that EC2 was told to terminate. */
  ordered(kind: 'launch-instance' | 'terminate-instance' | 'stop-instance' | 'start-instance'): string[] {
    return this.outcomes.flatMap(({ outcome }) => (outcome.kind === kind ? outcome.instanceId : []));
  }

  /** The detail of each lifecycle event, of one instance if named. */
  lifecycleEvents(instanceId?: string): Record<string, unknown>[] {
    return this.events()
      .filter(({ detailType }) => detailType === launchEvent || detailType === terminateEvent)
      .map(({ detail }) => detail)
      .filter(({ EC2InstanceId }) => instanceId === undefined || EC2InstanceId === instanceId);
  }

  private hear(outcomes: readonly Outcome[]): void {
    for (const outcome of outcomes) {
      this.outcomes.push({ at: this.now, outcome });
      if (outcome.kind === 'event' || outcome.kind === 'ask-autoscaling') continue;
      const { autoscaling } = this;
      const { instanceId } = outcome;
      if (outcome.kind === 'launch-instance') this.machines.set(instanceId, { ...outcome, state: 'pending' });
      if (outcome.kind === 'start-instance' || (outcome.kind === 'launch-instance' && this.boots))
        this.later(10, instanceId, 'running', (now) => autoscaling.instanceRunning(now, instanceId));
      if (outcome.kind === 'stop-instance')
        this.later(20, instanceId, 'stopped', (now) => autoscaling.instanceStopped(now, instanceId));
      if (outcome.kind === 'terminate-instance')
        this.later(30, instanceId, 'terminated', (now) => autoscaling.instanceTerminated(now, instanceId));
    }
  }

  private become(instanceId: string, state: string): void {
    const machine = this.machines.get(instanceId);
    if (machine) this.machines.set(instanceId, { ...machine, state });
  }

  private later(seconds: number, instanceId: string, state: string, say: (now: number) => Outcome[]): void {
    this.ec2.add(this.now + seconds * 1000, (now) => {
      if (this.machines.get(instanceId)?.state === 'terminated') return [];
      this.become(instanceId, state);
      return say(now);
    });
  }
}

export const terminateEvent = 'EC2 Instance-terminate Lifecycle Action';
export const launchEvent = 'EC2 Instance-launch Lifecycle Action';

/** One instance in service, and the hook. */
export function one(hook: Record<string, unknown> = {}) {
  const scene = new Scene();
  scene.group({ DesiredCapacity: 1 }, hook);
  const [instanceId = ''] = scene.in('InService');
  return { scene, instanceId };
}

/** One instance that waits in the termination hook since `startAt` + 16 s. */
export function waiting(hook: Record<string, unknown> = {}) {
  const { scene, instanceId } = one(hook);
  scene.desired(0);
  scene.advance(1);
  const token = String(scene.events(terminateEvent)[0]?.detail.LifecycleActionToken);
  return { scene, instanceId, token, waitsSince: scene.now };
}

/** Completes an action of the drain hook, with CONTINUE unless told otherwise. */
export const complete = (scene: Scene, input: Record<string, unknown>) =>
  scene.call('CompleteLifecycleAction', {
    AutoScalingGroupName: 'demo',
    LifecycleHookName: drainHook,
    LifecycleActionResult: 'CONTINUE',
    ...input,
  });

/** Records a heartbeat of an action of the drain hook. */
export const heartbeat = (scene: Scene, input: Record<string, unknown>) =>
  scene.call('RecordLifecycleActionHeartbeat', {
    AutoScalingGroupName: 'demo',
    LifecycleHookName: drainHook,
    ...input,
  });

/** Empty groups with the tags of each. */
export function tagged(byName: Record<string, Record<string, string>>): Scene {
  const scene = new Scene();
  for (const [name, tags] of Object.entries(byName)) {
    const Tags = Object.entries(tags).map(([Key, Value]) => ({ Key, Value, PropagateAtLaunch: true }));
    scene.group({ AutoScalingGroupName: name, DesiredCapacity: 0, Tags });
  }
  return scene;
}
