import { type Ground, later, type Onward, stepMs } from './ground.ts';
import type { Group, Instance, LaunchTemplate } from './state.ts';

/** How long EC2 takes to replace a root volume, the reboot included (milliseconds; our choice). */
const replacingMs = 60_000;

/** What an instance is refreshed to. */
export interface NewVolume {
  readonly imageId: string;
  readonly launchTemplate: LaunchTemplate;
}

/** The way of an instance whose root volume is replaced while it stays in its group under its id (D-1.25). */
export class Volumes implements Onward {
  private readonly ground: Ground;
  private readonly wanted = new Map<string, NewVolume>();

  constructor(ground: Ground) {
    this.ground = ground;
  }

  /** Takes an instance out of service and gives it a new root volume. */
  replace(now: number, group: Group, instance: Instance, order: { volume: NewVolume; cause: string }): void {
    const { state, activities, hold } = this.ground;
    const { instanceId, availabilityZone } = instance;
    const activity = {
      kind: 'volume-out',
      instanceId,
      availabilityZone,
      cause: order.cause,
      status: 'WaitingForInPlaceUpdateToStart',
    } as const;
    this.wanted.set(instanceId, order.volume);
    const replacing = state.setInstance(now, {
      ...instance,
      passage: 'volume-out',
      state: 'ReplacingRootVolume',
      activityId: activities.begin(now, group, activity),
    });
    later(this.ground, now + stepMs, replacing, hold);
  }

  /** Replaces the volume, whatever the hooks said: like a termination, it cannot be refused by ABANDON (D-3.12). */
  go(now: number, instance: Instance): void {
    const { state, activities, say } = this.ground;
    const replacing = state.setInstance(now, { ...instance, state: 'ReplacingRootVolume:Proceed' });
    activities.update(now, instance.activityId, 'InPlaceUpdateInProgress', 60);
    say({ kind: 'replace-root-volume', instanceId: instance.instanceId, milliseconds: replacingMs });
    later(this.ground, now + replacingMs, replacing, (at, still) => this.replaced(at, still));
  }

  abandon(now: number, instance: Instance): void {
    this.go(now, instance);
  }

  private replaced(now: number, instance: Instance): void {
    const { state, activities, hold } = this.ground;
    const volume = this.wanted.get(instance.instanceId);
    this.wanted.delete(instance.instanceId);
    const done = state.setInstance(now, { ...instance, ...volume, state: 'RootVolumeReplaced' });
    activities.update(now, instance.activityId, 'WaitingForInPlaceUpdateToFinalize', 80);
    later(this.ground, now + stepMs, done, (at, still) =>
      hold(at, state.setInstance(at, { ...still, passage: 'volume-in', state: 'Pending' })),
    );
  }
}
