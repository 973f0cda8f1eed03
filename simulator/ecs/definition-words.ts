import {
  ApplicationProtocol,
  ContainerCondition,
  CPUArchitecture,
  DeviceCgroupPermission,
  EFSAuthorizationConfigIAM,
  EFSTransitEncryption,
  EnvironmentFileType,
  FirelensConfigurationType,
  IpcMode,
  LogDriver,
  OSFamily,
  PidMode,
  ResourceType,
  Scope,
  UlimitName,
  VersionConsistency,
} from '@aws-sdk/client-ecs';
import { type Input, oneOf } from './input.ts';

/**
 * The words that members of a task definition may have, with what holds them where the name alone could mean several:
 * https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_RegisterTaskDefinition.html
 */
const words: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  appProtocol: ApplicationProtocol,
  'dependsOn.condition': ContainerCondition,
  cpuArchitecture: CPUArchitecture,
  permissions: DeviceCgroupPermission,
  iam: EFSAuthorizationConfigIAM,
  transitEncryption: EFSTransitEncryption,
  'environmentFiles.type': EnvironmentFileType,
  'firelensConfiguration.type': FirelensConfigurationType,
  ipcMode: IpcMode,
  logDriver: LogDriver,
  operatingSystemFamily: OSFamily,
  pidMode: PidMode,
  'resourceRequirements.type': ResourceType,
  scope: Scope,
  'ulimits.name': UlimitName,
  versionConsistency: VersionConsistency,
};

/** Members that are maps of anything. */
const free = ['dockerLabels', 'options', 'driverOpts', 'labels'];

/** Throws InvalidParameterException for the first member of a task definition that has a word which AWS does not know. */
export function checkWords(holder: string, members: Input): void {
  for (const [name, value] of Object.entries(members)) {
    const known = words[`${holder}.${name}`] ?? words[name];
    for (const item of Array.isArray(value) ? value : [value]) {
      if (known) oneOf({ [name]: item }, name, Object.values(known));
      else if (typeof item === 'object' && item !== null && !free.includes(name)) checkWords(name, item);
    }
  }
}
