import {
  activeInstances,
  createGroup,
  createService,
  enrolmentTag,
  hasHook,
  isSteady,
  runTask,
  type ServiceWish,
  setDesiredCapacity,
  stewardHook,
  tagGroup,
  type Workload,
} from '../../demo/cluster.ts';
import { functionsFromSource, packagedTemplate } from '../../demo/install.ts';
import { type DepartureReport, reportOf } from '../../demo/report.ts';
import { Account, type AccountOptions } from '../../simulator/account.ts';
import type { Runtime } from '../../simulator/cloud/lambda/lambda.ts';

export const clusterName = 'shop';
export const groupName = 'shop-nodes';

/** A small world to let an instance leave. */
export interface SceneWish {
  readonly seed?: number;
  readonly instances?: number;
  readonly services?: readonly ServiceWish[];
  /** Standalone tasks, run before the services, on the instance that will be the oldest. */
  readonly standalone?: readonly Workload[];
  /** Tags of the group beside the enrolment. */
  readonly tags?: Readonly<Record<string, string>>;
  readonly ecsSwitches?: AccountOptions['ecsSwitches'];
  /** Do not tag the group, so that it is not enrolled. */
  readonly unenrolled?: boolean;
  /** A compiled template to install instead of the packaged one. */
  readonly template?: unknown;
  /** What finds the functions' code instead of their source. */
  readonly runtime?: (account: Account) => Promise<Runtime>;
  /** How the stack comes into the account, if not all at once; packages hold the functions from source, whatever they are ... */
  readonly install?: (account: Account) => Promise<void>;
  /** ... or what this finds in them, given what finds those. */
  readonly codeOf?: (source: Runtime) => AccountOptions['codeOf'];
}

/** A replica service of small tasks without a load balancer. */
export const service = (wish: Partial<ServiceWish> = {}): ServiceWish => ({
  name: 'web',
  cpu: 128,
  memoryMib: 256,
  desiredCount: 4,
  stopSeconds: 10,
  ...wish,
});

/** A standalone task. */
export const job = (wish: Partial<Workload> = {}): Workload => ({
  name: 'job',
  cpu: 128,
  memoryMib: 256,
  stopSeconds: 2,
  ...wish,
});

/** For a scene whose account has changed a setting of ECS before anything is in it. */
export const withSetting = (name: string, value: string): SceneWish => ({
  install: async (account: Account) => {
    account.call('ecs', 'PutAccountSettingDefault', { name, value });
    account.install(packagedTemplate(), await functionsFromSource());
  },
});

/**
 * The packaged template without its custom resource: functions in processes answer those at the URL of the local AWS, which an
 * account that is not behind its own port has none of.
 */
export function templateWithoutUninstall(): unknown {
  const template = packagedTemplate() as { readonly Resources: Readonly<Record<string, unknown>> };
  const { Uninstall: _, ...Resources } = template.Resources;
  return { ...template, Resources };
}

/** A cluster with one enrolled group in a steady state, the packaged stack installed, the hook put. */
export class Scene {
  readonly account: Account;
  private readonly beganAt: number;

  constructor(account: Account) {
    this.account = account;
    this.beganAt = account.world.now;
  }

  static async open(wish: SceneWish = {}): Promise<Scene> {
    const { seed = 1, instances = 3, services = [service()], standalone = [], tags = {}, ecsSwitches } = wish;
    const source = await functionsFromSource();
    const codeOf = wish.codeOf?.(source) ?? ((_zip: Uint8Array, handler: string) => source(handler));
    const account = new Account({ seed, codeOf, ...(ecsSwitches ? { ecsSwitches } : {}) });
    const { runtime = async () => source } = wish;
    if (wish.install) await wish.install(account);
    else account.install(wish.template ?? packagedTemplate(), await runtime(account));
    account.call('ecs', 'CreateCluster', { clusterName });
    createGroup(account, { clusterName, autoScalingGroupName: groupName, desiredCapacity: 1 });
    await account.until('the oldest instance', () => activeInstances(account, clusterName) === 1, 300);
    for (const task of standalone) runTask(account, clusterName, task);
    setDesiredCapacity(account, groupName, instances);
    await account.until('all instances', () => activeInstances(account, clusterName) === instances, 300);
    for (const wished of services) createService(account, clusterName, wished);
    await account.until('steady services', () => isSteady(account, clusterName), 900);
    if (!wish.unenrolled) {
      tagGroup(account, groupName, { [enrolmentTag]: clusterName, ...tags });
      await account.until('the hook', () => hasHook(account, groupName), 120);
    }
    return new Scene(account);
  }

