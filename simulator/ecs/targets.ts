import { messages } from './events.ts';
import type { TaskRecord } from './records.ts';
import type { Rollout } from './rollout.ts';
import type { State } from './state.ts';

/** What a service says of the targets that its tasks are, in its own list (D-1.19, D-2.34). */
export class Targets {
  private readonly state: State;
  private readonly rollout: Rollout;
  /** By service and task: registered targets, as last said. */
  private readonly registered = new Map<string, Map<string, TaskRecord>>();

  constructor(state: State, rollout: Rollout) {
    this.state = state;
    this.rollout = rollout;
  }

  /** Says how many targets came and went in each target group since the last look. */
  look(now: number, serviceArn: string): void {
    const before = this.registered.get(serviceArn) ?? new Map<string, TaskRecord>();
    const tasks = this.state.tasksOf(serviceArn).filter(isRegistered);
    const after = new Map(tasks.map((task) => [task.taskArn, task]));
    if (before.size === 0 && after.size === 0) return;
    const service = this.state.service(serviceArn);
    const came = tasks.filter(({ taskArn }) => !before.has(taskArn));
    const went = [...before.values()].filter(({ taskArn }) => !after.has(taskArn));
    for (const [arn, count] of counted(came, ({ targetGroupArns }) => targetGroupArns))
      this.rollout.note(now, serviceArn, messages.registered(service, arn, count));
    for (const [arn, count] of counted(went, ({ targetGroupArns }) => targetGroupArns))
      this.rollout.note(now, serviceArn, messages.deregistered(service, arn, count));
    for (const [id, count] of counted(went, ({ startedBy = '' }) => [startedBy]))
      this.rollout.note(now, serviceArn, messages.drainingConnections(service, id, count));
    this.registered.set(serviceArn, after);
  }

  /** Forgets a service that is INACTIVE. */
  forget(serviceArn: string): void {
    this.registered.delete(serviceArn);
  }
}

/** Registered before it counts as RUNNING, deregistered before its containers are stopped (D-2.34). */
const isRegistered = ({ targetGroupArns, lastStatus }: TaskRecord) =>
  targetGroupArns.length > 0 && (lastStatus === 'ACTIVATING' || lastStatus === 'RUNNING');

function counted(tasks: readonly TaskRecord[], keysOf: (task: TaskRecord) => readonly string[]) {
  const counts = new Map<string, number>();
  for (const task of tasks) for (const key of keysOf(task)) counts.set(key, (counts.get(key) ?? 0) + 1);
  return counts;
}
