import type { ContainerInstanceRecord } from './records.ts';
import type { State } from './state.ts';

/**
 * The way between ECS and the agents. What ECS orders and what an agent reports goes through here, so that a
 * disconnected agent delivers neither and catches up in the same order when it reconnects (D-2.44, D-10.7).
 */
export class Agents {
  private readonly state: State;
  private readonly waiting = new Map<string, ((now: number) => void)[]>();

  constructor(state: State) {
    this.state = state;
  }

  /** Does `step` now when the agent can be reached, else when it can again; never once the instance is INACTIVE. */
  pass(now: number, containerInstanceArn: string | undefined, step: (now: number) => void): void {
    // Fargate's own agents are always connected.
    if (containerInstanceArn === undefined) {
      step(now);
      return;
    }
    const instance = this.state.instances.get(containerInstanceArn);
    if (!instance || instance.status === 'INACTIVE') {
      this.waiting.delete(containerInstanceArn);
      return;
    }
    if (isReachable(instance)) {
      step(now);
      return;
    }
    const steps = this.waiting.get(containerInstanceArn) ?? [];
    this.waiting.set(containerInstanceArn, [...steps, step]);
  }

  /** The agent is back: everything that waited happens now, in its order. */
  catchUp(now: number, containerInstanceArn: string): void {
    const steps = this.waiting.get(containerInstanceArn) ?? [];
    this.waiting.delete(containerInstanceArn);
    for (const step of steps) step(now);
  }
}

/** Whether orders and reports get through: the agent may still show as connected when its host has stopped. */
export const isReachable = ({ agentConnected, ec2StoppedAt }: ContainerInstanceRecord) =>
  agentConnected && ec2StoppedAt === undefined;

/** The registration that an agent last made. */
export const newestOf = (
  registrations: readonly ContainerInstanceRecord[],
): ContainerInstanceRecord | undefined =>
  registrations.toSorted((a, b) => b.registeredAt - a.registeredAt)[0];
