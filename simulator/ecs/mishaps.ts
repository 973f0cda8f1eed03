import { Fault } from '../machine.ts';
import { essentialContainer } from './definition.ts';
import { targetGroupsOf } from './health.ts';
import type { TaskRecord } from './records.ts';
import type { State } from './state.ts';
import type { Tasks } from './tasks.ts';

/** From the warning to the end of a task on Fargate Spot (D-7.7). */
const interruptionMs = 120_000;

/** What befalls a task without ECS having asked for it. */
export class Mishaps {
  private readonly state: State;
  private readonly tasks: Tasks;

  constructor(state: State, tasks: Tasks) {
    this.state = state;
    this.tasks = tasks;
  }

  /** An essential container exits (D-1.10c). Throws Fault for a task without running containers. */
  exit(now: number, taskArn: string, exitCode: number): void {
    const task = this.running(taskArn);
    this.tasks.exits(now, taskArn, essentialContainer(task.definition), exitCode);
  }

  /**
   * The health check fails, that of the container or else that of the target: ECS takes the task for unhealthy until it
   * ends (D-14.3). Throws Fault for a task without running containers or without any check.
   */
  failCheck(now: number, taskArn: string): void {
    const task = this.running(taskArn);
    const isChecked = task.definition.behaviour.healthMs !== undefined;
    if (!isChecked && targetGroupsOf(this.state, task).length === 0)
      throw refused(taskArn, 'a task with a container health check or a target group');
    const failed: TaskRecord = {
      ...task,
      ...(isChecked ? { failedCheck: 'container', healthStatus: 'UNHEALTHY' } : { failedCheck: 'target' }),
      healthyAt: undefined,
    };
    // A change of health has no event of its own (D-1.13).
    this.state.noteTask(now, failed);
    this.state.watcher?.taskChanged(now, failed);
  }

  /**
   * Fargate takes a task on Spot back: the warning and SIGTERM now, and whatever still runs is gone two minutes later
   * (D-7.7, D-7.8). Throws Fault for any other task.
   */
  interrupt(now: number, taskArn: string): void {
    const task = this.state.tasks.get(taskArn);
    if (task?.capacityProviderName !== 'FARGATE_SPOT' || task.desiredStatus === 'STOPPED')
      throw refused(taskArn, 'the ARN of a task on FARGATE_SPOT that is to run');
    const { spotInterruptionCode } = this.state.switches;
    const stopCode = spotInterruptionCode ? 'SpotInterruption' : 'TerminationNotice';
    this.tasks.stop(now, taskArn, { stopCode, stoppedReason: 'Your Spot Task was interrupted.' }, true);
    this.state.after(now, interruptionMs, (then) => this.tasks.kill(then, taskArn));
  }

  private running(taskArn: string): TaskRecord {
    const task = this.state.tasks.get(taskArn);
    if (!task) throw refused(taskArn, 'the ARN of a task that ECS knows');
    const { lastStatus, pullStoppedAt, sigtermAt, executionStoppedAt } = task;
    if (pullStoppedAt !== undefined && sigtermAt === undefined && executionStoppedAt === undefined)
      return task;
    throw refused(taskArn, `a task with running containers, it is ${lastStatus}`);
  }
}

const refused = (taskArn: string, expected: string) =>
  new Fault('InvalidParameterException', `taskArn: ${JSON.stringify(taskArn)}: expected ${expected}`);
