import type {
  AttachInstancesQuery,
  DetachInstancesQuery,
  EnterStandbyQuery,
  ExitStandbyQuery,
} from '@aws-sdk/client-auto-scaling';
import type { Capacity } from './capacity.ts';
import { isSuspended, secondsOf } from './ground.ts';
import type { Lifecycle } from './lifecycle.ts';
import { type Operation, operation } from './operation.ts';
import type { Group, Instance, State } from './state.ts';
import { validationError } from './validation.ts';

/** An EC2 instance as Auto Scaling asks EC2 for it. */
export interface Ec2Instance {
  readonly availabilityZone: string;
  readonly state: string;
}

/** Instances of one call (D-5.16). */
const instancesMax = 20;

/** AttachInstances, DetachInstances, EnterStandby, ExitStandby. */
export function asideOperations(room: {
  state: State;
  lifecycle: Lifecycle;
  capacity: Capacity;
  ec2Instance: (instanceId: string) => Ec2Instance | undefined;
}): Record<string, Operation> {
  const { state, lifecycle, capacity, ec2Instance } = room;
  const { asides } = lifecycle;
  return {
    AttachInstances: operation(({ now }, input: AttachInstancesQuery) => {
      const group = groupOf(state, input);
      const ids = idsOf(input.InstanceIds, 'attach');
      refuseSuspendedLaunch(group, 'attach instances');
      const found = ids.map((id) => ({ id, ...attachable(state, group, id, ec2Instance(id)) }));
      const { grown, text } = resized(group, ids.length, 'attach');
      const cause = `At ${secondsOf(now)} an instance was attached in response to a user request, ${text}.`;
      state.groups.set(now, group.name, grown);
      for (const { id, availabilityZone } of found)
        asides.attach(now, grown, { instanceId: id, availabilityZone, cause });
      capacity.balance(now, group.name);
      return {};
    }),
    DetachInstances: operation(({ now }, input: DetachInstancesQuery) => {
      const group = groupOf(state, input);
      const ids = idsOf(input.InstanceIds, 'detach');
      const chosen = ids.map((id) => member(state, group, id, ['InService', 'Standby']));
      const isShrinking = input.ShouldDecrementDesiredCapacity === true;
      // What stands by has left the desired capacity before.
      const leavingCount = chosen.filter(({ state: at }) => at === 'InService').length;
      const { grown, text } = resized(group, isShrinking ? -leavingCount : 0, 'detach');
      const activityIds = chosen.map((instance) =>
        asides.detach(now, group, instance, sentence(now, instance, 'detached', text)),
      );
      state.groups.set(now, group.name, grown);
      capacity.balance(now, group.name);
      return activitiesOf(state, activityIds);
    }),
    EnterStandby: operation(({ now }, input: EnterStandbyQuery) => {
      const group = groupOf(state, input);
      const ids = idsOf(input.InstanceIds, 'place into standby');
      const chosen = ids.map((id) => member(state, group, id, ['InService']));
      const isShrinking = input.ShouldDecrementDesiredCapacity === true;
      const { grown, text } = resized(group, isShrinking ? -ids.length : 0, 'place into standby');
      const activityIds = chosen.map((instance) =>
        asides.enterStandby(now, group, instance, sentence(now, instance, 'moved to standby', text)),
      );
      state.groups.set(now, group.name, grown);
      capacity.balance(now, group.name);
      return activitiesOf(state, activityIds);
    }),
    ExitStandby: operation(({ now }, input: ExitStandbyQuery) => {
      const group = groupOf(state, input);
      const ids = idsOf(input.InstanceIds, 'take out of standby');
      refuseSuspendedLaunch(group, 'take instances out of standby');
      const chosen = ids.map((id) => member(state, group, id, ['Standby']));
      const { grown, text } = resized(group, ids.length, 'take out of standby');
      state.groups.set(now, group.name, grown);
      const activityIds = chosen.map((instance) =>
        asides.exitStandby(now, group, instance, sentence(now, instance, 'moved out of standby', text)),
      );
      capacity.balance(now, group.name);
      return activitiesOf(state, activityIds);
    }),
  };
}

