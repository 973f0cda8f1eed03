import type { Chance } from './chance.ts';
import { Fault, type ServiceName } from './machine.ts';
import type { World } from './world.ts';

/** Calls the API as the account's operator. Throws Fault. */
type Call = (
  service: ServiceName,
  operation: string,
  input: Record<string, unknown>,
) => Record<string, unknown>;

/** How often somebody with rights and no plan does something by hand. */
export interface MeddlingFaults {
  readonly meddlesPerHour: number;
}

interface Instance {
  readonly containerInstanceArn: string;
  readonly attributes: readonly { readonly name: string }[];
}

const hourMs = 3_600_000;

/**
 * Somebody who takes away what others rely on: a tag or a lifecycle hook of a group, an attribute of a container instance; or
 * sets an instance to DRAINING, or back to ACTIVE. What and when by the seed; off unless it is set.
 */
export class Meddling {
  private readonly world: World;
  private readonly call: Call;
  private readonly luck: Chance;
  private settings: MeddlingFaults = { meddlesPerHour: 0 };
  private cancel = () => {};

  constructor(world: World, call: Call) {
    this.world = world;
    this.call = call;
    this.luck = world.chance('meddling');
  }

  get faults(): MeddlingFaults {
    return this.settings;
  }

  /** Changes what is given, from now on. */
  set(changes: Partial<MeddlingFaults>): void {
    this.settings = { ...this.settings, ...changes };
    this.cancel();
    this.plan();
  }

  private plan(): void {
    const { meddlesPerHour } = this.settings;
    if (meddlesPerHour === 0) return;
    const at = this.world.now + this.luck.between(1, Math.max(1, Math.round((2 * hourMs) / meddlesPerHour)));
    this.cancel = this.world.atRoutine(at, () => {
      this.meddle();
      this.plan();
    });
  }

  private meddle(): void {
    const acts = [
      () => this.takeTag(),
      () => this.takeHook(),
      () => this.takeAttribute(),
      () => this.setStatus('ACTIVE', 'DRAINING'),
      () => this.setStatus('DRAINING', 'ACTIVE'),
    ];
    try {
      this.one(acts)?.();
    } catch (error) {
      // What AWS refuses him he leaves alone.
      if (!(error instanceof Fault)) throw error;
    }
  }

  private one<T>(all: readonly T[]): T | undefined {
    return all[this.luck.between(0, Math.max(0, all.length - 1))];
  }

  private group(): { readonly name: string; readonly tags: readonly { Key: string }[] } | undefined {
    const { AutoScalingGroups } = this.call('autoscaling', 'DescribeAutoScalingGroups', { MaxRecords: 100 });
    const group = this.one(AutoScalingGroups as { AutoScalingGroupName: string; Tags?: { Key: string }[] }[]);
    return group && { name: group.AutoScalingGroupName, tags: group.Tags ?? [] };
  }

  private takeTag(): void {
    const group = this.group();
    const tag = this.one(group?.tags ?? []);
    if (!group || !tag) return;
    this.note(`deletes the tag ${tag.Key} of ${group.name}`);
    const about = { ResourceId: group.name, ResourceType: 'auto-scaling-group', Key: tag.Key };
    this.call('autoscaling', 'DeleteTags', { Tags: [about] });
  }

  private takeHook(): void {
    const AutoScalingGroupName = this.group()?.name;
    if (AutoScalingGroupName === undefined) return;
    const { LifecycleHooks } = this.call('autoscaling', 'DescribeLifecycleHooks', { AutoScalingGroupName });
    const LifecycleHookName = this.one(LifecycleHooks as { LifecycleHookName: string }[])?.LifecycleHookName;
    if (LifecycleHookName === undefined) return;
    this.note(`deletes the hook ${LifecycleHookName} of ${AutoScalingGroupName}`);
    this.call('autoscaling', 'DeleteLifecycleHook', { AutoScalingGroupName, LifecycleHookName });
  }

  private instances(status?: string): { readonly cluster: string; readonly instances: readonly Instance[] } {
    const { clusterArns } = this.call('ecs', 'ListClusters', {});
    const cluster = this.one(clusterArns as string[]);
    if (cluster === undefined) return { cluster: '', instances: [] };
    const { containerInstanceArns } = this.call('ecs', 'ListContainerInstances', {
      cluster,
      ...(status ? { status } : {}),
    });
    const containerInstances = containerInstanceArns as string[];
    if (containerInstances.length === 0) return { cluster, instances: [] };
    const found = this.call('ecs', 'DescribeContainerInstances', { cluster, containerInstances });
    return { cluster, instances: found.containerInstances as Instance[] };
  }

  /** One that somebody put there: those that agents bring begin with `ecs.` or `com.amazonaws.ecs.`. */
  private takeAttribute(): void {
    const { cluster, instances } = this.instances();
    const custom = instances.flatMap(({ containerInstanceArn, attributes }) =>
      attributes
        .filter(({ name }) => !/^(ecs|com\.amazonaws\.ecs)\./.test(name))
        .map(({ name }) => ({ name, targetId: containerInstanceArn })),
    );
    const attribute = this.one(custom);
    if (!attribute) return;
    this.note(`deletes the attribute ${attribute.name} of ${attribute.targetId}`);
    this.call('ecs', 'DeleteAttributes', { cluster, attributes: [attribute] });
  }

  private setStatus(from: string, to: string): void {
    const { cluster, instances } = this.instances(from);
    const containerInstanceArn = this.one(instances)?.containerInstanceArn;
    if (containerInstanceArn === undefined) return;
    this.note(`sets ${containerInstanceArn} to ${to}`);
    const containerInstances = [containerInstanceArn];
    this.call('ecs', 'UpdateContainerInstancesState', { cluster, containerInstances, status: to });
  }

  private note(did: string): void {
    this.world.record('operator', { did });
  }
}
