import type { Account } from '../simulator/account.ts';
import type { LogEntry } from '../simulator/world.ts';
import { stewardHook } from './cluster.ts';
import { type Colours, plain } from './colours.ts';

interface BusEvent {
  readonly 'detail-type': string;
  readonly detail: Readonly<Record<string, unknown>>;
}

/** Under the time of day. */
const indent = ' '.repeat(12);

/** Turns what the account's log says into the lines of the timeline. */
export class Timeline {
  private readonly account: Account;
  private readonly colours: Colours;
  private readonly leaving = new Set<string>();
  private readonly draining = new Set<string>();
  private readonly released = new Set<string>();
  private readonly told = new Set<string>();
  private readonly countedOut = new Set<string>();

  constructor(account: Account, colours: Colours = plain) {
    this.account = account;
    this.colours = colours;
  }

  /** The line for one entry of the log; undefined: nothing a newcomer would want to see. */
  line(entry: LogEntry): string | undefined {
    const text = this.text(entry);
    if (text === undefined) return undefined;
    return `${this.colours.dim(entry.time.slice(11, 21))}  ${text.replaceAll('\n', `\n${indent}`)}`;
  }

  /** What is under way, as plain text: a line for each leaving instance, once there is one. */
  status(): string {
    const time = new Date(this.account.world.now).toISOString().slice(11, 19);
    if (this.leaving.size === 0) return `${time}  building the cluster`;
    const lines = [...this.leaving].map((instanceId) => `${instanceId}  ${this.stateOf(instanceId)}`);
    return `${time}    ${lines.join(`\n${indent}`)}`;
  }

  private stateOf(instanceId: string): string {
    if (this.released.has(instanceId)) return 'released';
    const count = this.aliveTasks(instanceId).length;
    return count === 0 ? '0 left' : `${count} left: ${this.load(instanceId)}`;
  }

  private text(entry: LogEntry): string | undefined {
    if (entry.kind === 'operator') return this.colours.bold(`operator ${entry.did}`);
    if (entry.kind === 'call') return this.ofCall(entry);
    if (entry.kind === 'event') return this.ofEvent(entry.event as BusEvent);
    return undefined;
  }

  private ofEvent({ 'detail-type': detailType, detail }: BusEvent): string | undefined {
    if (
      detailType === 'EC2 Instance-terminate Lifecycle Action' &&
      detail.LifecycleHookName === stewardHook
    ) {
      this.leaving.add(String(detail.EC2InstanceId));
      return `${this.colours.yellow(String(detail.EC2InstanceId))} is to terminate; Auto Scaling waits on ${stewardHook}`;
    }
    const lines = [this.ofStoppedTask(detail), this.ofCounts(detail)].filter((line) => line !== undefined);
    return lines.length === 0 ? undefined : lines.join('\n');
  }

  private ofStoppedTask({ lastStatus, taskArn }: BusEvent['detail']): string | undefined {
    if (lastStatus !== 'STOPPED') return undefined;
    const task = this.account.ecs.taskRecords().find((one) => one.taskArn === taskArn);
    const { ec2InstanceId = '' } = task ?? {};
    if (!task || !this.draining.has(ec2InstanceId) || this.told.has(task.taskArn)) return undefined;
    this.told.add(task.taskArn);
    const left = this.aliveTasks(ec2InstanceId).length;
    const rest = left === 0 ? 'it was the last one' : `${left} left`;
    return `${this.colours.yellow(ec2InstanceId)} ${task.definition.family} is STOPPED, ${rest}`;
  }

  /** ECS counts a task no longer once it is told to stop (D-2.12): whoever goes by the counts cuts its containers off. */
  private ofCounts({ containerInstanceArn }: BusEvent['detail']): string | undefined {
    const instance = this.account.ecs
      .containerInstanceRecords()
      .find((one) => one.containerInstanceArn === containerInstanceArn);
    if (!instance || instance.runningTasksCount + instance.pendingTasksCount > 0) return undefined;
    const { ec2InstanceId } = instance;
    if (!this.draining.has(ec2InstanceId) || this.countedOut.has(ec2InstanceId)) return undefined;
    const running = this.aliveTasks(ec2InstanceId).filter((task) => task.executionStoppedAt === undefined);
    const count = running.flatMap(({ containers }) => containers).length;
    if (count === 0) return undefined;
    this.countedOut.add(ec2InstanceId);
    const stopping = count === 1 ? '1 container still stops' : `${count} containers still stop`;
    return `${this.colours.yellow(ec2InstanceId)} ECS counts 0 tasks; ${stopping}: ${this.colours.bold('not released')}`;
  }

  private ofCall({ operation, outcome, input, caller }: LogEntry): string | undefined {
    if (outcome !== 'ok' || caller === 'operator') return undefined;
    const fields = input as Readonly<Record<string, unknown>>;
    if (operation === 'PutLifecycleHook')
      return `hook ${stewardHook} is put on ${fields.AutoScalingGroupName}`;
    if (operation === 'UpdateContainerInstancesState')
      return this.ofDraining(fields.containerInstances as string[]);
    if (operation === 'CompleteLifecycleAction') {
      this.released.add(String(fields.InstanceId));
      return this.colours.green(`${fields.InstanceId} is released`);
    }
    if (operation === 'StopTask') return `task ${fields.task} is stopped by policy`;
    return undefined;
  }

  private ofDraining(arns: readonly string[]): string {
    const instances = this.account.ecs
      .containerInstanceRecords()
      .filter(({ containerInstanceArn }) => arns.includes(containerInstanceArn))
      .map(({ ec2InstanceId }) => ec2InstanceId);
    for (const instanceId of instances) this.draining.add(instanceId);
    const lines = instances.map((instanceId) => {
      const load = this.load(instanceId);
      return `${this.colours.yellow(instanceId)} is set to DRAINING; ${load === '' ? 'it has no task' : `on it: ${load}`}`;
    });
    return lines.join('\n');
  }

  /** How many tasks of which family there still are on an instance. */
  private load(instanceId: string): string {
    const counts = new Map<string, number>();
    for (const { definition } of this.aliveTasks(instanceId)) {
      counts.set(definition.family, (counts.get(definition.family) ?? 0) + 1);
    }
    return [...counts].map(([family, count]) => `${count} ${family}`).join(', ');
  }

  private aliveTasks(instanceId: string) {
    return this.account.ecs
      .taskRecords()
      .filter((task) => task.ec2InstanceId === instanceId && task.stoppedAt === undefined);
  }
}
