import type {
  DescribeAutoScalingInstancesType,
  SetInstanceHealthQuery,
  SetInstanceProtectionQuery,
  TerminateInstanceInAutoScalingGroupType,
} from '@aws-sdk/client-auto-scaling';
import type { Capacity } from './capacity.ts';
import { secondsOf } from './ground.ts';
import type { Lifecycle } from './lifecycle.ts';
import { type Context, type Operation, operation } from './operation.ts';
import { page } from './page.ts';
import { isLeaving, isReady, isRetained, isWarm } from './passage.ts';
import type { Instance, State } from './state.ts';
import { checkCount, checkLength, oneOf, validationError } from './validation.ts';

/** DescribeAutoScalingInstances, TerminateInstanceInAutoScalingGroup, SetInstanceProtection, SetInstanceHealth. */
export function instanceOperations(room: {
  state: State;
  lifecycle: Lifecycle;
  capacity: Capacity;
}): Record<string, Operation> {
  const { state, lifecycle, capacity } = room;
  return {
    DescribeAutoScalingInstances: operation(({ viewAt }, input: DescribeAutoScalingInstancesType) => {
      checkCount('instanceIds', input.InstanceIds, 50);
      const ids = input.InstanceIds ?? [];
      // Ids that are not there are passed over in silence (D-5.16).
      const found =
        ids.length === 0
          ? state.instances.values(viewAt)
          : [...new Set(ids)].flatMap((id) => state.instances.get(id, viewAt) ?? []);
      const { items, NextToken } = page(
        input,
        { usual: 50, most: 50 },
        found,
        ({ instanceId }) => instanceId,
      );
      return { AutoScalingInstances: items.map(describedAlone), NextToken };
    }),
    TerminateInstanceInAutoScalingGroup: operation(
      ({ now }, input: TerminateInstanceInAutoScalingGroupType) => {
        if (input.InstanceIds?.length)
          throw validationError(
            'InstanceIds: expected none, the simulated Auto Scaling takes one InstanceId.',
          );
        const instance = instanceNamed(state, input.InstanceId);
        refusePooled(instance);
        if (!isLeaving(instance)) terminate(now, instance, input.ShouldDecrementDesiredCapacity === true);
        else if (isRetained(instance.state))
          lifecycle.release(now, instance, `${userRequest(now, instance)}.`);
        const { activityId } = instanceNamed(state, instance.instanceId);
        return { Activity: state.activities.get(activityId)?.described };
      },
    ),
    SetInstanceProtection: operation((context, input: SetInstanceProtectionQuery) => {
      setProtection(context, input);
      return {};
    }),
    SetInstanceHealth: operation(({ now }, input: SetInstanceHealthQuery) => {
      const instance = instanceNamed(state, input.InstanceId);
      const isHealthy =
        oneOf('healthStatus', input.HealthStatus ?? '', ['Healthy', 'Unhealthy']) === 'Healthy';
      const graceMs = state.group(instance.groupName).settings.HealthCheckGracePeriod * 1000;
      const isInGrace = instance.inServiceAt !== undefined && now < instance.inServiceAt + graceMs;
      if (isInGrace && input.ShouldRespectGracePeriod !== false) return {};
      const marked = state.setInstance(now, { ...instance, isHealthy });
      if (!isHealthy && (instance.state === 'InService' || isReady(instance)))
        capacity.replaceIfActive(now, marked);
      return {};
    }),
  };

  function terminate(now: number, instance: Instance, isShrinking: boolean): void {
    const group = state.group(instance.groupName);
    const { DesiredCapacity, MinSize } = group.settings;
    if (isShrinking && DesiredCapacity <= MinSize)
      throw validationError(
        `Currently, desiredSize equals minSize (${MinSize}). Terminating instance without replacement will violate group's min size constraint. Either set shouldDecrementDesiredCapacity flag to false or lower group's min size.`,
      );
    const size = isShrinking
      ? `, shrinking the capacity from ${DesiredCapacity} to ${DesiredCapacity - 1}`
      : '';
    // Scale-in protection does not protect from this (D-3.23).
    lifecycle.terminate(now, instance, { cause: `${userRequest(now, instance)}${size}.` });
    if (isShrinking) {
      const settings = { ...group.settings, DesiredCapacity: DesiredCapacity - 1 };
      state.groups.set(now, group.name, { ...group, settings });
    }
    capacity.balance(now, group.name);
  }

  function setProtection({ now }: Context, input: SetInstanceProtectionQuery): void {
    checkCount('instanceIds', input.InstanceIds, 50);
    const group = state.group(input.AutoScalingGroupName ?? '');
    const members = state.instancesOf(group.name);
    const chosen = (input.InstanceIds ?? []).map((id) => {
      const instance = members.find(({ instanceId }) => instanceId === id);
      if (!instance)
        throw validationError(`The instance ${id} is not part of Auto Scaling group ${group.name}.`);
      // Protection applies from InService on (D-3.24), and not in the warm pool (D-3.28).
      if (instance.state !== 'InService' && instance.state !== 'Standby')
        throw validationError(`The instance ${id} is not in InService or Standby.`);
      return instance;
    });
    const isProtected = input.ProtectedFromScaleIn === true;
    for (const instance of chosen) state.setInstance(now, { ...instance, isProtected });
    capacity.balance(now, group.name);
  }
}

const userRequest = (now: number, { instanceId }: Instance) =>
  `At ${secondsOf(now)} instance ${instanceId} was taken out of service in response to a user request`;

/** A retained instance leaves the pool by this call alone (D-3.14); the others it cannot be called on (D-3.28). */
function refusePooled(instance: Instance): void {
  if (!isWarm(instance) || isRetained(instance.state)) return;
  throw validationError(
    `The instance ${instance.instanceId} is in a warm pool: TerminateInstanceInAutoScalingGroup cannot be called on it.`,
  );
}

function instanceNamed(state: State, instanceId = ''): Instance {
  checkLength('instanceId', instanceId, 1, 19);
  const instance = state.instances.get(instanceId);
  if (instance) return instance;
  throw validationError(`Instance Id not found - No managed instance found for instance ID: ${instanceId}`);
}

/** An instance as DescribeAutoScalingGroups tells it. */
export const describedInGroup = (instance: Instance) => ({
  InstanceId: instance.instanceId,
  AvailabilityZone: instance.availabilityZone,
  LifecycleState: instance.state,
  HealthStatus: instance.isHealthy ? 'Healthy' : 'Unhealthy',
  ...(instance.instanceType === undefined ? {} : { InstanceType: instance.instanceType }),
  LaunchTemplate: instance.launchTemplate,
  ...(instance.imageId === undefined ? {} : { ImageId: instance.imageId }),
  ProtectedFromScaleIn: instance.isProtected,
});

/** The same instance as DescribeAutoScalingInstances tells it: health in capitals (D-6.19). */
const describedAlone = (instance: Instance) => ({
  ...describedInGroup(instance),
  AutoScalingGroupName: instance.groupName,
  HealthStatus: instance.isHealthy ? 'HEALTHY' : 'UNHEALTHY',
});
