import pc from 'picocolors';
import type { Account } from '../simulator/account.ts';
import type { LogEntry } from '../simulator/world.ts';
import { stewardHook } from './cluster.ts';

interface BusEvent {
  readonly 'detail-type': string;
  readonly detail: Readonly<Record<string, unknown>>;
}

/** Turns what the account's log says into the lines of the timeline. */
export class Timeline {
  private readonly account: Account;
  private readonly leaving = new Set<string>();
  private readonly draining = new Set<string>();
  private readonly told = new Set<string>();

  constructor(account: Account) {
    this.account = account;
  }

  /** The line for one entry of the log; undefined: nothing a newcomer would want to see. */
  line(entry: LogEntry): string | undefined {
    const text = this.text(entry);
    return text === undefined ? undefined : `${pc.dim(entry.time.slice(11, 21))}  ${text}`;
  }

  /** What is under way, in one line. */
  status(): string {
    const alive = this.aliveTasks([...this.leaving]);
    const names = [...new Set(alive.map((task) => task.definition.family))].join(', ');
    const time = new Date(this.account.world.now).toISOString().slice(11, 19);
    if (this.leaving.size === 0) return pc.dim(`${time}  building the cluster`);
    return pc.dim(`${time}  ${alive.length} tasks left on leaving instances${names ? `: ${names}` : ''}`);
  }

  private text(entry: LogEntry): string | undefined {
    if (entry.kind === 'operator') return pc.bold(`operator ${entry.did}`);
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
      return `${pc.yellow(String(detail.EC2InstanceId))} is to terminate; Auto Scaling waits on ${stewardHook}`;
    }
    if (detailType === 'ECS Task State Change' && detail.lastStatus === 'STOPPED')
      return this.ofStoppedTask(detail);
    return undefined;
  }

  private ofStoppedTask(detail: Readonly<Record<string, unknown>>): string | undefined {
    const task = this.account.ecs.taskRecords().find(({ taskArn }) => taskArn === detail.taskArn);
    if (!task || !this.draining.has(task.ec2InstanceId) || this.told.has(task.taskArn)) return undefined;
    this.told.add(task.taskArn);
    const left = this.aliveTasks([task.ec2InstanceId]).length;
    const rest = left === 0 ? 'it was the last one' : `${left} left`;
    return `${pc.yellow(task.ec2InstanceId)} ${task.definition.family} is STOPPED, ${rest}`;
  }

  private ofCall({ operation, outcome, input, caller }: LogEntry): string | undefined {
    if (outcome !== 'ok' || caller === 'operator') return undefined;
    const fields = input as Readonly<Record<string, unknown>>;
    if (operation === 'PutLifecycleHook')
      return `hook ${stewardHook} is put on ${fields.AutoScalingGroupName}`;
    if (operation === 'UpdateContainerInstancesState')
      return this.ofDraining(fields.containerInstances as string[]);
    if (operation === 'CompleteLifecycleAction') return pc.green(`${fields.InstanceId} is released`);
    if (operation === 'StopTask') return `task ${fields.task} is stopped by policy`;
    return undefined;
  }

  private ofDraining(arns: readonly string[]): string {
    const instances = this.account.ecs
      .containerInstanceRecords()
      .filter(({ containerInstanceArn }) => arns.includes(containerInstanceArn))
      .map(({ ec2InstanceId }) => ec2InstanceId);
    for (const instanceId of instances) this.draining.add(instanceId);
    const lines = instances.map(
      (instanceId) => `${pc.yellow(instanceId)} is set to DRAINING${this.load(instanceId)}`,
    );
    return lines.join(`\n${' '.repeat(12)}`);
  }

  private load(instanceId: string): string {
    const counts = new Map<string, number>();
    for (const { definition } of this.aliveTasks([instanceId])) {
      counts.set(definition.family, (counts.get(definition.family) ?? 0) + 1);
    }
    const tasks = [...counts].map(([family, count]) => `${count} ${family}`).join(', ');
    return tasks === '' ? '; it has no task' : `; on it: ${tasks}`;
  }

  private aliveTasks(instanceIds: readonly string[]) {
    return this.account.ecs
      .taskRecords()
      .filter((task) => instanceIds.includes(task.ec2InstanceId) && task.stoppedAt === undefined);
  }
}