  /** The instance that leaves next: the oldest. */
  get oldestInstanceId(): string {
    const [oldest] = this.account.ec2.all();
    if (!oldest) throw new Error('There is no instance');
    return oldest.instanceId;
  }

  /** Terminates the oldest instance, or the one named, and takes one off the desired capacity. */
  terminate(instanceId = this.oldestInstanceId): string {
    this.account.call('autoscaling', 'TerminateInstanceInAutoScalingGroup', {
      InstanceId: instanceId,
      ShouldDecrementDesiredCapacity: true,
    });
    return instanceId;
  }

  /** Spot takes the oldest instance back, or the one named: its notice now, its end in two minutes. */
  interrupt(instanceId = this.oldestInstanceId, action?: 'terminate' | 'stop' | 'hibernate'): string {
    const { account } = this;
    account.hear(account.ec2.interrupt(account.world.now, instanceId, action));
    return instanceId;
  }

  /** The tasks that are or were on an EC2 instance since the scene opened, as they really are. */
  tasksOn(instanceId: string) {
    const isOn = (task: { readonly ec2InstanceId?: string | undefined }) => task.ec2InstanceId === instanceId;
    return this.account.ecs
      .taskRecords()
      .filter((task) => isOn(task) && (task.stoppedAt ?? Infinity) >= this.beganAt);
  }

  /** Puts a terminate hook of this name on the group, as an operator or another team would. */
  putHook(LifecycleHookName: string, HeartbeatTimeout: number): void {
    this.account.call('autoscaling', 'PutLifecycleHook', {
      AutoScalingGroupName: groupName,
      LifecycleHookName,
      LifecycleTransition: 'autoscaling:EC2_INSTANCE_TERMINATING',
      DefaultResult: 'CONTINUE',
      HeartbeatTimeout,
    });
  }

  /** The departures that have begun, in the order of their begin. */
  get departures(): readonly DepartureReport[] {
    return reportOf(this.account, this.beganAt).instances;
  }

  /** The departure of one instance; throws when it has not begun. */
  departure(instanceId: string): DepartureReport {
    const found = this.departures.find((departure) => departure.instanceId === instanceId);
    if (!found) throw new Error(`No departure of ${instanceId} has begun`);
    return found;
  }

  /** Lets time pass until the hook of this instance has ended; gives the departure. */
  async ended(instanceId: string, secondsMax = 3 * 3600): Promise<DepartureReport> {
    const hasEnded = () =>
      this.account.autoscaling
        .lifecycleActions()
        .some((action) => action.instanceId === instanceId && action.endedAt !== undefined);
    await this.account.until(`the departure of ${instanceId} ends`, hasEnded, secondsMax);
    return this.departure(instanceId);
  }

  /** Lets the oldest instance leave; gives its departure when it has ended. */
  async leave(secondsMax?: number): Promise<DepartureReport> {
    return this.ended(this.terminate(), secondsMax);
  }

  /** The container instance of an EC2 instance, as ECS has it. */
  registration(instanceId: string) {
    const found = this.account.ecs
      .containerInstanceRecords()
      .find(({ ec2InstanceId }) => ec2InstanceId === instanceId);
    if (!found) throw new Error(`${instanceId} is not registered`);
    return found;
  }

  /** The calls of the stack's functions since the scene opened, newest last. */
  calls(operation?: string) {
    return this.account.endpoint.calls.filter(
      (call) =>
        call.functionName !== undefined &&
        call.at >= this.beganAt &&
        (operation === undefined || call.operation === operation),
    );
  }

