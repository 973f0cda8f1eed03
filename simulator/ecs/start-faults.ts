import { misconfiguration } from './configuration-faults.ts';
import type { Rollout } from './rollout.ts';
import { orderOf } from './service-orders.ts';
import type { Launch, Service } from './service-records.ts';
import type { State } from './state.ts';

/** From a start that the configuration forbids to the next try (our choice). */
const retryMs = 60_000;

/** What keeps the scheduler from starting tasks for which there is room: limits of ECS, and configurations (D-1.17k, D-1.17n). */
export class StartFaults {
  private readonly state: State;
  private readonly rollout: Rollout;
  /** Services whose starts are held back. */
  private readonly held = new Set<string>();
  private isOn = false;

  constructor(state: State, rollout: Rollout) {
    this.state = state;
    this.rollout = rollout;
  }

  get isThrottled(): boolean {
    return this.isOn;
  }

  /** Limits hold all starts back from now on, or none: then `touch` has a look at the services that waited. */
  throttle(isThrottled: boolean, touch: (serviceArn: string) => void): void {
    this.isOn = isThrottled;
    if (isThrottled) return;
    for (const serviceArn of this.held) touch(serviceArn);
    this.held.clear();
  }

  /** Whether tasks of a launch may be started now; says why not. `touch` has a look at the service later. */
  mayStart(now: number, service: Service, launch: Launch, touch: (now: number) => void): boolean {
    if (this.isOn) {
      this.held.add(service.serviceArn);
      this.rollout.throttled(now, service);
      return false;
    }
    const reason = misconfiguration(this.state, orderOf(service, launch));
    if (reason === undefined) {
      this.rollout.free(service.serviceArn);
      return true;
    }
    this.rollout.misconfigured(now, service, reason);
    this.state.routinely(now, retryMs, touch);
    return false;
  }

  /** Forgets a service that is INACTIVE. */
  forget(serviceArn: string): void {
    this.held.delete(serviceArn);
  }
}