const sentence = (now: number, { instanceId }: Instance, what: string, text: string) =>
  `At ${secondsOf(now)} instance ${instanceId} was ${what} in response to a user request${text && `, ${text}`}.`;

const activitiesOf = (state: State, ids: readonly string[]) => ({
  Activities: ids.flatMap((id) => state.activities.get(id)?.described ?? []),
});

function groupOf(
  state: State,
  { AutoScalingGroupName = '' }: { AutoScalingGroupName: string | undefined },
): Group {
  const group = state.group(AutoScalingGroupName);
  if (group.isDeleting) throw validationError(`AutoScalingGroup ${group.name} is pending delete.`);
  return group;
}

/** The text on long lists is AWS's (https://github.com/reproio/ecs_deploy/pull/39). */
function idsOf(requested: readonly string[] | undefined, verb: string): string[] {
  const ids = [...new Set(requested ?? [])];
  if (ids.length === 0)
    throw validationError(`InstanceIds: expected at least one instance to ${verb}, got none.`);
  if (ids.length > instancesMax)
    throw validationError(
      `List exceeds the maximum number of instances to ${verb}. Please retry your request with fewer instances.`,
    );
  return ids;
}

/** The text is AWS's (https://github.com/reproio/ecs_deploy/issues/47). */
function member(state: State, group: Group, id: string, states: readonly Instance['state'][]): Instance {
  const instance = state.instances.get(id);
  if (instance?.groupName !== group.name)
    throw validationError(`The instance ${id} is not part of Auto Scaling group ${group.name}.`);
  if (!states.includes(instance.state))
    throw validationError(`The instance ${id} is not in ${states.join(' or ')}.`);
  return instance;
}

function attachable(state: State, group: Group, id: string, found: Ec2Instance | undefined): Ec2Instance {
  const owner = state.instances.get(id)?.groupName;
  if (owner !== undefined)
    throw validationError(`The instance ${id} is already part of Auto Scaling group ${owner}.`);
  if (!found) throw validationError(`Invalid Instance ID(s): [${id}] specified`);
  if (found.state !== 'running')
    throw validationError(`Instance ${id} is not in correct state. Instance(s) must be in 'running' state.`);
  if (!group.settings.AvailabilityZones.includes(found.availabilityZone))
    throw validationError(
      `The availability zone ${found.availabilityZone} of instance ${id} is not one of Auto Scaling group ${group.name}.`,
    );
  return found;
}

/** While Launch is suspended nothing comes into service, by hand neither (D-3.34). */
function refuseSuspendedLaunch(group: Group, what: string): void {
  if (isSuspended(group, 'Launch'))
    throw validationError(`The Launch process of ${group.name} is suspended: resume it to ${what}.`);
}

/** The text is AWS's (https://github.com/LeanerCloud/AutoSpotting/issues/407). */
function resized(group: Group, by: number, verb: string): { grown: Group; text: string } {
  const { MinSize, MaxSize, DesiredCapacity: from } = group.settings;
  const to = from + by;
  if (by === 0) return { grown: group, text: '' };
  if (to > MaxSize || to < MinSize) {
    const count = `${Math.abs(by)} instance${Math.abs(by) === 1 ? '' : 's'}`;
    throw validationError(
      `AutoScalingGroup ${group.name} has min-size=${MinSize}, max-size=${MaxSize}, and desired-size=${from}. To ${verb} ${count}, please update the AutoScalingGroup sizes appropriately.`,
    );
  }
  const word = by > 0 ? 'increasing' : 'shrinking';
  return {
    grown: { ...group, settings: { ...group.settings, DesiredCapacity: to } },
    text: `${word} the capacity from ${from} to ${to}`,
  };
}