  /** Calls that no policy allowed, as `function operation`. */
  get denied(): readonly string[] {
    const denied = this.calls().filter(({ outcome }) => outcome.startsWith('AccessDenied'));
    return denied.map(({ functionName, operation }) => `${functionName?.split('-').at(-1)} ${operation}`);
  }

  /** Calls of functions that change something in ECS or Auto Scaling. */
  get writes() {
    return this.calls().filter(
      ({ operation, service: name }) =>
        !/^(Describe|List)/.test(operation) && !['sqs', 'events'].includes(name),
    );
  }

  /** What the functions logged, as objects. */
  get logged(): readonly Record<string, unknown>[] {
    return this.account.world.log
      .filter(({ kind }) => kind === 'log')
      .map(({ line }) => JSON.parse(String(line)) as Record<string, unknown>);
  }

  /** The sum of one metric over everything logged. */
  metric(name: string): number {
    const values = this.logged.filter((line) => '_aws' in line).flatMap((line) => line[name] ?? []);
    return values.map(Number).reduce((sum, value) => sum + value, 0);
  }

  /** Messages in dead-letter queues. */
  get deadLetters(): number {
    const { now } = this.account.world;
    return this.account.sqs
      .all()
      .filter(({ settings }) => /DeadLetters/.test(settings.name))
      .map((queue) => queue.counts(now))
      .reduce((sum, { visible, inFlight, delayed }) => sum + visible + inFlight + delayed, 0);
  }

  /** Switches off the rules that match events, or the schedules. */
  disable(what: 'events' | 'schedules'): void {
    this.setRules(what, 'DisableRule');
  }

  /** Switches them on again. */
  enable(what: 'events' | 'schedules'): void {
    this.setRules(what, 'EnableRule');
  }

  private setRules(what: 'events' | 'schedules', operation: 'DisableRule' | 'EnableRule'): void {
    const { Rules } = this.account.call('events', 'ListRules', {});
    for (const rule of Rules as { Name: string; ScheduleExpression?: string }[]) {
      const isSchedule = rule.ScheduleExpression !== undefined;
      if (isSchedule === (what === 'schedules')) this.account.call('events', operation, { Name: rule.Name });
    }
  }

  /** Lets so much time pass without sweeps, which take most of a long test's time; somebody else renews the hooks. */
  async pauseSweeps(seconds: number): Promise<void> {
    this.setRules('schedules', 'DisableRule');
    for (let passed = 0; passed < seconds; passed += 1200) {
      for (const { instanceId } of this.departures.filter(({ completedAt }) => completedAt === undefined)) {
        this.account.call('autoscaling', 'RecordLifecycleActionHeartbeat', {
          AutoScalingGroupName: groupName,
          LifecycleHookName: stewardHook,
          InstanceId: instanceId,
        });
      }
      await this.account.advance(Math.min(1200, seconds - passed));
    }
    this.setRules('schedules', 'EnableRule');
  }

  /** What becomes of instances of the group whose termination hook is abandoned. */
  setRetention(TerminateHookAbandon: 'retain' | 'terminate'): void {
    this.account.call('autoscaling', 'UpdateAutoScalingGroup', {
      AutoScalingGroupName: groupName,
      InstanceLifecyclePolicy: { RetentionTriggers: { TerminateHookAbandon } },
    });
  }

  /** Sets tags on the group. */
  tag(tags: Readonly<Record<string, string>>): void {
    tagGroup(this.account, groupName, tags);
  }

  /** Puts a message into the lane or another queue, as a rule would. */
  send(queue: 'lane' | 'release' | 'interrupt', event: unknown): void {
    const name = { lane: /-lane\.fifo$/, release: /ReleaseQueue/, interrupt: /InterruptQueue/ }[queue];
    const found = this.account.sqs.all().find(({ settings }) => name.test(settings.name));
    this.account.call('sqs', 'SendMessage', {
      QueueUrl: found?.url,
      MessageBody: JSON.stringify(event),
      ...(queue === 'lane' ? { MessageGroupId: 'lane' } : {}),
    });
  }
}
