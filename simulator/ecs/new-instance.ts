import { attributesOf } from './attributes.ts';
import type { Registration } from './instances.ts';
import { hostingOf } from './launch-types.ts';
import type { CapacityProvider } from './providers.ts';
import type { ContainerInstanceRecord } from './records.ts';
import { roleOf } from './settings.ts';
import type { State } from './state.ts';
import { newTrunk, takesTrunk } from './trunk.ts';
import { newestAgent } from './update.ts';

const usualPorts = [22, 2375, 2376, 51_678, 51_679];
/** The first event, of the registration, has version 2 (D-1.9). */
const versionBeforeRegistration = 1;

/** A container instance that nobody has told anybody of yet, as its agent registers it (D-2.2, D-9.11). */
export function newInstance(
  state: State,
  now: number,
  clusterArn: string,
  registration: Registration,
): ContainerInstanceRecord {
  const { settings, arns, ids } = state;
  const { principalArn = settings.rootArn, cpu, memoryMib } = registration;
  const isLong = settings.isOn(roleOf(principalArn), 'containerInstanceLongArnFormat');
  const hasTrunk =
    settings.isOn(roleOf(principalArn), 'awsvpcTrunking') && takesTrunk(registration.instanceType);
  const { ports = usualPorts, udpPorts = [] } = registration;
  const resources = { cpu, memoryMib, ports, udpPorts };
  const provider = providerOf(state, registration);
  const agentAttributes = attributesOf(registration);
  return {
    containerInstanceArn: arns.newContainerInstance(clusterArn, ids, isLong),
    clusterArn,
    ec2InstanceId: registration.ec2InstanceId,
    availabilityZone: registration.availabilityZone,
    capacityProviderName: provider?.name,
    hosting: hostingOf(agentAttributes, provider),
    status: hasTrunk ? 'REGISTERING' : 'ACTIVE',
    agentConnected: true,
    connectionAt: now,
    isCutOff: false,
    runtime: { status: 'OK', since: now },
    versionInfo: registration.versionInfo ?? registration.image ?? newestAgent,
    version: versionBeforeRegistration,
    registeredResources: resources,
    remainingResources: resources,
    otherResources: registration.otherResources ?? [],
    heldGpuIds: [],
    runningTasksCount: 0,
    pendingTasksCount: 0,
    awsvpcTasksCount: 0,
    taskGroups: [],
    agentAttributes,
    customAttributes: [],
    attachments: hasTrunk ? [newTrunk(state)] : [],
    tags: registration.tags ?? (provider?.managed?.propagatesTags ? provider.tags : []),
    registeredAt: now,
    updatedAt: now,
    fate: registration.fate ?? {},
  };
}

/**
 * The provider whose instance ECS launched itself, or that of its group: one that is there already, as later ones do not
 * find the instance (D-4.12, D-4.46).
 */
function providerOf(
  state: State,
  { ec2InstanceId, autoScalingGroupName }: Registration,
): CapacityProvider | undefined {
  const managed = state.managedInstances.get(ec2InstanceId);
  if (managed !== undefined) return state.providers.get(managed);
  return autoScalingGroupName ? state.providerOfGroup(autoScalingGroupName) : undefined;
}
