import type { Agenda } from '../agenda.ts';
import { isSuspended } from './ground.ts';
import type { Instance, State } from './state.ts';

/** For so long AWS is left to mend what is impaired (our choice: AWS says a few minutes, D-13.62). */
const patienceMs = 180_000;

/** EC2's status checks: an instance in service that is impaired is unhealthy after a while, and after its grace (D-13.62). */
export class HealthChecks {
  private readonly state: State;
  private readonly agenda: Agenda<(now: number) => void>;
  private readonly onUnhealthy: (now: number, instance: Instance) => void;

  constructor(options: {
    state: State;
    agenda: Agenda<(now: number) => void>;
    onUnhealthy: (now: number, instance: Instance) => void;
  }) {
    this.state = options.state;
    this.agenda = options.agenda;
    this.onUnhealthy = options.onUnhealthy;
  }

  /** EC2 says that a status check of the instance fails. */
  impaired(now: number, instanceId: string): void {
    const instance = this.state.instances.get(instanceId);
    if (instance) this.watch(now, this.state.setInstance(now, { ...instance, impairedAt: now }));
  }

  /** EC2 says that its status checks pass; what was found unhealthy meanwhile stays so (D-13.62). */
  recovered(now: number, instanceId: string): void {
    const instance = this.state.instances.get(instanceId);
    if (instance) this.state.setInstance(now, { ...instance, impairedAt: undefined });
  }

  /** Marks an impaired instance that is in service, or in the warm pool, or comes back when its time has come. */
  watch(now: number, instance: Instance): void {
    const { impairedAt, inServiceAt = 0, state, isHealthy } = instance;
    const isChecked = state === 'InService' || state === 'Warmed:Running';
    if (impairedAt === undefined || !isChecked || !isHealthy) return;
    const group = this.state.group(instance.groupName);
    const graceMs = group.settings.HealthCheckGracePeriod * 1000;
    const dueAt = Math.max(impairedAt + patienceMs, inServiceAt + graceMs);
    if (now < dueAt) this.agenda.add(dueAt, (then) => this.watchAgain(then, instance.instanceId));
    else if (!isSuspended(group, 'HealthCheck'))
      this.onUnhealthy(now, this.state.setInstance(now, { ...instance, isHealthy: false }));
  }

  private watchAgain(now: number, instanceId: string): void {
    const instance = this.state.instances.get(instanceId);
    if (instance) this.watch(now, instance);
  }
}

/** What found an instance unhealthy that runs, in the words of AWS (D-13.62). */
export const failedCheckOf = ({ impairedAt }: Instance): string =>
  impairedAt === undefined ? 'a user health-check' : 'an EC2 instance status checks failure';
